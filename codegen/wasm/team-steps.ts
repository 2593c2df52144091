/** The kernels of a program that threads share: each is a step of the module's function `work`, and is posted as a job. */
import { Code } from "./code.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { addTeamFunctions, type TeamFunctions } from "./team.ts";

/** A job's number of parts, and the instructions of all of them. */
export interface JobSize {
  readonly count: number;
  readonly instructions: number;
}

/** Work as large as so many of the least jobs is worth waking a thread that sleeps: about 60 us. */
const wakingJobs = 15;

/** Locals of `work`: its parameters after the table, the last one turned into the distance of the thread's scratch. */
export const workParameters = { step: 1, scratch: 2, firstPart: 3, lastPart: 4 } as const;

/** The steps that threads share, as they are met. */
export class TeamSteps {
  private readonly module: ModuleBuilder;
  private functions: TeamFunctions | null = null;
  private readonly steps: Code[] = [];
  /** Instructions of the jobs since the last that wakes sleepers. */
  private instructions = 0;
  /** How often the steps that are written now run. */
  private repeats = 1;

  private readonly wakingInstructions: number;

  /** `sharedFrom`: the instructions of the least job. */
  constructor(module: ModuleBuilder, sharedFrom: number) {
    this.module = module;
    this.wakingInstructions = wakingJobs * sharedFrom;
  }

  /** Writes steps that run `count` times. */
  repeat(count: number, write: () => void): void {
    this.repeats *= count;
    write();
    this.repeats /= count;
  }

  /** Writes the posting of a step to `body`; `write` writes the step itself. */
  post(body: Code, { count, instructions }: JobSize, write: (work: Code) => void): void {
    this.functions ??= addTeamFunctions(this.module);
    const step = new Code();
    write(step);
    this.instructions += this.repeats * instructions;
    const wakes = this.instructions >= this.wakingInstructions;
    if (wakes) this.instructions = 0;
    body
      .get(0)
      .i32(this.steps.length)
      .i32(count)
      .i32(wakes ? 1 : 0)
      .call(this.functions.post);
    this.steps.push(step);
  }

  /** Writes and exports `work`: a block for each step, which the step's number leaves. */
  finish(scratchBytes: number): void {
    const { functions, module, steps } = this;
    if (functions === null) return;
    const { body } = functions.work;
    module.exportFunction("work", functions.work);
    body.get(workParameters.scratch).i32(scratchBytes).op("i32.mul").set(workParameters.scratch);
    for (let i = 0; i < steps.length; i++) body.open("block");
    body.get(workParameters.step).branchTable(steps.length - 1);
    for (const step of steps) body.op("end").append(step).op("return");
  }
}
