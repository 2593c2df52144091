/// <reference lib="esnext.disposable" preserve="true" />
/** Switching gradient recording off and on, for a function call or a scope. */
import { AutogradError } from "../ir/errors.ts";
import { graph } from "./state.ts";

/** Runs with gradients recorded or not, and restores the mode whatever happens. */
export function withGradMode<T>(enabled: boolean, run: () => T): T {
  const before = graph.gradEnabled;
  graph.gradEnabled = enabled;
  try {
    return run();
  } finally {
    graph.gradEnabled = before;
  }
}

let asyncScopes = 0;

/** A mode that lasts until it is disposed of: `using mode = torch.no_grad()`. */
export class GradModeScope implements Disposable {
  private readonly before: boolean;
  constructor(enabled: boolean) {
    this.before = graph.gradEnabled;
    graph.gradEnabled = enabled;
  }
  [Symbol.dispose](): void {
    graph.gradEnabled = this.before;
  }
}

interface ModeFunction {
  /** Runs `body` in this mode; an async one until its promise settles. */
  <T>(body: () => T): T;
  (): GradModeScope;
}

function modeFunction(name: string, enabled: boolean): ModeFunction {
  return <T>(body?: () => T): T | GradModeScope => {
    if (body === undefined) return new GradModeScope(enabled);
    const before = graph.gradEnabled;
    graph.gradEnabled = enabled;
    let result: T;
    try {
      result = body();
    } catch (error) {
      graph.gradEnabled = before;
      throw error;
    }
    if (!(result instanceof Promise)) {
      graph.gradEnabled = before;
      return result;
    }
    if (asyncScopes > 0) {
      graph.gradEnabled = before;
      throw new AutogradError(
        "grad-mode/overlap",
        `${name}: another async scope is still running; overlapping ones would change each other's mode.`,
        "Await the first one, or use synchronous functions.",
      );
    }
    asyncScopes++;
    return result.finally(() => {
      asyncScopes--;
      graph.gradEnabled = before;
    }) as T;
  };
}

/** Operations inside are not recorded for gradients. https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html */
export const no_grad = modeFunction("no_grad", false);
/** Recording inside, also within no_grad. */
export const enable_grad = modeFunction("enable_grad", true);

/** Sets the mode for a body, or from here on. */
export function set_grad_enabled(mode: boolean): GradModeScope;
export function set_grad_enabled<T>(mode: boolean, body: () => T): T;
export function set_grad_enabled<T>(mode: boolean, body?: () => T): T | GradModeScope {
  const scope = mode ? enable_grad : no_grad;
  return body === undefined ? scope() : scope(body);
}

/** As no_grad. */
export function inference_mode<T>(body: () => T): T;
export function inference_mode(mode?: boolean): GradModeScope;
export function inference_mode<T>(mode: boolean, body: () => T): T;
export function inference_mode<T>(first: boolean | (() => T) = true, body?: () => T): T | GradModeScope {
  if (typeof first === "function") return no_grad(first);
  return body === undefined
    ? new GradModeScope(first ? false : graph.gradEnabled)
    : withGradMode(first ? false : graph.gradEnabled, body);
}

export const is_grad_enabled = (): boolean => graph.gradEnabled;
