/** Writing traces to files, where there are any. */
import { ArgumentError } from "../../ir/errors.ts";

interface Builtins {
  "node:fs": {
    writeFileSync(path: string, data: string | Uint8Array): void;
    mkdirSync(path: string, options: { recursive: true }): void;
  };
  "node:zlib": { gzipSync(text: string): Uint8Array };
  "node:os": { hostname(): string };
}
interface Host {
  readonly pid?: number;
  getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name];
}
const host = (): Host | undefined => (globalThis as { process?: Host }).process;

function builtin<Name extends keyof Builtins>(name: Name, operator: string): Builtins[Name] {
  const found = host()?.getBuiltinModule?.(name);
  if (found !== undefined) return found;
  throw new ArgumentError(
    "profiler/no-files",
    `${operator}: there are no files here`,
    "Take the object that chrome_trace() returns, and keep it as JSON.",
  );
}

/** Compressed where the name ends in `.gz`. */
export function writeTrace(path: string, text: string): void {
  const files = builtin("node:fs", "export_chrome_trace");
  const isPacked = path.endsWith(".gz");
  files.writeFileSync(path, isPacked ? builtin("node:zlib", "export_chrome_trace").gzipSync(text) : text);
}

export interface TraceHandlerOptions {
  /** Said once for each process that writes there; by itself `[host]_[process]`. */
  readonly worker_name?: string | null;
  readonly use_gzip?: boolean;
}

/** What gives its trace. */
interface Traced {
  export_chrome_trace(path: string): void;
}

/**
 * For `on_trace_ready`: writes each trace into a folder under a name of its own, as TensorBoard looks for them. Perfetto
 * and Chrome open the same files.
 * @see https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.tensorboard_trace_handler
 */
export function tensorboard_trace_handler(
  dir_name: string,
  worker_name: string | null | TraceHandlerOptions = null,
  use_gzip = false,
): (prof: Traced) => void {
  const named = typeof worker_name === "object" && worker_name !== null ? worker_name : { worker_name, use_gzip };
  return (prof) => {
    const operator = "tensorboard_trace_handler";
    builtin("node:fs", operator).mkdirSync(dir_name, { recursive: true });
    const worker = named.worker_name ?? `${builtin("node:os", operator).hostname()}_${host()!.pid}`;
    const now = Math.round((performance.timeOrigin + performance.now()) * 1e6);
    prof.export_chrome_trace(`${dir_name}/${worker}.${now}.pt.trace.json${named.use_gzip === true ? ".gz" : ""}`);
  };
}
