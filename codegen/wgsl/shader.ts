/** The text of one phase's shader. */
import { IrError } from "../../ir/errors.ts";
import type { BufferParam, LoopKernel } from "../../ir/loop.ts";
import { accesses, productVariables } from "./analysis.ts";
import { groupLimit, groupSize, pieceWords } from "./grid.ts";
import { HelperSet } from "./helpers.ts";
import { kindOf, wordsOf, type BufferAccess, type Place } from "./memory.ts";
import type { GridAxis, GridLoop, Phase } from "./phases.ts";
import { phaseStatements, vectorGroups, type Home, type Placement } from "./placement.ts";
import { Printer } from "./printer.ts";
import { typeName } from "./types.ts";

export interface PhasePlan {
  readonly kernel: LoopKernel;
  readonly phase: Phase;
  readonly placement: Placement;
  /** The operand that each buffer in a heap is. */
  readonly operandOf: ReadonlyMap<string, number>;
}

export function printPhase({ kernel, phase, placement, operandOf }: PhasePlan, heapOf: readonly number[]): string {
  const { homes } = placement;
  const heapOfBuffer = (name: string): number => heapOf[operandOf.get(name)!]!;
  const vectors = vectorGroups(kernel, phase, homes, (name) => {
    const home = homes.get(name)!;
    return home.kind === "argument" || home.kind === "reserved" ? `heap ${heapOfBuffer(name)}` : name;
  });

  const declarations: string[] = [];
  const heapCount = Math.max(0, ...heapOf.map((heap) => heap + 1));
  for (let heap = 0; heap < heapCount; heap++) {
    const element = vectors.has(`heap ${heap}`) ? "vec4<u32>" : "u32";
    declarations.push(`@group(0) @binding(${heap + 1}) var<storage, read_write> h${heap}: array<${element}>;`);
  }
  const buffers = new Map<string, BufferAccess>();
  const registers: string[] = [];
  for (const [i, buffer] of kernel.buffers.entries()) {
    const home = homes.get(buffer.name);
    if (home === undefined) continue;
    const { dtype } = buffer;
    if (home.kind === "argument" || home.kind === "reserved") {
      const heap = heapOfBuffer(buffer.name);
      const base = `P.b${operandOf.get(buffer.name)!}`;
      const place: Place =
        home.kind === "argument"
          ? { kind: "heap", heap, offset: base, stride: null }
          : reservedPlace(home, heap, base, buffer);
      buffers.set(buffer.name, { place, dtype, vectors: vectors.has(`heap ${heap}`) });
      continue;
    }
    const isVector = vectors.has(buffer.name);
    const element = typeName({ kind: kindOf(dtype), lanes: isVector ? 4 : 1 });
    const count = Math.max(1, Math.ceil(buffer.elements / (isVector ? 4 : 1)));
    const name = `m${i}`;
    if (home.kind === "workgroup") declarations.push(`var<workgroup> ${name}: array<${element}, ${count}>;`);
    else registers.push(`var ${name}: array<${element}, ${count}>;`);
    buffers.set(buffer.name, { place: { kind: "array", name }, dtype, vectors: isVector });
  }

  const helpers = new HelperSet();
  const rewritten = rewrittenBuffers(kernel, phase);
  const printer = new Printer({
    helpers,
    buffers,
    numbers: numberTexts(kernel),
    lanes: placement.lanes,
    products: productVariables(phaseStatements(phase)),
    argumentNames: new Set(kernel.buffers.filter((buffer) => buffer.scope === "argument").map((buffer) => buffer.name)),
    workgroupSize: kernel.workgroupSize,
    storageBarriers: rewritten.size > 0 || [...homes.values()].some((home) => home.kind === "reserved"),
  });
  const limited = groupLimit(kernel, phase, homes) !== null;
  printer.line("let group = wg.x + wg.y * wgs.x;");
  const size = groupSize(kernel, phase);
  if ([...homes.values()].some((home) => home.kind === "reserved" && home.owner === "invocation")) {
    printer.line(`let owner = group * ${size}u + local;`);
    printer.line(`let owners = wgs.x * ${size}u;`);
  }
  for (const line of registers) printer.line(line);
  printer.statements(phase.lets);
  if (phase.kind === "grid") printLoops(printer, kernel, phase.loops, rewritten, limited);
  else if (phase.cooperative) printer.cooperativeStatements(phase.body, rewritten);
  else printer.statements(phase.body);

  const parameters = [
    "@builtin(workgroup_id) wg: vec3<u32>",
    "@builtin(num_workgroups) wgs: vec3<u32>",
    "@builtin(local_invocation_index) local: u32",
  ].join(", ");
  return [
    ...declarations,
    helpers.text(),
    `@compute @workgroup_size(${size}) fn main(${parameters}) {`,
    printer.text(),
    "}\n",
  ].join("\n");
}

