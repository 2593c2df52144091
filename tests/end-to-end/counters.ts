/**
 * Compilations counted from outside: every WebAssembly.Module, Function and compute pipeline that is made in this
 * process. Import this before the library.
 */
export const made = { modules: 0, functions: 0, pipelines: 0 };
export const compilations = (): number => made.modules + made.functions + made.pipelines;

globalThis.WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(target, args: [BufferSource]) {
    made.modules++;
    return Reflect.construct(target, args);
  },
});
const { compile } = WebAssembly;
WebAssembly.compile = (...args) => {
  made.modules++;
  return compile(...args);
};
globalThis.Function = new Proxy(Function, {
  construct(target, args: string[]) {
    made.functions++;
    return Reflect.construct(target, args);
  },
});

/** Counts on a GPU device too; called with any GPUDevice, it wraps the prototype that all share. */
export function countPipelines(device: object): void {
  const prototype = Object.getPrototypeOf(device) as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["createComputePipeline", "createComputePipelineAsync"]) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
      made.pipelines++;
      return Reflect.apply(original, this, args);
    };
  }
}
