/** Training: every step is one compiled program, replayed. */
import * as torch from "cresset";
import type { Digits } from "./data.ts";
import { Net } from "./model.ts";
import type { Progress } from "./progress.ts";

const { optim } = torch;
const { functional: F } = torch.nn;

export interface TrainingOptions {
  readonly device: string;
  readonly epochs: number;
  readonly seed: number;
  readonly dropout: boolean;
  readonly onStep: (progress: Progress) => void;
  readonly onEpoch: (progress: Progress) => void;
}

export interface Training {
  readonly model: Net;
  /** Of each step. */
  readonly losses: readonly number[];
  /** Of the held-out images, after each epoch. */
  readonly accuracies: readonly number[];
  /** Classes read into the held-out images at the end. */
  readonly predictions: readonly number[];
  /** Of training steps alone, the compiling first ones left out. */
  readonly stepsPerSecond: number;
  readonly statistics: torch.CompiledFunction<unknown[], unknown>["statistics"];
}

const batchSize = 64;
const dropoutRate = 0.1;

export async function train(training: Digits, heldOut: Digits, options: TrainingOptions): Promise<Training> {
  const { device, epochs, seed, dropout } = options;
  torch.manual_seed(seed);
  // Drawn on the CPU and moved: every device starts from the same weights.
  const model = new Net(dropout ? dropoutRate : 0).to(device);
  const optimizer = new optim.AdamW(model.parameters(), { lr: 5e-3 });
  const scheduler = new optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs);

  const step = torch.compile((x: torch.Tensor, y: torch.Tensor) => {
    optimizer.zero_grad();
    const loss = F.cross_entropy(model(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const predict = torch.compile((x: torch.Tensor) => torch.no_grad(() => model(x).argmax(1)));

  const dataset = new torch.utils.data.TensorDataset(training.images, training.labels);
  // Its own generator: dropout draws from another one, and not the same number on every device.
  const generator = new torch.Generator().manual_seed(seed);
  const loader = new torch.utils.data.DataLoader(dataset, { batch_size: batchSize, shuffle: true, generator });
  const heldOutImages = heldOut.images.to(device);
  const labels = heldOut.labels.tolist() as number[];

  const losses: number[] = [];
  const accuracies: number[] = [];
  let predictions: number[] = [];
  let timedSteps = 0;
  let timedMs = 0;
  const steps = epochs * loader.length;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    model.train();
    for await (const [x, y] of loader) {
      const compiled = step.statistics.compileCount;
      const start = performance.now();
      const loss = Number(await step(x.to(device), y.to(device)).itemAsync());
      if (step.statistics.compileCount === compiled) {
        timedMs += performance.now() - start;
        timedSteps++;
      }
      losses.push(loss);
      options.onStep({ step: losses.length, steps, epoch, epochs, loss, accuracy: accuracies.at(-1) ?? null });
    }
    scheduler.step(); // changes a number, compiles nothing
    model.eval();
    predictions = (await predict(heldOutImages).tolistAsync()) as number[];
    accuracies.push(predictions.filter((predicted, i) => predicted === labels[i]).length / labels.length);
    const ofEpoch = losses.slice(-loader.length);
    const loss = ofEpoch.reduce((sum, value) => sum + value, 0) / ofEpoch.length;
    options.onEpoch({ step: losses.length, steps, epoch, epochs, loss, accuracy: accuracies.at(-1)! });
  }
  return {
    model,
    losses,
    accuracies,
    predictions,
    stepsPerSecond: (1000 * timedSteps) / timedMs,
    statistics: step.statistics,
  };
}
