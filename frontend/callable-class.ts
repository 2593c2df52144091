/** Classes that Python code makes instances of by calling them: `torch.device("cpu")` beside `new torch.device("cpu")`. */

type Class<A extends unknown[], T> = new (...args: A) => T;
export type CallableClass<C> = C extends Class<infer A, infer T> ? C & ((...args: A) => T) : never;

/** The class itself, which may also be called. */
export const callableClass = <C extends Class<never, object>>(base: C): CallableClass<C> =>
  new Proxy(base, {
    apply: (_target, _self, args: unknown[]): object =>
      Reflect.construct(base as unknown as new (...args: unknown[]) => object, args),
  }) as unknown as CallableClass<C>;
