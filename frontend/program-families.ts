/**
 * Which compiled programs differ only in sizes. The first two sizes of a graph get programs of their own; from the
 * third on, all share kernels that take their sizes as numbers, so that another size compiles nothing.
 */
import { generalise, type ProgramFamily } from "../codegen/generalise.ts";
import type { Node } from "../ir/graph.ts";
import type { Device, Executable } from "../runtime/device.ts";
import { compileGraph, type Compiled, type CompileOptions } from "./pipeline.ts";

interface Family {
  /** The graphs of the first sizes, until the kernels are shared. */
  members: { readonly roots: readonly Node[]; readonly options: CompileOptions }[];
  shared: ProgramFamily | null;
}

const families = new Map<Device, Map<string, Family>>();
const specialisedSizes = 2;

/** The signature of a graph without its sizes. */
const formOf = (signature: readonly (number | string)[]): string =>
  signature.map((part) => (typeof part === "number" ? "#" : part.replace(/\d+/g, "#"))).join(" ");

/** Compiles a graph for a device, with kernels shared between sizes where that has proved useful. */
export function prepareGraph(roots: readonly Node[], signature: readonly (number | string)[], device: Device, options: CompileOptions): { compiled: Compiled; executable: Executable } {
  let byForm = families.get(device);
  if (byForm === undefined) families.set(device, (byForm = new Map<string, Family>()));
  const form = formOf(signature);
  let family = byForm.get(form);
  if (family === undefined) byForm.set(form, (family = { members: [], shared: null }));
  if (family.shared === null && family.members.length < specialisedSizes) {
    family.members.push({ roots, options });
    return prepare(compileGraph(roots, options), device);
  }
  const dynamic = compileGraph(roots, { ...options, dynamic: true });
  let special = family.shared?.specialise(dynamic.program) ?? null;
  if (special === null) {
    const others = family.members.map((member) => compileGraph(member.roots, { ...member.options, dynamic: true }).program);
    family.shared = generalise([...others, dynamic.program]);
    special = family.shared?.specialise(dynamic.program) ?? null;
    if (special !== null && family.members.length < specialisedSizes + 2) family.members.push({ roots, options });
  }
  if (special === null) return prepare(compileGraph(roots, options), device);
  const { program, sizes } = special;
  const { compiled, executable } = prepare({ ...dynamic, program }, device);
  return { compiled, executable: withSizes(executable, sizes) };
}

const prepare = (compiled: Compiled, device: Device): { compiled: Compiled; executable: Executable } => ({ compiled, executable: device.prepare(compiled.program) });

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
