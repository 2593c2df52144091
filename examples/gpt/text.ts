/** Text as tokens: one a character. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as torch from "cresset";

const root = fileURLToPath(new URL("../../", import.meta.url));
const documentationFolders = ["docs", "examples", "bench"];

/** This project's own documentation, one page after the other; tables without the blanks that line them up. */
export function documentation(): string {
  const isPage = (name: string): boolean => name.endsWith(".md");
  const pages = readdirSync(root).filter(isPage);
  for (const folder of documentationFolders) {
    try {
      const names = readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" });
      // What the build writes repeats itself: a model would learn a table.
      const written = names.filter((name) => isPage(name) && !name.startsWith("generated"));
      pages.push(...written.map((name) => path.join(folder, name)));
    } catch {
      // A folder that this checkout does not have.
    }
  }
  return pages
    .sort()
    .map((page) => readFileSync(path.join(root, page), "utf8"))
    .join("\n")
    .replaceAll(/ {2,}/g, " ")
    .replaceAll(/-{3,}/g, "---");
}

export class Corpus {
  readonly alphabet: readonly string[];
  /** All but the last tenth. */
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
  /** Nats a character of a model that knows only how often each occurs. */
  readonly unigramEntropy: number;
  private readonly tokenOf: ReadonlyMap<string, number>;

  constructor(text: string) {
    const characters = [...text];
    this.alphabet = [...new Set(characters)].sort();
    this.tokenOf = new Map(this.alphabet.map((character, token) => [character, token]));
    const tokens = this.encode(characters);
    const split = Math.floor(0.9 * tokens.length);
    this.training = tokens.subarray(0, split);
    this.heldOut = tokens.subarray(split);
    const counts = new Float64Array(this.alphabet.length);
    for (const token of tokens) counts[token]!++;
    this.unigramEntropy = -counts.reduce((sum, count) => {
      const share = count / tokens.length;
      return sum + share * Math.log(share);
    }, 0);
  }

  encode(characters: Iterable<string>): Int32Array {
    return Int32Array.from(characters, (character) => this.tokenOf.get(character) ?? 0);
  }

  decode(tokens: Iterable<number>): string {
    return Array.from(tokens, (token) => this.alphabet[token]!).join("");
  }
}

export type Batch = readonly [tokens: torch.Tensor, targets: torch.Tensor];

/** int64[starts, block] windows of the text, and the same one character further. */
export function windows(tokens: Int32Array, starts: readonly number[], block: number, device: string): Batch {
  const at = (offset: number): torch.Tensor => {
    const rows = new Int32Array(starts.length * block);
    starts.forEach((start, i) => rows.set(tokens.subarray(start + offset, start + offset + block), i * block));
    return torch.tensor(rows, { dtype: torch.int64, device }).reshape(starts.length, block);
  };
  return [at(0), at(1)];
}

/** Endless random batches, the same for equal seeds. */
export function* randomBatches(
  tokens: Int32Array,
  { batch, block, seed, device }: { batch: number; block: number; seed: number; device: string },
): Generator<Batch, never> {
  const generator = new torch.Generator().manual_seed(seed);
  for (;;) {
    const starts = torch.randint(0, tokens.length - block, [batch], { generator }).tolist() as number[];
    yield windows(tokens, starts, block, device);
  }
}

/** Batches that cover the text once, without overlap. */
export function* allBatches(
  tokens: Int32Array,
  { batch, block, device }: { batch: number; block: number; device: string },
): Generator<Batch> {
  const count = Math.floor((tokens.length - 1) / block);
  for (let first = 0; first + batch <= count; first += batch) {
    const starts = Array.from({ length: batch }, (_, i) => (first + i) * block);
    yield windows(tokens, starts, block, device);
  }
}
