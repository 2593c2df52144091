/**
 * One set of kernels for programs that differ only in sizes: the integers (and literals computed from sizes) in which
 * their kernels differ become parameters. Nothing is assumed about how they depend on a size: a program of another
 * size is lowered as usual, and if its kernels have the same form its own integers are passed.
 *
 * in:  two or more programs lowered with `dynamic` targets
 * out: the kernels with parameters, and for a program of the same form the values of the parameters
 */
import type { Expr, LoopKernel, NumberParam } from "../ir/loop.ts";
import { leafSteps, type NumberSlot, type Program, type ScalarValue, type Step } from "../ir/program.ts";

type KernelStep = Extract<Step, { kind: "kernel" }>;
type Literal = Extract<Expr, { op: "const" }>;

/** A parameter in place of literals, with its values in each of the programs. */
interface SizeParameter {
  readonly name: string;
  readonly kind: NumberParam["kind"];
  readonly values: readonly (number | bigint)[];
}

interface GeneralKernel {
  readonly kernel: LoopKernel;
  readonly parameters: readonly SizeParameter[];
}

export interface ProgramFamily {
  /** A program of this family with the shared kernels, and the numbers to append to each run; null when its form differs. */
  specialise(program: Program): { readonly program: Program; readonly sizes: readonly ScalarValue[] } | null;
}

/** Of a kernel; WebAssembly's functions take a thousand. */
const mostParameters = 800;

/** Thrown inside when two kernels differ in more than literals, or in too many of them. */
class DifferentForm extends Error {}

const isLiteral = (value: unknown): value is Literal =>
  typeof value === "object" && value !== null && "op" in value && value.op === "const";

/** @returns null when the programs have no common form */
export function generalise(programs: readonly Program[]): ProgramFamily | null {
  const first = programs[0]!;
  const kernelsOf = (program: Program): KernelStep[] =>
    leafSteps(program.steps).filter((step) => step.kind === "kernel");
  const lists = programs.map(kernelsOf);
  if (lists.some((list) => list.length !== lists[0]!.length) || programs.some((p) => !sameFrame(p, first))) return null;
  try {
    const general = lists[0]!.map((_, i) => generaliseKernel(lists.map((list) => list[i]!.kernel)));
    return { specialise: (program) => specialise(general, program, first) };
  } catch (error) {
    if (error instanceof DifferentForm) return null;
    throw error;
  }
}

/** Steps without what depends on a size: kernels, and how often loops run. */
const frameOf = (steps: readonly Step[]): unknown[] =>
  steps.map((step) => {
    switch (step.kind) {
      case "kernel":
        return [step.kernel.name, step.buffers, step.numbers];
      case "loop":
        return ["loop", step.slices, frameOf(step.steps)];
      case "while":
        return ["while", step.condition, frameOf(step.steps)];
      case "branch":
        return ["branch", step.predicate, frameOf(step.then), frameOf(step.else)];
      default:
        return step;
    }
  });

/** The parts of programs that must agree: what is connected to what. */
const sameFrame = (a: Program, b: Program): boolean => frameText(a) === frameText(b);
const frameTexts = new WeakMap<Program, string>();
function frameText(program: Program): string {
  let text = frameTexts.get(program);
  if (text === undefined) {
    text = JSON.stringify({
      slots: program.slots.map((slot) => [
        slot.id,
        slot.dtype,
        slot.place.kind,
        "index" in slot.place ? slot.place.index : 0,
        "of" in slot.place ? slot.place.of : 0,
      ]),
      steps: frameOf(program.steps),
      numbers: program.numbers,
    });
    frameTexts.set(program, text);
  }
  return text;
}

