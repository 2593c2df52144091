/** The kernels of a program that threads share: each is a step of the module's function `work`, and is posted as a job. */
import { Code } from "./code.ts";
import type { FunctionPool, ModuleBuilder } from "./module-builder.ts";
import { addTeamFunctions, type TeamFunctions } from "./team.ts";

/** Work as large as so many of the least jobs is worth waking a thread that sleeps: about 60 us. */
const wakingJobs = 15;

/** Locals of `work`: its parameters after the table, the last one turned into the distance of the thread's scratch. */
export const workParameters = { step: 1, scratch: 2, firstPart: 3, lastPart: 4 } as const;

/** The steps that threads share, as they are met. */
export class TeamSteps {
  private readonly pool: FunctionPool;
  private functions: TeamFunctions | null = null;
  private readonly steps: Code[] = [];
  private readonly sharedFrom: number;

  /** `sharedFrom`: the instructions of the least job. */
  constructor(pool: FunctionPool, sharedFrom: number) {
    this.pool = pool;
    this.sharedFrom = sharedFrom;
  }

  /** Writes the posting of a step to `body`: `writeSize` its parts and instructions, `writeStep` the step itself. */
  post(body: Code, writeSize: (body: Code) => void, writeStep: (work: Code) => void): void {
    this.functions ??= addTeamFunctions(this.pool, wakingJobs * this.sharedFrom);
    const step = new Code();
    writeStep(step);
    writeSize(body.get(0).i32(this.steps.length));
    body.call(this.functions.post);
    this.steps.push(step);
  }

  /** Writes `work` and exports it from a module: a block for each step, which the step's number leaves. */
  finish(module: ModuleBuilder, scratchBytes: number): void {
    const { functions, steps } = this;
    if (functions === null) return;
    const { body } = functions.work;
    module.exportFunction("work", functions.work);
    body.get(workParameters.scratch).i32(scratchBytes).op("i32.mul").set(workParameters.scratch);
    for (let i = 0; i < steps.length; i++) body.open("block");
    body.get(workParameters.step).branchTable(steps.length - 1);
    for (const step of steps) body.op("end").append(step).op("return");
  }
}
