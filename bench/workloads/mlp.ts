/** W5 and W10: networks of linear layers. */
import * as torch from "../../frontend/index.ts";
import { linear, trainingSteps, type Optimizer } from "./training.ts";
import { completed, input, integerInput, type Workload } from "./workload.ts";

const { nn, optim } = torch;
const { functional: F } = nn;

/** A training step of 784-512-256-10 on a batch of 64. */
const mlp = (name: string, makeOptimizer: (parameters: torch.nn.Parameter[]) => Optimizer): Workload => ({
  id: `W5_mlp_${name}`,
  flops: 154_075_136,
  prepare(device) {
    const model = new nn.Sequential(
      linear(device, 501, 784, 512),
      new nn.ReLU(),
      linear(device, 502, 512, 256),
      new nn.ReLU(),
      linear(device, 503, 256, 10),
    );
    const x = input(device, 500, [64, 784], { positive: true });
    const y = integerInput(device, 499, [64], 10);
    return trainingSteps(device, [x, y], makeOptimizer(model.parameters()), (images, labels) =>
      F.cross_entropy(model(images), labels),
    );
  },
});

const tinySteps = 100;

/** A hundred steps of 2-16-16-1 on a batch of 32: what a step costs besides arithmetic. */
const tiny: Workload = {
  id: "W10_tiny",
  repetitions: tinySteps,
  prepare(device) {
    const model = new nn.Sequential(
      linear(device, 1002, 2, 16),
      new nn.Tanh(),
      linear(device, 1003, 16, 16),
      new nn.Tanh(),
      linear(device, 1004, 16, 1),
    );
    const x = input(device, 1000, [32, 2]);
    const y = input(device, 1001, [32, 1]);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const step = torch.compile((inputs: torch.Tensor, targets: torch.Tensor) => {
      optimizer.zero_grad();
      const loss = F.mse_loss(model(inputs), targets);
      loss.backward();
      optimizer.step();
      return loss;
    });
    let firstLoss: number | null = null;
    return {
      async run() {
        let loss = step(x, y);
        for (let i = 1; i < tinySteps; i++) loss = step(x, y);
        const value = Number(await loss.itemAsync());
        firstLoss ??= value;
        await completed(device);
      },
      check: async () => (firstLoss === null ? [] : [firstLoss]),
      get statistics() {
        return step.statistics;
      },
    };
  },
};

export const mlpWorkloads: readonly Workload[] = [
  mlp("sgdm", (parameters) => new optim.SGD(parameters, { lr: 0.01, momentum: 0.9 })),
  mlp("adam", (parameters) => new optim.Adam(parameters, { lr: 1e-3 })),
];
export const tinyWorkload = tiny;