function reservedPlace(home: Home & { kind: "reserved" }, heap: number, base: string, buffer: BufferParam): Place {
  // A workgroup's lanes touch neighbouring elements; separate invocations touch the same element of theirs.
  if (home.owner === "workgroup")
    return { kind: "heap", heap, offset: `${base} + group * ${pieceWords(buffer)}u`, stride: null };
  return { kind: "heap", heap, offset: `${base} + ${wordsOf(buffer.dtype)}u * owner`, stride: "owners" };
}

/** Argument buffers that the phase both reads and writes. */
function rewrittenBuffers(kernel: LoopKernel, phase: Phase): ReadonlySet<string> {
  const { reads, writes } = accesses(phaseStatements(phase));
  const outlive = kernel.buffers.filter((buffer) => buffer.scope === "argument").map((buffer) => buffer.name);
  return new Set(outlive.filter((name) => reads.has(name) && writes.has(name)));
}

function printLoops(
  printer: Printer,
  kernel: LoopKernel,
  loops: readonly GridLoop[],
  rewritten: ReadonlySet<string>,
  limited: boolean,
): void {
  const size = kernel.workgroupSize;
  let first = "0u";
  for (const [i, loop] of loops.entries()) {
    const counts = loop.axes.map((axis, k) => iterationCount(printer, axis, `count_${i}_${k}`));
    // Compilers refuse to divide by a constant 0.
    if (counts.includes("0u")) continue;
    const total = `total_${i}`;
    printer.line(`let ${total} = ${counts.join(" * ")};`);
    const groups = loop.cooperative ? total : `(${total} + ${size - 1}u) / ${size}u`;
    const local = first === "0u" ? "group" : `(group - ${first})`;
    const index = loop.cooperative ? local : `${local} * ${size}u + local`;
    const body = (at: string): void => printIteration(printer, loop, at, counts, rewritten);

    if (limited) {
      // The only loop of its phase: workgroups take iterations in turns.
      const stride = loop.cooperative ? "wgs.x" : `wgs.x * ${size}u`;
      printer.block(`for (var at = ${index}; at < ${total}; at += ${stride})`, () => {
        body("at");
        if (loop.cooperative) {
          printer.line("workgroupBarrier();");
          printer.line("storageBarrier();");
        }
      });
      return;
    }
    printer.line(`let last_${i} = ${first} + ${groups};`);
    const from = first === "0u" ? "" : `group >= ${first} && `;
    printer.block(`if (${from}group < last_${i})`, () => {
      printer.line(`let at_${i} = ${index};`);
      if (loop.cooperative) body(`at_${i}`);
      else printer.block(`if (at_${i} < ${total})`, () => body(`at_${i}`));
    });
    first = `last_${i}`;
  }
}

/** The text of an axis' number of iterations: a literal where it is known. */
function iterationCount(printer: Printer, axis: GridAxis, name: string): string {
  const { start, end, step } = axis;
  if (start.op === "const" && end.op === "const") {
    return `${Math.max(0, Math.ceil((Number(end.value) - Number(start.value)) / step))}u`;
  }
  const range = `u32(max(${printer.expr(end)} - ${printer.expr(start)}, 0))`;
  printer.line(`let ${name} = ${step === 1 ? range : `(${range} + ${step - 1}u) / ${step}u`};`);
  return name;
}

function printIteration(
  printer: Printer,
  loop: GridLoop,
  at: string,
  counts: readonly string[],
  rewritten: ReadonlySet<string>,
): void {
  let rest = at;
  for (let k = loop.axes.length - 1; k >= 0; k--) {
    const axis = loop.axes[k]!;
    const here = k === 0 ? rest : `${rest} % ${counts[k]}`;
    const scaled = axis.step === 1 ? `i32(${here})` : `i32(${here}) * ${axis.step}`;
    printer.line(`let ${printer.name(axis.name)} = ${printer.expr(axis.start)} + ${scaled};`);
    if (k > 0) rest = printer.bind(`${rest} / ${counts[k]}`);
  }
  if (loop.cooperative) printer.cooperativeStatements(loop.body, rewritten);
  else printer.statements(loop.body);
}

function numberTexts(kernel: LoopKernel): Map<string, string> {
  const text = { f32: (n: string) => n, i32: (n: string) => n, bool: (n: string) => `(${n} != 0u)` };
  return new Map(
    kernel.numbers.map(({ name, kind }, i) => {
      if (kind === "f64") throw new IrError("wgsl/float64", "A WebGPU kernel's numbers cannot be float64.");
      return [name, kind === "i64" ? `vec2<u32>(P.n${i}, P.n${i}_high)` : text[kind](`P.n${i}`)];
    }),
  );
}
