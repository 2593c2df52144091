/**
 * `npm start`: trains a small convolutional network on handwritten digits, reports what the compiler made of it, and
 * exports the trained model as a module that needs neither this library nor `eval`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import * as torch from "cresset";
import { classes, loadDigits } from "./digits/data.ts";
import { parseOptions, usage, type Options } from "./digits/options.ts";
import { percent, ProgressLine } from "./digits/progress.ts";
import { renderReport } from "./digits/report.ts";
import { train } from "./digits/train.ts";

const folder = path.join("out", "digits");
const exportTargets: Readonly<Record<string, "js" | "wasm" | "webgpu">> = {
  "cpu:js": "js",
  cpu: "wasm",
  webgpu: "webgpu",
};

let options: Options | null = null;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 1;
}
if (options?.help === true) console.log(usage);
else if (options !== null) await main(options);

async function main({ device, epochs, seed, dropout, json }: Options): Promise<void> {
  if (device === "webgpu") await torch.webgpu.init();
  const { training, heldOut } = loadDigits();
  const heldOutCount = heldOut.labels.numel();
  const subtitle = `${training.labels.numel()} images for training, ${heldOutCount} held out; ${epochs} epochs on ${device}, seed ${seed}`;
  console.log(subtitle);

  const line = new ProgressLine();
  const started = performance.now();
  const result = await train(training, heldOut, {
    device,
    epochs,
    seed,
    dropout,
    onStep: (progress) => line.update(progress),
    onEpoch: (progress) => line.epochDone(progress),
  });
  line.finish();
  const seconds = (performance.now() - started) / 1000;

  const { model, losses, predictions, stepsPerSecond, statistics } = result;
  const accuracy = result.accuracies.at(-1)!;
  const { kernels, operations, compileMs, compileCount, peakBytes } = statistics;

  await mkdir(folder, { recursive: true });
  const exportDirectory = path.join(folder, "model");
  const program = torch.export(model.eval(), [heldOut.images.narrow(0, 0, 1).to(device)], { output_names: ["scores"] });
  await program.save(exportDirectory, { target: exportTargets[device]! });

  const labels = heldOut.labels.tolist() as number[];
  const pixels = heldOut.images.reshape(heldOutCount, -1).tolist() as number[][];
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => confusion[label]![predictions[i]!]!++);
  const page = path.join(folder, "report.html");
  const figures = [
    ["held-out accuracy", percent(accuracy)],
    ["operations fused into kernels", `${operations} → ${kernels}`],
    ["to compile", `${compileMs.toFixed(0)} ms`],
    ["steps a second", stepsPerSecond.toFixed(0)],
    ["peak bytes of a step", peakBytes.toLocaleString("en")],
    ["to train", `${seconds.toFixed(1)} s`],
  ] as const;
  await writeFile(
    page,
    renderReport({
      title: "Handwritten digits",
      subtitle,
      figures,
      losses,
      accuracies: result.accuracies,
      confusion,
      mistakes: labels.flatMap((label, i) =>
        label === predictions[i] ? [] : [{ pixels: pixels[i]!, label, predicted: predictions[i]! }],
      ),
    }),
  );

  for (const [name, value] of figures) console.log(`  ${name.padEnd(30)} ${value}`);
  console.log(`  ${"exported model".padEnd(30)} ${exportDirectory}`);
  console.log(`  ${"loss curve, confusion matrix".padEnd(30)} ${page}`);
  if (!json) return;
  const figure = {
    device,
    accuracy,
    loss: mean(losses.slice(-losses.length / epochs)),
    steps: losses.length,
    stepsPerSecond,
    kernels,
    compileMs,
    compileCount,
    peakBytes,
    exportDirectory,
    firstLosses: losses.slice(0, 50),
  };
  console.log(JSON.stringify(figure));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
