/**
 * A program on kernels that it shares with programs of other sizes. What is run often gets kernels of its own after all:
 * those for its very sizes are faster, by a little for large products and several times for small ones.
 *
 * After how many runs is a matter of the program alone, so that the same calls give the same bits each time.
 */
import type { Node } from "../ir/graph.ts";
import { countInstructions } from "../ir/loop-cost.ts";
import type { LoopKernel } from "../ir/loop.ts";
import { innerSteps, type Program, type ScalarValue, type Step } from "../ir/program.ts";
import type { DrawSource, Executable, Memory, OutputHint } from "../runtime/device.ts";
import type { Compiled } from "./pipeline.ts";

export interface Prepared {
  readonly compiled: Compiled;
  readonly executable: Executable;
}

export interface SharedProgram extends Prepared {
  /** The numbers that its kernels take for sizes, behind those of each run. */
  readonly sizes: readonly ScalarValue[];
  /** Instructions of one run. */
  readonly instructions: number;
  /** Gives the same graph a program of its own; null where there have been enough. */
  readonly specialise: () => Prepared | null;
}

/** About what it takes to compile a kernel, several times. */
const instructionsOfKernel = 5e7;
const leastRuns = 3;

export class SharedExecutable implements Executable {
  private readonly shared: SharedProgram;
  /** Runs until it gets a program of its own; none are left once that has been tried. */
  private runsLeft: number;
  private own: OwnProgram | null = null;

  constructor(shared: SharedProgram) {
    this.shared = shared;
    const { program, kernelCount } = shared.executable;
    const worth = (instructionsOfKernel * kernelCount) / Math.max(1, shared.instructions);
    this.runsLeft = program.steps.some(({ kind }) => kind === "draw") ? 0 : Math.max(leastRuns, Math.ceil(worth));
  }

  private get active(): Executable {
    return this.own?.executable ?? this.shared.executable;
  }
  get program(): Program {
    return this.shared.executable.program;
  }
  get kernelCount(): number {
    return this.active.kernelCount;
  }
  get compileMs(): number {
    return this.active.compileMs;
  }
  get peakBytes(): number {
    return this.active.peakBytes;
  }

  run(
    inputs: readonly Memory[],
    numbers: readonly ScalarValue[],
    draws: readonly DrawSource[],
    hints: readonly OutputHint[],
  ): Memory[] {
    if (this.runsLeft > 0 && --this.runsLeft === 0) this.own = ownProgram(this.shared);
    const { own } = this;
    if (own === null) return this.shared.executable.run(inputs, [...numbers, ...this.shared.sizes], draws, hints);
    return own.executable.run(
      own.inputs.map((place) => inputs[place]!),
      own.scalars.map((place) => numbers[place]!),
      draws,
      hints,
    );
  }

  release(): void {
    this.shared.executable.release();
    this.own?.executable.release();
    this.runsLeft = 0;
  }
}

/** A program of the same graph, with the places of its inputs and numbers among those of the shared one. */
interface OwnProgram {
  readonly executable: Executable;
  readonly inputs: readonly number[];
  readonly scalars: readonly number[];
}

/** Null where it would not be called the same way: it takes over other memory, or reads what the shared one does not. */
function ownProgram({ compiled, specialise }: SharedProgram): OwnProgram | null {
  const own = specialise();
  if (own === null) return null;
  const places = (nodes: readonly Node[], among: readonly Node[]): number[] => nodes.map((node) => among.indexOf(node));
  const inputs = places(own.compiled.inputs, compiled.inputs);
  const scalars = places(own.compiled.scalars, compiled.scalars);
  const isSame =
    [...inputs, ...scalars].every((place) => place >= 0) && interfaceOf(own.compiled) === interfaceOf(compiled);
  if (isSame) return { executable: own.executable, inputs, scalars };
  own.executable.release();
  return null;
}

/** The results, and whose memory they take over. */
function interfaceOf({ program, inputs, results }: Compiled): string {
  const places = program.slots.flatMap(({ place }) => {
    if (place.kind === "output") return [[place.index]];
    if (place.kind !== "donated") return [];
    const donor = program.slots.find(({ id }) => id === place.of)!.place;
    return [[place.index, donor.kind === "input" ? inputs[donor.index]!.id : -1]];
  });
  const given = results.map((result) => ("output" in result ? result.output : `input ${result.input.id}`));
  return JSON.stringify([places.sort(([a], [b]) => a! - b!), given]);
}

/** Of one run; of a loop without a known end, one turn. */
export function instructionsOf(program: Program): number {
  const ofKernel = new Map<LoopKernel, number>();
  const ofSteps = (steps: readonly Step[]): number => steps.reduce((sum, step) => sum + ofStep(step), 0);
  const ofStep = (step: Step): number => {
    if (step.kind === "loop") return step.count * ofSteps(step.steps);
    if (step.kind !== "kernel") return ofSteps(innerSteps(step));
    const { kernel } = step;
    const count = ofKernel.get(kernel) ?? countInstructions(kernel.body);
    ofKernel.set(kernel, count);
    return count;
  };
  return ofSteps(program.steps);
}
