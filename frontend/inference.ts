/**
 * Tensors made in `inference_mode`: they never take part in gradients.
 * https://docs.pytorch.org/docs/stable/notes/autograd.html#inference-mode
 */
import { AutogradError } from "../ir/errors.ts";

/** Whether `inference_mode` is on. */
export const inference = { enabled: false };

const cure = "clone() it outside to get a normal tensor, or use no_grad().";

/** @throws AutogradError for a write to an inference tensor outside of inference_mode */
export function refuseInferenceWrite(operator: string, description: string): void {
  if (inference.enabled) return;
  throw new AutogradError(
    "inference/write",
    `${operator}: Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details: got ${description}.`,
    cure,
  );
}

/** @throws AutogradError */
export function refuseInferenceGrad(): void {
  if (inference.enabled) return;
  throw new AutogradError(
    "inference/requires-grad",
    "requires_grad_: Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.",
    cure,
  );
}

export const savedInferenceError = (operator: string, description: string): AutogradError =>
  new AutogradError(
    "inference/saved",
    `${operator}: Inference tensors cannot be saved for backward, got ${description}. Please do not use Tensors created in inference mode in computation tracked by autograd.`,
    cure,
  );

export const versionError = (): AutogradError =>
  new AutogradError("inference/version", "_version: Inference tensors do not track version counter.", cure);
