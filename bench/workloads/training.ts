/** Training steps: forward, backward and the optimizer's update as one compiled function. */
import * as torch from "../../frontend/index.ts";
import { input, type Case } from "./workload.ts";

const { nn } = torch;

/** What a step needs of an optimizer. */
export interface Optimizer {
  zero_grad(): void;
  step(): unknown;
}

/** Steps on one batch, the loss read after every one; the first five losses are the fingerprint. */
export function trainingSteps(
  device: string,
  batch: readonly [x: torch.Tensor, y: torch.Tensor],
  optimizer: Optimizer,
  lossOf: (x: torch.Tensor, y: torch.Tensor) => torch.Tensor,
): Case {
  const losses: number[] = [];
  const step = torch.compile((x: torch.Tensor, y: torch.Tensor) => {
    optimizer.zero_grad();
    const loss = lossOf(x, y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const keep = (loss: unknown): void => {
    if (losses.length < 5) losses.push(Number(loss));
  };
  const run = (): void | Promise<void> => {
    const loss = step(...batch);
    if (device === "webgpu") return loss.itemAsync().then(keep);
    keep(loss.item());
  };
  return {
    run,
    async check() {
      while (losses.length < 5) await run();
      return losses;
    },
    get statistics() {
      return step.statistics;
    },
  };
}

/** Gives a parameter the generated values of [inputs, outputs], uniform within `scale`. */
export function initialise(parameter: torch.Tensor, seed: number, scale: number): void {
  torch.no_grad(() => {
    const device = parameter.device.toString();
    // The values are those of x @ W; PyTorch's linear maps keep the transpose.
    const [outputs, inputs] = parameter.shape;
    if (parameter.ndim === 2) parameter.copy_(input(device, seed, [inputs!, outputs!], { scale }).t());
    else parameter.copy_(input(device, seed, parameter.shape, { scale }));
  });
}

/** A linear map with generated weights, 1/sqrt(inputs) at most, and biases of zero. */
export function linear(device: string, seed: number, inputs: number, outputs: number): InstanceType<typeof nn.Linear> {
  const layer = new nn.Linear(inputs, outputs, { device });
  initialise(layer.weight, seed, 1 / Math.sqrt(inputs));
  torch.no_grad(() => layer.bias!.zero_());
  return layer;
}
