/** The command line of examples/digits.ts. */
import { parseArgs } from "node:util";

export interface Options {
  readonly device: string;
  readonly epochs: number;
  readonly seed: number;
  readonly dropout: boolean;
  /** Ends the output with one JSON object. */
  readonly json: boolean;
  readonly help: boolean;
}

export const usage = `npm start -- [--device cpu|cpu:js|webgpu] [--epochs N] [--seed N] [--no-dropout] [--json]

  --device      where to train: cpu (WebAssembly, the default), cpu:js (JavaScript loops), webgpu
  --epochs      passes over the training images (20)
  --seed        of initial weights, dropout and the order of the images (0)
  --no-dropout  trains without dropout; the losses are then the same on every device
  --json        makes the last line of output one JSON object with the figures`;

const devices = ["cpu", "cpu:js", "webgpu"];

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      device: { type: "string", default: "cpu" },
      epochs: { type: "string", default: "20" },
      seed: { type: "string", default: "0" },
      "no-dropout": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (!devices.includes(values.device))
    throw new RangeError(`--device must be one of ${devices.join(", ")}, got ${values.device}.`);
  return {
    device: values.device,
    epochs: wholeNumber("epochs", values.epochs, 1),
    seed: wholeNumber("seed", values.seed, 0),
    dropout: !values["no-dropout"],
    json: values.json,
    help: values.help,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`--${name} must be a whole number from ${least} up, got ${text}.`);
  }
  return value;
}
