/** Switches of PyTorch's for the whole process: what may be traded for speed, and how often it warns. */
import { ArgumentError } from "../ir/errors.ts";
import { isPlainObject } from "./bind.ts";
import { withSite } from "./call.ts";
import { settings } from "./state.ts";

/**
 * Asks that denormal numbers become zero; gives whether the machine can do that, which neither WebAssembly nor
 * JavaScript can.
 * https://docs.pytorch.org/docs/stable/generated/torch.set_flush_denormal.html
 */
export const set_flush_denormal = (mode: boolean): boolean => withSite(() => flag("set_flush_denormal", mode) && false);

type DebugMode = "default" | "warn" | "error";
const debugModes: readonly DebugMode[] = ["default", "warn", "error"];
let debugMode: DebugMode = "default";
function setMode(mode: DebugMode): void {
  debugMode = mode;
  settings.deterministic = mode !== "default";
}

/**
 * Asks for algorithms that give the same bits each time. Each kernel does, for any number of threads; with the flag,
 * each size is given the same kernels each time, too: not those for many sizes when it is one of many, and its own when
 * it comes often, nor those that were the fastest when tried. Nothing is refused.
 * https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
 */
export function use_deterministic_algorithms(mode: boolean, options: { readonly warn_only?: boolean } = {}): void {
  withSite(() => {
    const warnOnly = isPlainObject(options) && (options.warn_only ?? false);
    setMode(flag("use_deterministic_algorithms", mode) ? (warnOnly ? "warn" : "error") : "default");
  });
}
/**
 * Whether algorithms that give the same bits were asked for.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.are_deterministic_algorithms_enabled.html
 */
export const are_deterministic_algorithms_enabled = (): boolean => settings.deterministic;
/**
 * Whether others were to be warned of only.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.is_deterministic_algorithms_warn_only_enabled.html
 */
export const is_deterministic_algorithms_warn_only_enabled = (): boolean => debugMode === "warn";

/** The same by name or number: 0 "default", 1 "warn", 2 "error". */
export function set_deterministic_debug_mode(debug_mode: number | DebugMode): void {
  withSite(() => {
    const mode = typeof debug_mode === "number" ? debugModes[debug_mode] : debug_mode;
    if (mode === undefined || !debugModes.includes(mode))
      throw new ArgumentError(
        "deterministic/debug-mode",
        `set_deterministic_debug_mode: invalid value of debug_mode, expected one of "default", "warn", "error" or 0, 1, 2, but got ${debug_mode}.`,
      );
    setMode(mode);
  });
}
/**
 * 0 "default", 1 "warn", 2 "error".
 * @see https://docs.pytorch.org/docs/stable/generated/torch.get_deterministic_debug_mode.html
 */
export const get_deterministic_debug_mode = (): number => debugModes.indexOf(debugMode);

export type MatmulPrecision = "highest" | "high" | "medium";
let matmulPrecision: MatmulPrecision = "highest";

/**
 * How exactly float32 matrices may be multiplied. All of these are permissions, of which none is used: products are
 * float32 throughout.
 * https://docs.pytorch.org/docs/stable/generated/torch.set_float32_matmul_precision.html
 */
export function set_float32_matmul_precision(precision: MatmulPrecision): void {
  withSite(() => {
    if (precision !== "highest" && precision !== "high" && precision !== "medium")
      throw new ArgumentError(
        "matmul-precision/unknown",
        `set_float32_matmul_precision: "${String(precision)}" is not one of "highest", "high", "medium".`,
      );
    matmulPrecision = precision;
  });
}
/**
 * What `set_float32_matmul_precision` was told.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.get_float32_matmul_precision.html
 */
export const get_float32_matmul_precision = (): MatmulPrecision => matmulPrecision;

/** Whether warnings that come once come each time. https://docs.pytorch.org/docs/stable/generated/torch.set_warn_always.html */
export function set_warn_always(b: boolean): void {
  withSite(() => (settings.warnAlways = flag("set_warn_always", b)));
}
/**
 * What `set_warn_always` was told.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.is_warn_always_enabled.html
 */
export const is_warn_always_enabled = (): boolean => settings.warnAlways;

function flag(operator: string, value: unknown): boolean {
  if (typeof value !== "boolean")
    throw new ArgumentError(`${operator}/mode`, `${operator}: argument must be a boolean, got ${typeof value}.`);
  return value;
}