function generaliseKernel(kernels: readonly LoopKernel[]): GeneralKernel {
  const parameters = new Map<string, SizeParameter>();
  const merge = (parts: readonly unknown[]): unknown => {
    const [head] = parts;
    if (parts.every(isLiteral)) {
      const literals = parts;
      const one = literals[0]!;
      if (literals.every((literal) => literal.type.kind === one.type.kind && Object.is(literal.value, one.value)))
        return one;
      if (
        literals.some((literal) => literal.type.kind !== one.type.kind || literal.type.lanes !== 1) ||
        one.type.kind === "bool"
      )
        throw new DifferentForm();
      const values = literals.map((literal) => literal.value);
      // Numbers that agree at sizes which all differ are taken for one; others may agree by chance.
      const telling = new Set(values).size === values.length;
      const key = telling ? `${one.type.kind}:${values.join()}` : `#${parameters.size}`;
      let parameter = parameters.get(key);
      if (parameter === undefined)
        parameters.set(key, (parameter = { name: `z${parameters.size}`, kind: one.type.kind, values }));
      return { op: "param", type: one.type, name: parameter.name };
    }
    if (Array.isArray(head)) {
      if (parts.some((part) => !Array.isArray(part) || part.length !== head.length)) throw new DifferentForm();
      return head.map((_, i) => merge(parts.map((part) => (part as unknown[])[i])));
    }
    if (typeof head === "object" && head !== null) {
      const keys = Object.keys(head);
      if (parts.some((part) => typeof part !== "object" || part === null || Object.keys(part).join() !== keys.join()))
        throw new DifferentForm();
      return Object.fromEntries(
        keys.map((key) => [key, merge(parts.map((part) => (part as Record<string, unknown>)[key]))]),
      );
    }
    if (parts.some((part) => !Object.is(part, head))) throw new DifferentForm();
    return head;
  };
  const body = merge(kernels.map((kernel) => kernel.body)) as LoopKernel["body"];
  // Sizes of buffers are no part of the code; everything else about the parameters is.
  merge(
    kernels.map((kernel) => kernel.buffers.map(({ name, dtype, access, scope }) => ({ name, dtype, access, scope }))),
  );
  if (parameters.size > mostParameters) throw new DifferentForm();
  const sizes = [...parameters.values()].map(({ name, kind, values }): NumberParam => ({
    name,
    kind,
    ...(kind === "i32" ? { typical: Math.max(...values.map(Number)) } : {}),
  }));
  const numbers = [...kernels[0]!.numbers, ...sizes];
  return { kernel: { ...kernels[0]!, body, numbers }, parameters: [...parameters.values()] };
}

/** The values that a kernel's literals give to the parameters at their places. */
function valuesOf(general: GeneralKernel, kernel: LoopKernel): (number | bigint)[] {
  const found = new Map<string, number | bigint>();
  const visit = (pattern: unknown, actual: unknown): void => {
    if (typeof pattern !== "object" || pattern === null) {
      if (!Object.is(pattern, actual)) throw new DifferentForm();
      return;
    }
    if ("op" in pattern && pattern.op === "param" && isLiteral(actual)) {
      const { name } = pattern as unknown as { name: string };
      const known = found.get(name);
      if (known !== undefined && !Object.is(known, actual.value)) throw new DifferentForm();
      found.set(name, actual.value);
      return;
    }
    if (typeof actual !== "object" || actual === null || Array.isArray(actual) !== Array.isArray(pattern))
      throw new DifferentForm();
    // Both are plain: what either has is its own.
    const [expected, given] = [pattern as Record<string, unknown>, actual as Record<string, unknown>];
    let more = 0;
    for (const _ in given) more++;
    for (const key in expected) {
      if (!(key in given)) throw new DifferentForm();
      visit(expected[key], given[key]);
      more--;
    }
    if (more !== 0) throw new DifferentForm();
  };
  visit(general.kernel.body, kernel.body);
  return general.parameters.map(({ name }) => {
    const value = found.get(name);
    if (value === undefined) throw new DifferentForm();
    return value;
  });
}

/** The steps with other kernels. */
const mapLeaves = (steps: readonly Step[], change: (step: KernelStep) => KernelStep): Step[] =>
  steps.map((step): Step => {
    switch (step.kind) {
      case "kernel":
        return change(step);
      case "loop":
      case "while":
        return { ...step, steps: mapLeaves(step.steps, change) };
      case "branch":
        return { ...step, then: mapLeaves(step.then, change), else: mapLeaves(step.else, change) };
      default:
        return step;
    }
  });

const dtypeOf: Readonly<Record<NumberParam["kind"], NumberSlot["dtype"]>> = {
  f32: "float32",
  f64: "float64",
  i32: "int32",
  i64: "int64",
  bool: "bool",
};

function specialise(
  general: readonly GeneralKernel[],
  program: Program,
  frame: Program,
): ReturnType<ProgramFamily["specialise"]> {
  if (!sameFrame(program, frame)) return null;
  const numbers: NumberSlot[] = [...program.numbers];
  const sizes: ScalarValue[] = [];
  let index = 0;
  try {
    const steps = mapLeaves(program.steps, (step): KernelStep => {
      const form = general[index++]!;
      const values = valuesOf(form, step.kernel);
      const ids = form.parameters.map(({ kind }, i) => {
        sizes.push(values[i]!);
        const size = kind === "i32" ? { size: Number(values[i]) } : {};
        return numbers.push({ id: numbers.length, dtype: dtypeOf[kind], ...size }) - 1;
      });
      // The code is the family's, the buffers' sizes this program's.
      const kernel: LoopKernel = { ...form.kernel, buffers: step.kernel.buffers };
      return { ...step, kernel, numbers: [...step.numbers, ...ids] };
    });
    return { program: { ...program, numbers, steps, form: general }, sizes };
  } catch (error) {
    if (error instanceof DifferentForm) return null;
    throw error;
  }
}
