/// <reference lib="esnext.disposable" preserve="true" />
/** What holds while a function runs, or until a scope is disposed of. */

/** Runs `body`, an asynchronous one until its promise settles, and then `restore`, whatever happens. */
export function during<T>(body: () => T, restore: () => void): T {
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

/** What has been switched on until this is disposed of: `using mode = torch.no_grad()`. */
export class Scope implements Disposable {
  private restore: (() => void) | null;
  constructor(restore: () => void) {
    this.restore = restore;
  }
  /** Again it does nothing. */
  [Symbol.dispose](): void {
    const { restore } = this;
    this.restore = null;
    restore?.();
  }
}

/** For what has just been switched on: until `body` is done, or without one until the scope is disposed of. */
export function scoped<T>(restore: () => void, body: (() => T) | undefined): T | Scope {
  return body === undefined ? new Scope(restore) : during(body, restore);
}
