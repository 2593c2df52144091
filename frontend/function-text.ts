/** The source of functions, of those too that another one stands for. */
type AnyFunction = (...args: never[]) => unknown;

const originals = new WeakMap<AnyFunction, AnyFunction>();

/** `stand` is called in the place of `original`, and looks like it. */
export function standIn(stand: AnyFunction, original: AnyFunction): void {
  originals.set(stand, original);
  for (const name of ["name", "length"] as const)
    Object.defineProperty(stand, name, { value: original[name], configurable: true });
}

export const textOf = (fn: AnyFunction): string => Function.prototype.toString.call(originals.get(fn) ?? fn);
