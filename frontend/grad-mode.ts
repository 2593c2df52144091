/// <reference lib="esnext.disposable" preserve="true" />
/** Switching gradient recording off and on, for a function call or a scope. */
import { ArgumentError, AutogradError } from "../ir/errors.ts";
import { inference } from "./inference.ts";
import { during, Scope } from "./scope.ts";
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

interface Mode {
  readonly gradEnabled: boolean;
  readonly inference: boolean;
}

/** Changes the mode, and gives what changes it back. */
function switched(mode: Mode): () => void {
  const before: Mode = { gradEnabled: graph.gradEnabled, inference: inference.enabled };
  const set = (to: Mode): void => {
    graph.gradEnabled = to.gradEnabled;
    inference.enabled = to.inference;
  };
  set(mode);
  return () => set(before);
}

let asyncScopes = 0;

/** Runs `body` in a mode, an async one until its promise settles. */
function inMode<T>(name: string, mode: Mode, body: () => T): T {
  const restore = switched(mode);
  let isAsync = false;
  const watched = (): T => {
    const result = body();
    if (!(result instanceof Promise)) return result;
    if (asyncScopes > 0)
      throw new AutogradError(
        "grad-mode/overlap",
        `${name}: another async scope is still running; overlapping ones would change each other's mode.`,
        "Await the first one, or use synchronous functions.",
      );
    asyncScopes++;
    isAsync = true;
    return result;
  };
  return during(watched, () => {
    if (isAsync) asyncScopes--;
    restore();
  });
}

/** @throws ArgumentError for what is no function */
function requireBody(name: string, body: unknown): void {
  if (body !== undefined && typeof body !== "function")
    throw new ArgumentError(`${name}/body`, `${name}: takes a function to run in the mode, got ${typeof body}.`);
}

interface ModeFunction {
  /** Runs `body` in this mode; an async one until its promise settles. */
  <T>(body: () => T): T;
  (): Scope;
}

function modeFunction(name: string, gradEnabled: boolean): ModeFunction {
  return <T>(body?: () => T): T | Scope => {
    requireBody(name, body);
    const mode = { gradEnabled, inference: inference.enabled };
    return body === undefined ? new Scope(switched(mode)) : inMode(name, mode, body);
  };
}

/** Operations inside are not recorded for gradients. https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html */
export const no_grad = modeFunction("no_grad", false);
/** Recording inside, also within no_grad. https://docs.pytorch.org/docs/stable/generated/torch.enable_grad.html */
export const enable_grad = modeFunction("enable_grad", true);

/** Sets the mode for a body, or from here on. */
export function set_grad_enabled(mode: boolean): Scope;
export function set_grad_enabled<T>(mode: boolean, body: () => T): T;
export function set_grad_enabled<T>(mode: boolean, body?: () => T): T | Scope {
  if (typeof mode !== "boolean")
    throw new ArgumentError(
      "set_grad_enabled/mode",
      `set_grad_enabled: argument 'mode' must be bool, not ${typeof mode}.`,
    );
  const scope = mode ? enable_grad : no_grad;
  return body === undefined ? scope() : scope(body);
}

/**
 * As no_grad; and tensors made inside stay out of gradients for good: they may not be saved for a backward pass, nor
 * written outside. `inference_mode(false)` inside is normal mode.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
 */
export function inference_mode<T>(body: () => T): T;
export function inference_mode(mode?: boolean): Scope;
export function inference_mode<T>(mode: boolean, body: () => T): T;
export function inference_mode<T>(first: boolean | (() => T) = true, second?: () => T): T | Scope {
  const [on, body] = typeof first === "function" ? [true, first] : [first, second];
  if (typeof on !== "boolean")
    throw new ArgumentError("inference_mode/mode", `inference_mode: argument 'mode' must be bool, not ${typeof on}.`);
  requireBody("inference_mode", body);
  const mode = { gradEnabled: !on, inference: on };
  return body === undefined ? new Scope(switched(mode)) : inMode("inference_mode", mode, body);
}

/**
 * Whether operations are recorded for gradients.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.is_grad_enabled.html
 */
export const is_grad_enabled = (): boolean => graph.gradEnabled;
/** https://docs.pytorch.org/docs/stable/generated/torch.is_inference_mode_enabled.html */
export const is_inference_mode_enabled = (): boolean => inference.enabled;
