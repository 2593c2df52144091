/**
 * Trains a GPT of four layers on a text, character by character, and lets it write.
 *
 * npx tsx --conditions=source examples/gpt.ts [file] [--device cpu|cpu:js|webgpu] [--steps N] [--seed N] [--check]
 *
 * The text is this project's documentation unless a file is named. --check first compares the losses of 20 steps with
 * those of the same steps without torch.compile, and in plain JavaScript.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as torch from "cresset";
import { Gpt, gptOptimizer } from "./gpt/model.ts";
import { allBatches, Corpus, documentation, randomBatches, windows, type Batch } from "./gpt/text.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "cpu" },
    steps: { type: "string", default: "400" },
    seed: { type: "string", default: "0" },
    check: { type: "boolean", default: false },
  },
});
const { device } = values;
const steps = Number(values.steps);
const seed = Number(values.seed);
const batch = 12;
const block = 64;
const learningRate = 1e-3;
const checkedSteps = 20;
const tolerance = 1e-3;

if (device === "webgpu") await torch.webgpu.init();
const corpus = new Corpus(positionals[0] === undefined ? documentation() : readFileSync(positionals[0], "utf8"));
const size = corpus.training.length + corpus.heldOut.length;
console.log(
  `${size} characters, ${corpus.alphabet.length} different; unigram entropy ${corpus.unigramEntropy.toFixed(3)} nats`,
);
if (values.check) await check();
await report(await trainAndReport());

interface Run {
  readonly model: Gpt;
  readonly step: (...given: Batch) => torch.Tensor;
  readonly batches: Generator<Batch, never>;
}

/** A fresh model and its training step; equal seeds give equal models and batches on all devices. */
function start(on: string, compiled: boolean): Run {
  torch.manual_seed(seed);
  const model = new Gpt({ vocabulary: corpus.alphabet.length, block, layers: 4, heads: 4, width: 128 }).to(on);
  const optimizer = gptOptimizer(model, learningRate);
  const step = (tokens: torch.Tensor, targets: torch.Tensor): torch.Tensor => {
    optimizer.zero_grad();
    const loss = model.loss(tokens, targets);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const batches = randomBatches(corpus.training, { batch, block, seed, device: on });
  return { model, step: compiled ? torch.compile(step) : step, batches };
}

async function firstLosses(on: string, compiled: boolean): Promise<number[]> {
  const { step, batches } = start(on, compiled);
  const losses: number[] = [];
  while (losses.length < checkedSteps) losses.push(Number(await step(...batches.next().value).itemAsync()));
  return losses;
}

async function check(): Promise<void> {
  const expected = await firstLosses(device, true);
  for (const [name, on] of [
    ["recorded each step", device],
    ["in JavaScript", "cpu:js"],
  ] as const) {
    const losses = await firstLosses(on, false);
    const difference = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]!) / expected[i]!));
    console.log(`${name}: ${checkedSteps} losses within ${difference.toExponential(1)} of the compiled ones`);
    if (!(difference <= tolerance)) throw new Error(`${name}: the losses differ by more than ${tolerance}.`);
  }
}

async function trainAndReport(): Promise<Gpt> {
  const { model, step, batches } = start(device, true);
  const started = performance.now();
  for (let i = 1; i <= steps; i++) {
    const loss = Number(await step(...batches.next().value).itemAsync());
    if (i % 50 !== 0 && i !== 1) continue;
    const seconds = (performance.now() - started) / 1000;
    console.log(`step ${String(i).padStart(5)}  loss ${loss.toFixed(3)}  ${seconds.toFixed(1)} s`);
  }
  return model;
}

async function report(model: Gpt): Promise<void> {
  model.eval();
  const evaluate = torch.compile((...given: [torch.Tensor, torch.Tensor]) => torch.no_grad(() => model.loss(...given)));
  let sum = 0;
  let count = 0;
  for (const given of allBatches(corpus.heldOut, { batch, block, device })) {
    sum += Number(await evaluate(...given).itemAsync());
    count++;
  }
  const heldOutLoss = sum / count;
  const gain = corpus.unigramEntropy - heldOutLoss;
  console.log(`held-out loss ${heldOutLoss.toFixed(3)} nats: ${gain.toFixed(3)} below the unigram entropy`);
  console.log(`\n${await write(model, 400)}`);
}

/** Continues the first held-out characters. */
async function write(model: Gpt, length: number): Promise<string> {
  const temperature = 0.8;
  const scores = torch.compile((tokens: torch.Tensor) =>
    torch.no_grad(() =>
      model(tokens)
        .select(1, block - 1)
        .div(temperature)
        .softmax(-1),
    ),
  );
  const written = [...corpus.heldOut.subarray(0, block)];
  while (written.length < block + length) {
    const [context] = windows(Int32Array.from([...written, 0]), [written.length - block], block, device);
    const chances = torch.tensor(await scores(context).tolistAsync());
    written.push(Number(torch.multinomial(chances, 1).item()));
  }
  return corpus.decode(written);
}
