/**
 * One kernel for many sizes: kernels that are equal but for literals (sizes, and what is computed from sizes) are of
 * one family. They share code in which literals that differ are parameters. Nothing is assumed about how a literal
 * depends on a size: a graph of another size is lowered as usual, and the literals of its kernels are passed.
 *
 * Of its members' literals a family knows which were always the same: these are constants, but for those that are
 * marked; and which always agreed: these share a parameter. A member that shows otherwise splits them, and the family has new code from then on. There
 * are only so many literals to tell apart, so this comes to an end.
 *
 * in:  programs lowered for `dynamic` targets
 * out: the same programs on shared kernels, scheduled, and the values of the parameters
 */
import type { Expr, LoopKernel, NumberParam } from "../ir/loop.ts";
import { leafSteps, type NumberSlot, type Program, type ScalarValue, type Step } from "../ir/program.ts";
import { formOf, type KernelForm, type Literal, sameForm, withLiterals } from "./kernel-form.ts";
import { WeightedCache } from "./weighted-cache.ts";

type KernelStep = Extract<Step, { kind: "kernel" }>;
type Schedule = (kernel: LoopKernel) => LoopKernel;

/** Of a kernel; WebAssembly's functions take a thousand. */
const mostParameters = 800;
/** Families of kernels that are alike at first sight, and forms of programs, that are remembered. */
const mostAlike = 16;
const mostForms = 8;
/** Of the families of all programs, by the weight of their kernels. */
const capacity = 8e6;

/** What kernels of a family have in common at first sight. Sizes of buffers are no part of the code. */
const sightOf = ({ name, buffers, numbers, body, workgroupSize, status }: LoopKernel): string =>
  JSON.stringify([
    name,
    buffers.map((buffer) => [buffer.name, buffer.dtype, buffer.access, buffer.scope]),
    numbers.map((number) => [number.name, number.kind]),
    body.length,
    workgroupSize,
    status,
  ]);

type Range = NumberParam["range"];

/** What either says that a number may be. */
const hull = (a: Range, b: Range): Range =>
  a === undefined || b === undefined ? undefined : [Math.min(a[0], b[0]), Math.max(a[1], b[1])];

const textOf = ({ value }: Literal): string => (Object.is(value, -0) ? "-0" : String(value));

class KernelFamily {
  private readonly first: LoopKernel;
  private readonly form: KernelForm;
  private readonly schedule: Schedule;
  /** Those of the first kernel. */
  private readonly literals: readonly Literal[];
  /** The largest value that was seen of each. */
  private readonly most: Literal["value"][];
  /** By literal, the parameter that stands for it; -1 for a constant. */
  private parameters: readonly number[];
  /** By parameter, the first literal that it stands for. */
  private places: readonly number[];
  /** Of the numbers that the kernels have anyway. */
  private ranges: readonly Range[];
  private code: LoopKernel | null = null;
  readonly weight: number;

  constructor(first: LoopKernel, form: KernelForm, schedule: Schedule) {
    this.first = first;
    this.form = form;
    this.schedule = schedule;
    this.literals = form.literals;
    this.most = this.literals.map(({ value }) => value);
    const places: number[] = [];
    this.parameters = this.literals.map(({ varies }, i) => (varies === true ? places.push(i) - 1 : -1));
    this.places = places;
    this.ranges = first.numbers.map(({ range }) => range);
    this.weight = form.tokens.length;
  }

  /** Makes a kernel a member, unless it is of another form. */
  admit(kernel: LoopKernel, form: KernelForm): boolean {
    if (!sameForm(form, this.form)) return false;
    const { literals } = form;
    if (!literals.every(({ value }, i) => Object.is(value, this.expected(literals, i)))) this.split(literals);
    this.widen(kernel.numbers.map(({ range }) => range));
    literals.forEach(({ value }, i) => {
      if (value > this.most[i]!) this.most[i] = value;
    });
    return true;
  }

  /** The value of a literal, if what is known of the family holds. */
  private expected(literals: readonly Literal[], place: number): Literal["value"] {
    const parameter = this.parameters[place]!;
    return (parameter < 0 ? this.literals[place]! : literals[this.places[parameter]!]!).value;
  }

  /** Constants that differ here become parameters: one for those that were the same before and are the same here. */
  private split(literals: readonly Literal[]): void {
    const groups = new Map<string, number>();
    const places: number[] = [];
    this.parameters = this.parameters.map((parameter, i) => {
      const [first, now] = [this.literals[i]!, literals[i]!];
      if (parameter < 0 && Object.is(first.value, now.value)) return -1;
      const before = parameter < 0 ? `${first.type.kind} ${textOf(first)}` : String(parameter);
      const key = `${before} ${textOf(now)}`;
      const group = groups.get(key) ?? places.push(i) - 1;
      groups.set(key, group);
      return group;
    });
    this.places = places;
    this.code = null;
  }

  private widen(ranges: readonly Range[]): void {
    const hulls = ranges.map((range, i) => hull(range, this.ranges[i]));
    if (hulls.every((range, i) => range?.join() === this.ranges[i]?.join())) return;
    this.ranges = hulls;
    this.code = null;
  }

  /** The code that all members share; null where it would need too many parameters. */
  get kernel(): LoopKernel | null {
    if (this.places.length > mostParameters) return null;
    return (this.code ??= this.schedule(this.withParameters()));
  }

