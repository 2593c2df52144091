/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `torch.autograd.profiler`: the older names of `torch.profiler`, and marks for the profilers of browsers.
 * https://docs.pytorch.org/docs/stable/autograd.html#profiler
 */
import { NotImplementedError } from "../ir/errors.ts";
import { profile as start, type profile as Profile, type ProfileOptions } from "./profiler.ts";
import { scoped, type Scope } from "./scope.ts";
import { withSite } from "./site.ts";
import { watchRuns } from "./watch-runs.ts";

export { record_function } from "./profiler.ts";

export interface AutogradProfileOptions extends ProfileOptions {
  /** false: nothing is measured. */
  readonly enabled?: boolean;
}

/**
 * Measures what runs in `body`, or until it is disposed of, and gives its profile: see `torch.profiler.profile`.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.profiler.profile.html
 */
export function profile(options?: AutogradProfileOptions): Profile;
export function profile(body: (prof: Profile) => Promise<unknown>): Promise<Profile>;
export function profile(body: (prof: Profile) => unknown): Profile;
export function profile(options: AutogradProfileOptions, body: (prof: Profile) => Promise<unknown>): Promise<Profile>;
export function profile(options: AutogradProfileOptions, body: (prof: Profile) => unknown): Profile;
export function profile(
  first: AutogradProfileOptions | ((prof: Profile) => unknown) = {},
  second?: (prof: Profile) => unknown,
): Profile | Promise<Profile> {
  const [options, body] = typeof first === "function" ? [{}, first] : [first, second];
  const measured = (prof: Profile): unknown => {
    if (options.enabled === false) prof.stop();
    return body?.(prof);
  };
  if (body !== undefined) return start(options, measured);
  const prof = start(options);
  return options.enabled === false ? prof.stop() : prof;
}

export interface EmitOptions {
  readonly enabled?: boolean;
  /** Names the operands with each kernel. */
  readonly record_shapes?: boolean;
}

/**
 * Marks every kernel that runs inside in the host's own timeline (`performance.measure`), where a browser's profiler and
 * Node's `PerformanceObserver` show them: what ranges of NVTX are to NVIDIA's. Of programs on CPU devices.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.profiler.emit_nvtx.html
 */
export function emit_nvtx(options?: EmitOptions): Scope;
export function emit_nvtx<T>(body: () => T): T;
export function emit_nvtx<T>(options: EmitOptions, body: () => T): T;
export function emit_nvtx<T>(first: EmitOptions | (() => T) = {}, second?: () => T): T | Scope {
  const [options, body] = typeof first === "function" ? [{}, first] : [first, second];
  const { enabled = true, record_shapes = false } = options;
  const stop = enabled
    ? watchRuns((_program, times) => {
        for (const { name, startMs, ms, shapes } of times) {
          const detail = record_shapes ? { shapes } : null;
          performance.measure(name, { start: startMs, duration: ms, detail });
        }
      })
    : (): void => {};
  return scoped(stop, body);
}

/**
 * Reads a file of NVIDIA's profiler: there is none here.
 * @throws NotImplementedError always
 */
export function load_nvprof(path: string): never {
  return withSite(() => {
    throw new NotImplementedError(
      "profiler/nvprof",
      `load_nvprof: ${path} would be a file of NVIDIA's nvprof, which sees nothing of WebAssembly, JavaScript or WebGPU.`,
      "torch.profiler.profile() measures kernels, and export_chrome_trace() writes them for https://ui.perfetto.dev.",
    );
  });
}
