/**
 * Which compiled programs differ only in numbers: sizes, offsets of slices, literal indices. The first two sizes of a
 * graph get programs of their own, and the first four where the numbers are in no common ratio; from then on, all share
 * kernels that take them as numbers, so that other ones compile nothing. What is then run often gets its own after all
 * (shared-program.ts).
 */
import { KernelFamilies } from "../codegen/kernel-families.ts";
import { scheduleShared } from "../codegen/lower/region.ts";
import type { Node } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import type { Device, DeviceName } from "../runtime/device.ts";
import { prepareProgram } from "./debug.ts";
import { instructionsOf, SharedExecutable, type Prepared } from "./shared-program.ts";
import { notesSites } from "./site.ts";
import { settings } from "./state.ts";
import { compileGraph, targets, type Compiled, type CompileOptions } from "./pipeline.ts";

/** A graph that got a program of its own. */
interface Member {
  /** The numbers in its signature: sizes, offsets, axes. */
  readonly numbers: readonly number[];
  /** Its program on kernels that others may share. */
  readonly program: () => Program;
}

/** Graphs that are equal but for numbers. */
interface Form {
  /** The first, from which the kernels that all share are learned. */
  members: Member[];
  /** Kernels that take numbers, once there have been enough graphs. */
  shared: KernelFamilies | null;
  /** The numbers of the graphs that got programs of their own: the first ones, and those that are run often. */
  readonly own: Set<string>;
}

const forms = new Map<Device, Map<string, Form>>();
/** How many graphs get programs of their own: where one size varies, and where the numbers have nothing in common. */
const specialised = { oneSize: 2, anyNumbers: 4 };
/** How many forms are remembered; of one form, graphs with programs of their own. */
const formLimit = 512;
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
  const form = byText.get(text) ?? { members: [], shared: null, own: new Set<string>() };
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
  const dynamic = (): Compiled => compileGraph(roots, { ...options, dynamic: true });
  if (!isShared(form, numbers, options.device)) {
    form.members.push({ numbers, program: () => dynamic().program });
    addOwn(form, numbers);
    return ofOwn();
  }
  const lowered = dynamic();
  const { program, sizes } = form.shared!.specialise(lowered.program);
  const { compiled, executable } = prepare({ ...lowered, program }, device);
  const specialise = (): Prepared | null => (device.synchronous && addOwn(form, numbers) ? ofOwn() : null);
  const instructions = instructionsOf(lowered.program);
  return { compiled, executable: new SharedExecutable({ compiled, executable, sizes, instructions, specialise }) };
}

/** Whether these numbers may have a program of their own. */
function addOwn({ own }: Form, numbers: readonly number[]): boolean {
  if (own.size < ownLimit) own.add(numbers.join());
  return own.has(numbers.join());
}

/** Whether a graph with these numbers takes kernels that others have too: once there have been enough others. */
function isShared(form: Form, numbers: readonly number[], device: DeviceName): boolean {
  if (form.shared !== null) return true;
  const alike = form.members.filter((member) => isOneSize(member.numbers, numbers));
  if (alike.length < specialised.oneSize && form.members.length < specialised.anyNumbers) return false;
  form.shared = new KernelFamilies((kernel) => scheduleShared(kernel, targets[device]));
  // The first and the last differ most: two are enough to tell sizes from constants.
  for (const { program } of new Set([form.members[0]!, form.members.at(-1)!])) form.shared.learn(program());
  form.members = [];
  return true;
}

const prepare = (compiled: Compiled, device: Device): Prepared => ({
  compiled,
  executable: prepareProgram(device, compiled.program),
});
