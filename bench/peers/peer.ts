/** What a peer is: another library doing the bench's work on the same inputs, in a process of its own. */
import { generate, generateIntegers } from "../generate.ts";

export interface PeerCase {
  /** Does the work; its results are there when this returns or its promise settles. */
  run(): void | Promise<void>;
  /** The fingerprint of what has been run, as the workload defines it. */
  check(): Promise<readonly number[]>;
}

export interface Peer {
  readonly name: string;
  /** Called before any work is set up; returns how many there are. A peer without it chooses for itself. */
  readonly setThreads?: (count: number) => Promise<number> | number;
  /** By workload id: sets the work up. What a peer has no way to do is not here. */
  readonly workloads: Readonly<Record<string, () => Promise<PeerCase> | PeerCase>>;
}

export interface Generated {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly scale?: number;
  readonly positive?: boolean;
}

export const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export const valuesOf = ({ seed, shape, ...options }: Generated): Float32Array =>
  generate(seed, countOf(shape), options);

/** Tokens, classes: int32, which is what the peers index with. */
export const integersOf = (seed: number, shape: readonly number[], limit: number): Int32Array =>
  generateIntegers(seed, countOf(shape), limit);

/** Keeps the first five losses: the fingerprint of training. */
export class Losses {
  readonly values: number[] = [];
  add(loss: number): void {
    if (this.values.length < 5) this.values.push(loss);
  }
  async check(run: () => void | Promise<void>): Promise<readonly number[]> {
    while (this.values.length < 5) await run();
    return this.values;
  }
}
