/** Handwritten digits: 1,797 images of 8x8 pixels, a fifth of them held out. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as torch from "cresset";

export const classes = 10;
const pixels = 64;
const brightest = 16;
const file = new URL("../data/digits.csv.gz", import.meta.url);
/** The same images are held out whatever the seed of training. */
const splitSeed = 0;

export interface Digits {
  /** float32[N, 1, 8, 8] in [0, 1]. */
  readonly images: torch.Tensor;
  /** int64[N] */
  readonly labels: torch.Tensor;
}

export function loadDigits(): { readonly training: Digits; readonly heldOut: Digits } {
  const rows = gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split("\n")
    .map((line) => line.split(",").map(Number));
  const order = torch.randperm(rows.length, { generator: new torch.Generator().manual_seed(splitSeed) });
  const shuffled = (order.tolist() as number[]).map((row) => rows[row]!);
  const heldOutCount = Math.floor(rows.length / 5);
  return { training: toTensors(shuffled.slice(heldOutCount)), heldOut: toTensors(shuffled.slice(0, heldOutCount)) };
}

function toTensors(rows: readonly (readonly number[])[]): Digits {
  const images = Float32Array.from(rows.flatMap((row) => row.slice(0, pixels)));
  const labels = BigInt64Array.from(rows, (row) => BigInt(row[pixels]!));
  return { images: torch.tensor(images).div(brightest).reshape(-1, 1, 8, 8), labels: torch.tensor(labels) };
}
