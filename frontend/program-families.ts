/**
 * Which compiled programs differ only in numbers: sizes, offsets of slices, literal indices. The first two sizes of a
 * graph get programs of their own, and the first four where the numbers are in no common ratio; from then on, all share
 * kernels that take them as numbers, so that other ones compile nothing. What is then run often gets its own after all
 * (shared-program.ts).
 */
import { generalise, type ProgramFamily } from "../codegen/generalise.ts";
import type { Node } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import type { Device } from "../runtime/device.ts";
import { prepareProgram } from "./debug.ts";
import { instructionsOf, SharedExecutable, type Prepared } from "./shared-program.ts";
import { notesSites } from "./site.ts";
import { settings } from "./state.ts";
import { compileGraph, type Compiled, type CompileOptions } from "./pipeline.ts";

/** A graph that got a program of its own. */
interface Member {
  /** The numbers in its signature: sizes, offsets, axes. */
  readonly numbers: readonly number[];
  /** Its program in the form that others may share, made when first compared. */
  readonly program: () => Program;
}

/** Graphs that are equal but for numbers. */
interface Form {
  readonly members: Member[];
  /** Kernels that take numbers, the latest first: graphs of one form may be lowered to several (a size of 1 is special). */
  readonly shared: ProgramFamily[];
  /** The numbers of the graphs that got programs of their own: the first ones, and those that are run often. */
  readonly own: Set<string>;
}

const forms = new Map<Device, Map<string, Form>>();
/** How many graphs get programs of their own: where one size varies, and where the numbers have nothing in common. */
const specialised = { oneSize: 2, anyNumbers: 4 };
/** How many forms are remembered; of one form, graphs to learn from, kernels, and graphs with programs of their own. */
const formLimit = 512;
const memberLimit = 6;
const sharedLimit = 4;
const ownLimit = 16;

type Signature = readonly (number | string)[];

/** The signature of a graph without its numbers, and the numbers. */
const textOf = (signature: Signature): string =>
  signature.map((part) => (typeof part === "number" ? "#" : part.replace(/\d+/g, "#"))).join(" ");
const numbersOf = (signature: Signature): number[] =>
  signature.flatMap((part) => (typeof part === "number" ? [part] : (part.match(/\d+/g) ?? []).map(Number)));

/** Whether all differences may come from one size: everything that differs does so in one ratio. */
function isOneSize(before: readonly number[], now: readonly number[]): boolean {
  const differing = now.map((_, i) => i).filter((i) => now[i] !== before[i]);
  const [first] = differing;
  return differing.every((i) => before[i]! * now[first!]! === now[i]! * before[first!]!);
}

function formOf(device: Device, signature: Signature): Form {
  let byText = forms.get(device);
  if (byText === undefined) forms.set(device, (byText = new Map<string, Form>()));
  const text = textOf(signature);
  const form = byText.get(text) ?? { members: [], shared: [], own: new Set<string>() };
  // The forms used last are kept.
  byText.delete(text);
  byText.set(text, form);
  if (byText.size > formLimit) byText.delete(byText.keys().next().value!);
  return form;
}

/** Compiles a graph for a device, with kernels shared between sizes where that has proved useful. */
export function prepareGraph(
  roots: readonly Node[],
  signature: Signature,
  device: Device,
  options: CompileOptions,
): Prepared {
  // Kernels that are shared belong to no line, and round otherwise than those of one size.
  if (notesSites() || settings.deterministic) return prepare(compileGraph(roots, options), device);
  const own = settings.winograd === null ? null : compileGraph(roots, options);
  if (own?.isTiled === true) return prepare(own, device);
  const form = formOf(device, signature);
  const numbers = numbersOf(signature);
  const ofOwn = (): Prepared => prepare(own ?? compileGraph(roots, settled), device);
  const settled = { ...options, donations: new Map(options.donations) };
  if (form.own.has(numbers.join())) return ofOwn();
  let lowered: Compiled | null = null;
  const dynamic = (): Compiled => (lowered ??= compileGraph(roots, { ...options, dynamic: true }));
  const special = sharedProgram(form, numbers, () => dynamic().program);
  if (special !== null) {
    const { program, sizes } = special;
    const shared = prepare({ ...dynamic(), program }, device);
    const specialise = (): Prepared | null => (device.synchronous && addOwn(form, numbers) ? ofOwn() : null);
    const instructions = instructionsOf(dynamic().program);
    // The kernels are the family's: what this graph was lowered to is needed no more, and would be held by `specialise`.
    lowered = null;
    return {
      compiled: shared.compiled,
      executable: new SharedExecutable({ ...shared, sizes, instructions, specialise }),
    };
  }
  remember(form, { numbers, program: () => dynamic().program });
  addOwn(form, numbers);
  return ofOwn();
}

/** Whether these numbers may have a program of their own. */
function addOwn({ own }: Form, numbers: readonly number[]): boolean {
  if (own.size < ownLimit) own.add(numbers.join());
  return own.has(numbers.join());
}

function remember({ members }: Form, member: Member): void {
  members.push(member);
  if (members.length > memberLimit) members.shift();
}

/** The program with kernels that others have too, once there have been enough others. */
function sharedProgram(
  form: Form,
  numbers: readonly number[],
  program: () => Program,
): ReturnType<ProgramFamily["specialise"]> {
  for (const family of form.shared) {
    const special = family.specialise(program());
    if (special !== null) return special;
  }
  const alike = form.members.filter((member) => isOneSize(member.numbers, numbers));
  if (alike.length < specialised.oneSize && form.members.length < specialised.anyNumbers) return null;
  const family = generaliseMost(program(), form.members);
  if (family === null) return null;
  remember(form, { numbers, program });
  form.shared.unshift(family);
  if (form.shared.length > sharedLimit) form.shared.pop();
  return family.specialise(program());
}

/** Kernels for a program and as many of the others as can share them, the latest first. */
function generaliseMost(program: Program, others: readonly Member[]): ProgramFamily | null {
  let family: ProgramFamily | null = null;
  let programs = [program];
  for (const member of others.toReversed()) {
    const wider = generalise([...programs, member.program()]);
    if (wider === null) continue;
    family = wider;
    programs = [...programs, member.program()];
  }
  return family;
}

const prepare = (compiled: Compiled, device: Device): Prepared => ({
  compiled,
  executable: prepareProgram(device, compiled.program),
});