  private withParameters(): LoopKernel {
    const { first, literals, parameters, places, ranges } = this;
    const body = withLiterals(first.body, (literal, i): Expr => {
      const parameter = parameters[i]!;
      return parameter < 0 ? literal : { op: "param", type: literal.type, name: `z${parameter}` };
    });
    const largest = places.map((place) => this.most[place]!);
    parameters.forEach((parameter, i) => {
      if (parameter >= 0 && this.most[i]! > largest[parameter]!) largest[parameter] = this.most[i]!;
    });
    const numbers = first.numbers.map(({ name, kind }, i): NumberParam => {
      const range = ranges[i];
      return range === undefined ? { name, kind } : { name, kind, range };
    });
    const sizes = places.map((place, parameter): NumberParam => {
      const { kind } = literals[place]!.type;
      return { name: `z${parameter}`, kind, ...(kind === "i32" ? { typical: Number(largest[parameter]) } : {}) };
    });
    return { ...first, body, numbers: [...numbers, ...sizes] };
  }

  /** What a member passes for the parameters, as its literals. */
  argumentsOf = (literals: readonly Literal[]): Literal[] => this.places.map((place) => literals[place]!);
}

interface Member {
  readonly family: KernelFamily;
  readonly literals: readonly Literal[];
}

const families = new WeightedCache<readonly KernelFamily[]>(capacity);
let lists = 0;

/** The families of kernels of programs that are equal but for numbers. */
export class KernelFamilies {
  private readonly id = lists++;
  private readonly schedule: Schedule;
  /** The latest first. */
  private forms: { readonly frame: string; readonly code: readonly LoopKernel[]; readonly form: object }[] = [];

  /** `schedule`: of kernels for the target. */
  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  /** Makes a program's kernels known, so that code made later suits them. */
  learn(program: Program): void {
    this.admitAll(program);
  }

  /** A program on shared kernels, and the numbers to append to each run. */
  specialise(program: Program): { readonly program: Program; readonly sizes: readonly ScalarValue[] } {
    const members = this.admitAll(program);
    const numbers: NumberSlot[] = [...program.numbers];
    const sizes: ScalarValue[] = [];
    const shared = new Map<LoopKernel, { readonly kernel: LoopKernel; readonly numbers: readonly number[] }>();
    const code: LoopKernel[] = [];
    for (const [own, { family, literals }] of members) {
      const kernel = family.kernel ?? this.schedule(own);
      code.push(kernel);
      const passed = (family.kernel === null ? [] : family.argumentsOf(literals)).map(({ type, value }) => {
        sizes.push(value);
        const size = type.kind === "i32" ? { size: Number(value) } : {};
        return numbers.push({ id: numbers.length, dtype: dtypeOf[type.kind], ...size }) - 1;
      });
      // The code is the family's, the buffers' sizes this program's.
      shared.set(own, { kernel: { ...kernel, buffers: own.buffers, code: kernel }, numbers: passed });
    }
    const steps = mapKernels(program.steps, (step): KernelStep => {
      const { kernel, numbers: passed } = shared.get(step.kernel)!;
      return { ...step, kernel, numbers: [...step.numbers, ...passed] };
    });
    return { program: { ...program, numbers, steps, form: this.formOf(program, [...members.keys()], code) }, sizes };
  }

  private admitAll(program: Program): Map<LoopKernel, Member> {
    const members = new Map<LoopKernel, Member>();
    for (const step of leafSteps(program.steps))
      if (step.kind === "kernel" && !members.has(step.kernel)) members.set(step.kernel, this.admit(step.kernel));
    return members;
  }

  private admit(kernel: LoopKernel): Member {
    const key = `${this.id} ${sightOf(kernel)}`;
    const alike = families.get(key) ?? [];
    const form = formOf(kernel);
    const { literals } = form;
    for (const family of alike) if (family.admit(kernel, form)) return { family, literals };
    const family = new KernelFamily(kernel, form, this.schedule);
    const kept = [family, ...alike].slice(0, mostAlike);
    const weight = kept.reduce((sum, other) => sum + other.weight, 0);
    families.set(key, kept, weight);
    return { family, literals };
  }

  /** One object for programs whose code is the same but for sizes: `code` has what stands for each of `kernels`. */
  private formOf(program: Program, kernels: readonly LoopKernel[], code: readonly LoopKernel[]): object {
    const frame = frameOf(program, kernels);
    const known = this.forms.find(
      (other) => other.frame === frame && code.every((kernel, i) => kernel === other.code[i]),
    );
    const form = known ?? { frame, code, form: {} };
    this.forms = [form, ...this.forms.filter((other) => other !== form)].slice(0, mostForms);
    return form.form;
  }
}

/** What is connected to what, as text: a program without sizes and without the code of its kernels. */
function frameOf({ slots, steps, numbers }: Program, kernels: readonly LoopKernel[]): string {
  const places = new Map(kernels.map((kernel, place) => [kernel, place]));
  const partsOf = (list: readonly Step[]): unknown[] =>
    list.map((step) => {
      switch (step.kind) {
        case "kernel":
          return [places.get(step.kernel), step.buffers, step.numbers];
        // How often a loop runs is read from the program's table.
        case "loop":
          return ["loop", step.slices, partsOf(step.steps)];
        case "while":
          return ["while", step.condition, partsOf(step.steps)];
        case "branch":
          return ["branch", step.predicate, partsOf(step.then), partsOf(step.else)];
        default:
          return step;
      }
    });
  const connected = slots.map(({ id, dtype, place }) => [
    id,
    dtype,
    place.kind,
    "index" in place ? place.index : 0,
    "of" in place ? place.of : 0,
  ]);
  return JSON.stringify([connected, partsOf(steps), numbers]);
}

/** The steps with other kernels. */
const mapKernels = (steps: readonly Step[], change: (step: KernelStep) => KernelStep): Step[] =>
  steps.map((step): Step => {
    switch (step.kind) {
      case "kernel":
        return change(step);
      case "loop":
      case "while":
        return { ...step, steps: mapKernels(step.steps, change) };
      case "branch":
        return { ...step, then: mapKernels(step.then, change), else: mapKernels(step.else, change) };
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
