/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `torch.autograd.detect_anomaly`: while it is on, operators remember the line that recorded them, and a backward pass
 * that fails or gives NaN says which operator it was and where that line is. Slow, for debugging.
 * https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection
 */
import { AutogradError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Device } from "../runtime/device.ts";
import { bodyUnderWay } from "./body-scope.ts";
import { gradientFunction } from "./grad-fn.ts";
import { recorder } from "./recorder.ts";
import { operationOf } from "./operations.ts";
import { anomaly, backwardWatch, type AnomalyWatch } from "./saved-values.ts";
import { Scope, scoped } from "./scope.ts";
import { graph } from "./state.ts";
import { traceObserver } from "./trace.ts";
import { withGradMode } from "./grad-mode.ts";

interface AnomalyOptions {
  /** Whether NaN in a gradient is an error. */
  readonly check_nan?: boolean;
}

/** Switches detection, and gives what switches it back. */
function switched(enabled: boolean, checkNan: boolean): () => void {
  const before = { ...anomaly };
  backwardWatch.provide(() => new Watch());
  Object.assign(anomaly, { enabled, checkNan });
  return () => void Object.assign(anomaly, before);
}

/** Detects anomalies in what `body` records and differentiates; without a body, until the scope is disposed of. */
export function detect_anomaly(options?: AnomalyOptions): Disposable;
export function detect_anomaly<T>(body: () => T, options?: AnomalyOptions): T;
export function detect_anomaly<T>(first?: (() => T) | AnomalyOptions, second?: AnomalyOptions): T | Disposable {
  const body = typeof first === "function" ? first : null;
  const { check_nan = true } = (body === null ? (first as AnomalyOptions | undefined) : second) ?? {};
  return scoped(switched(true, check_nan), body ?? undefined);
}

/** Switches detection on or off from here on, or until the scope is disposed of. */
export function set_detect_anomaly(mode: boolean, check_nan: boolean | AnomalyOptions = true): Disposable {
  return new Scope(switched(mode, typeof check_nan === "boolean" ? check_nan : (check_nan.check_nan ?? true)));
}
/** Switches detection on or off. https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly */
export const set_anomaly_enabled = (enabled: boolean, check_nan = true): void => void switched(enabled, check_nan);
/** Whether anomalies are being looked for. */
export const is_anomaly_enabled = (): boolean => anomaly.enabled;
/** Whether NaN is one. */
export const is_anomaly_check_nan_enabled = (): boolean => anomaly.checkNan;

/** Follows one backward pass. */
class Watch implements AnomalyWatch {
  private current: Node | null = null;

  entering(node: Node): void {
    this.current = node;
  }

  /** States that the gradients which leave an operator hold no NaN. */
  left(node: Node, produced: readonly (Node | null)[]): readonly (Node | null)[] {
    if (!anomaly.checkNan) return produced;
    const operation = operationOf(node);
    const inputs = operation === null ? node.inputs : [...operation.inputs];
    const name = gradientFunction(node).name();
    const line = forwardLine(node);
    return produced.map((grad, i) => {
      // What an operator's own steps hand each other is nobody's business.
      const place = inputs.indexOf(node.inputs[i]!);
      if (grad === null || place < 0) return grad;
      return graph.refuseWhere(
        grad,
        () => withGradMode(false, () => graph.isNaN(grad)),
        () =>
          new AutogradError(
            "anomaly/nan",
            `backward: Function '${name}' returned nan values in its ${place}th output.${line}`,
          ),
      );
    });
  }

  /** An error of a backward rule, such as a user's: tells where the operator was called. */
  failed(error: unknown): void {
    if (!(error instanceof Error) || this.current === null || error.message.includes(forward)) return;
    error.message += `\n  Error detected in ${gradientFunction(this.current).name()}.${forwardLine(this.current)}`;
  }

  /**
   * Gradients are computed at once, so that NaN is found by the call that made it, where a device allows that; while a
   * body is recorded, they are computed with what it is part of.
   */
  settle(results: readonly (Node | null)[], device: Device): void {
    if (!device.synchronous || traceObserver() !== null || bodyUnderWay() !== null) return;
    recorder.flush(
      results.flatMap((node) => (node === null ? [] : [{ node, hint: "escapes" as const }])),
      device,
    );
  }
}

const forward = "Traceback of forward call that caused the error:";
function forwardLine(node: Node): string {
  const site = operationOf(node)?.site?.() ?? null;
  return ` ${forward} ${site ?? "unknown, since detection was off then"}.`;
}
