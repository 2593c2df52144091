/** A small network trained on the WebAssembly device: what a small application weighs. */
import { manual_seed, no_grad, randn } from "../../frontend/core.ts";
import * as functional from "../../frontend/functional.ts";
import * as nn from "../../frontend/nn/index.ts";

manual_seed(0);
const model = new nn.Sequential(new nn.Linear(4, 16), new nn.ReLU(), new nn.Linear(16, 1));
const inputs = randn(32, 4);
const targets = inputs.sum(1, { keepdim: true });

export function train(steps: number): number {
  let last = 0;
  for (let step = 0; step < steps; step++) {
    const loss = functional.mse_loss(model(inputs), targets);
    loss.backward();
    no_grad(() => {
      for (const parameter of model.parameters()) parameter.sub_(parameter.grad!.mul(0.05)).grad = null;
    });
    last = Number(loss.item());
  }
  return last;
}
