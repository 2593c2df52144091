/** What a workload is: named work on given inputs, and numbers that show it was done right. */
import * as torch from "../../frontend/index.ts";
import { generate, generateIntegers } from "../generate.ts";

export interface Workload {
  readonly id: string;
  /** Multiplications and additions, counted apart, of one call. */
  readonly flops?: number;
  /** Bytes of one call when each input is read once and each output written once. */
  readonly bytes?: number;
  /** One call does the work this many times; figures are for one. */
  readonly repetitions?: number;
  prepare(device: string): Case;
}

/** A workload set up on a device. */
export interface Case {
  /** Does the work; its results are there when this returns or its promise settles. */
  run(): void | Promise<void>;
  /** The fingerprint of what has been run. */
  check(): Promise<readonly number[]>;
  readonly statistics: torch.CompiledFunction<unknown[], unknown>["statistics"];
}

/** A float tensor of generated values. */
export function input(
  device: string,
  seed: number,
  shape: readonly number[],
  options: { readonly scale?: number; readonly positive?: boolean } = {},
): torch.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return torch.tensor(generate(seed, count, options), { device }).reshape(shape);
}

/** An int64 tensor of generated values. */
export function integerInput(device: string, seed: number, shape: readonly number[], limit: number): torch.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return torch.tensor(generateIntegers(seed, count, limit), { device, dtype: torch.int64 }).reshape(shape);
}

/** The work is done before this returns on a CPU; a GPU has to be waited for. */
export function completed(device: string): void | Promise<void> {
  return device === "webgpu" ? torch.webgpu.synchronize() : undefined;
}
