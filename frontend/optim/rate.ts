/** Learning rates that are tensors: what such a one holds at a step is the rate of that step. */
import { ValueError } from "../../ir/errors.ts";
import { typedView } from "../../runtime/typed-array.ts";
import { withSite } from "../call.ts";
import { withGradMode } from "../grad-mode.ts";
import { isOwnWork } from "../host-effects.ts";
import { scalarOf } from "../element-values.ts";
import { recorder } from "../recorder.ts";
import { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";
import { behindMarkers, valueOf } from "../value.ts";

export type Rate = number | Tensor;

const isNoNegative = (lr: number): boolean => lr >= 0;
/** @throws ValueError for what is no rate */
export function requireRate(lr: Rate, isValid = isNoNegative): void {
  withSite(() => {
    if (lr instanceof Tensor && lr.numel() !== 1)
      throw new ValueError("optimizer/rate", "Tensor lr must be 1-element.", "Give groups of parameters their own lr.");
    const number = numberOf(lr);
    if (!isValid(number)) throw new ValueError("optimizer/value", `Invalid learning rate: ${number}.`);
  });
}

/** Reads it beside what is being recorded, which a flush would compute. */
function numberOf(lr: Rate): number {
  if (!(lr instanceof Tensor)) return lr;
  const { device } = lr.storage_;
  const node = behindMarkers(lr.node_());
  // What a compiled function has written itself, no replay can read before it runs.
  if (valueOf(node) === null) traceObserver()?.valueRead();
  const value = valueOf(node) ?? recorder.compute(node, device);
  value.check();
  return Number(scalarOf(typedView(lr.type_, device.readSync(value.memory())), lr.type_, 0, {}));
}

const tensors = new WeakMap<object, Tensor>();

/** What an object's rate is: the tensor, where its `lr` is that one's number. */
export const rateOf = (owner: { readonly lr: number }): Rate => tensors.get(owner) ?? owner.lr;

/** An object whose `lr` is a number: the tensor's now, and what it is set to is written there. */
export function withRate<T extends { lr: Rate }>(owner: T): T & { lr: number } {
  const { lr } = owner;
  if (lr instanceof Tensor) {
    tensors.set(owner, lr);
    Object.defineProperty(owner, "lr", {
      enumerable: true,
      configurable: true,
      get: () => {
        if (!isOwnWork()) traceObserver()?.valueRead();
        return numberOf(lr);
      },
      set(number: number) {
        traceObserver()?.valueRead();
        withGradMode(false, () => void lr.fill_(number));
      },
    });
  }
  return owner as T & { lr: number };
}
