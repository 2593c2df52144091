/** A program on kernels that know nothing of its numbers: every literal in them is a parameter. */
import { KernelFamilies } from "../../codegen/kernel-families.ts";
import { scheduleShared } from "../../codegen/lower/region.ts";
import { targets } from "../../frontend/pipeline.ts";
import type { Expr, LoopKernel } from "../../ir/loop.ts";
import type { Program, Step } from "../../ir/program.ts";
import type { DeviceName } from "../../runtime/device.ts";

export function onSharedKernels(program: Program, device: DeviceName): ReturnType<KernelFamilies["specialise"]> {
  const families = new KernelFamilies((kernel) => scheduleShared(kernel, targets[device]));
  families.learn(program);
  families.learn({ ...program, steps: program.steps.map(withOtherNumbers) });
  return families.specialise(program);
}

/** A step whose kernels have one more for each of their literals. */
function withOtherNumbers(step: Step): Step {
  if (step.kind === "kernel") return { ...step, kernel: { ...step.kernel, body: changed(step.kernel.body) } };
  if (step.kind === "loop" || step.kind === "while") return { ...step, steps: step.steps.map(withOtherNumbers) };
  if (step.kind !== "branch") return step;
  return { ...step, then: step.then.map(withOtherNumbers), else: step.else.map(withOtherNumbers) };
}

const changed = (body: LoopKernel["body"]): LoopKernel["body"] => more(body) as LoopKernel["body"];

function more(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(more);
  if (typeof part !== "object" || part === null) return part;
  if ("op" in part && part.op === "const") {
    const { type, value } = part as Extract<Expr, { op: "const" }>;
    // Truth values belong to the form.
    if (type.kind === "bool") return part;
    return { ...part, value: typeof value === "bigint" ? value + 1n : value + 1 };
  }
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, more(value)]));
}
