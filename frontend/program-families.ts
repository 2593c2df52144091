/**
 * Which compiled programs differ only in sizes. The first two sizes of a graph get programs of their own; from the
 * third on, all share kernels that take their sizes as numbers, so that another size compiles nothing.
 */
import { generalise, type ProgramFamily } from "../codegen/generalise.ts";
import type { Node } from "../ir/graph.ts";
import type { Device, Executable } from "../runtime/device.ts";
import { prepareProgram } from "./debug.ts";
import { notesSites } from "./site.ts";
import { compileGraph, type Compiled, type CompileOptions } from "./pipeline.ts";

/** Graphs of one form in which the same numbers vary together, such as a batch size and what is computed from it. */
interface Family {
  /** The numbers of the first graph, and which of them have been seen to vary (null: only one graph so far). */
  readonly numbers: readonly number[];
  varying: ReadonlySet<number> | null;
  /** The graphs of the first sizes, until the kernels are shared. */
  readonly members: { readonly roots: readonly Node[]; readonly options: CompileOptions }[];
  shared: ProgramFamily | null;
}

const families = new Map<Device, Map<string, Family[]>>();
const specialisedSizes = 2;
/** How many forms are remembered, and families of one form. */
const formLimit = 512;
const familyLimit = 8;

type Signature = readonly (number | string)[];

/** The signature of a graph without its numbers, and the numbers. */
const formOf = (signature: Signature): string =>
  signature.map((part) => (typeof part === "number" ? "#" : part.replace(/\d+/g, "#"))).join(" ");
const numbersOf = (signature: Signature): number[] =>
  signature.flatMap((part) => (typeof part === "number" ? [part] : (part.match(/\d+/g) ?? []).map(Number)));

/** The family that a graph belongs to: what varies there is all that differs here. */
function familyOf(list: Family[], numbers: readonly number[]): Family {
  for (const family of list) {
    const differing = numbers.map((_, i) => i).filter((i) => numbers[i] !== family.numbers[i]);
    if (
      family.varying === null
        ? isOneSize(family.numbers, numbers, differing)
        : differing.every((i) => family.varying!.has(i))
    ) {
      if (family.varying === null && differing.length > 0) family.varying = new Set(differing);
      return family;
    }
  }
  const family: Family = { numbers, varying: null, members: [], shared: null };
  list.push(family);
  if (list.length > familyLimit) list.shift();
  return family;
}

/** Whether all differences may come from one size: everything that differs does so in one ratio. */
function isOneSize(before: readonly number[], now: readonly number[], differing: readonly number[]): boolean {
  const [first] = differing;
  return differing.every((i) => before[i]! * now[first!]! === now[i]! * before[first!]!);
}

/** Compiles a graph for a device, with kernels shared between sizes where that has proved useful. */
export function prepareGraph(
  roots: readonly Node[],
  signature: Signature,
  device: Device,
  options: CompileOptions,
): { compiled: Compiled; executable: Executable } {
  // Kernels that are shared belong to no line.
  if (notesSites()) return prepare(compileGraph(roots, options), device);
  let byForm = families.get(device);
  if (byForm === undefined) families.set(device, (byForm = new Map<string, Family[]>()));
  const form = formOf(signature);
  const list = byForm.get(form) ?? [];
  // The forms used last are kept.
  byForm.delete(form);
  byForm.set(form, list);
  if (byForm.size > formLimit) byForm.delete(byForm.keys().next().value!);
  const family = familyOf(list, numbersOf(signature));
  if (family.shared === null && family.members.length < specialisedSizes) {
    family.members.push({ roots, options });
    return prepare(compileGraph(roots, options), device);
  }
  const dynamic = compileGraph(roots, { ...options, dynamic: true });
  let special = family.shared?.specialise(dynamic.program) ?? null;
  if (special === null) {
    const others = family.members.map(
      (member) => compileGraph(member.roots, { ...member.options, dynamic: true }).program,
    );
    family.shared = generalise([...others, dynamic.program]);
    special = family.shared?.specialise(dynamic.program) ?? null;
    if (special !== null && family.members.length < specialisedSizes + 2) family.members.push({ roots, options });
  }
  if (special === null) return prepare(compileGraph(roots, options), device);
  const { program, sizes } = special;
  const { compiled, executable } = prepare({ ...dynamic, program }, device);
  return { compiled, executable: withSizes(executable, sizes) };
}

const prepare = (compiled: Compiled, device: Device): { compiled: Compiled; executable: Executable } => ({
  compiled,
  executable: prepareProgram(device, compiled.program),
});

/** The executable with its sizes appended to the numbers of each run. */
function withSizes(executable: Executable, sizes: readonly (number | bigint)[]): Executable {
  return {
    program: executable.program,
    kernelCount: executable.kernelCount,
    compileMs: executable.compileMs,
    peakBytes: executable.peakBytes,
    run: (inputs, numbers, draws, hints) => executable.run(inputs, [...numbers, ...sizes], draws, hints),
    release: () => executable.release(),
  };
}
