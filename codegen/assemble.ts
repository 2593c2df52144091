/**
 * Bufferisation: from regions to a program. Lowers every region, orders the kernels, decides which results overwrite
 * an input in place (donation) and places the temporaries.
 *
 * in:  a kernel graph; which outputs may overwrite which inputs
 * out: a program, with the graph leaves that its inputs and numbers stand for
 */
import { dtypeBytes } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import type { KernelGraph } from "../ir/kernel-graph.ts";
import type { NumberSlot, Program, Slot, Step } from "../ir/program.ts";
import { elementCount } from "../ir/shape.ts";
import { planMemory } from "./plan-memory.ts";
import { mayOverwrite } from "../ir/overwrite.ts";
import type { LoweredKernel, Target } from "./lower/kernel-builder.ts";
import { lowerRegionOnce } from "./lower/reuse.ts";
import { mergeKernels } from "./merge.ts";

export interface AssembleOptions {
  readonly target: Target;
  readonly name: string;
  /** Output node -> input node that it may overwrite. */
  readonly donations?: ReadonlyMap<Node, Node>;
  /** Whether independent kernels are put together. */
  readonly merge?: boolean;
}
export interface Assembled {
  readonly program: Program;
  /** The `input` leaves in the order of the program's inputs. */
  readonly inputs: readonly Node[];
  /** The `scalar` leaves in the order of the program's numbers. */
  readonly scalars: readonly Node[];
}

interface Placed {
  readonly lowered: LoweredKernel;
  readonly writes: readonly Node[];
  /** All its results are program outputs that nothing else reads. */
  readonly sink: boolean;
  readonly elementwise: boolean;
}

const mergeLimit = 96; // buffers of one kernel

export function assemble(graph: KernelGraph, options: AssembleOptions): Assembled {
  const outputs = [...new Set(graph.outputs)];
  const outputSet = new Set(outputs);
  const storedNodes = new Set<Node>(graph.regions.flatMap((region) => region.stores));
  const stored = (node: Node): boolean => node.op === "input" || storedNodes.has(node);
  const donations = options.donations ?? new Map<Node, Node>();

  const kernels: Placed[] = graph.regions.flatMap((region): Placed[] => {
    const stores = new Set(region.stores);
    if (region.stores.every((node) => elementCount(node.shape) === 0)) return [];
    const lowered = lowerRegionOnce(region, region.members.at(-1)!.op, options.target, stored);
    return lowered.map((kernel) => ({
      lowered: kernel,
      writes: kernel.arguments.filter((node, k) => stores.has(node) && kernel.kernel.buffers[k]!.access !== "read"),
      sink: false,
      elementwise: region.kind === "loops" && region.reduced.length === 0,
    }));
  });
  const readCount = new Map<Node, number>();
  for (const { lowered, writes } of kernels) {
    for (const node of lowered.arguments)
      if (!writes.includes(node)) readCount.set(node, (readCount.get(node) ?? 0) + 1);
  }
  const marked = kernels.map((kernel) => ({
    ...kernel,
    sink: kernel.elementwise && kernel.writes.every((node) => outputSet.has(node) && !readCount.has(node)),
  }));
  // What nothing waits for runs last: by then the inputs that it overwrites have been read.
  const body = marked.filter((kernel) => !kernel.sink);
  const sinks = marked.filter((kernel) => kernel.sink);
  const ordered = [...body, ...(options.merge === false ? sinks : mergeSinks(sinks, donations))];

  const slots: Slot[] = [];
  const slotOf = new Map<Node, number>();
  const inputs: Node[] = [];
  const bytesOf = (node: Node): number => elementCount(node.shape) * dtypeBytes(node.dtype);
  const addSlot = (node: Node, place: Slot["place"]): number => {
    slots.push({ id: slots.length, dtype: node.dtype, shape: node.shape, bytes: bytesOf(node), place });
    return slots.length - 1;
  };
  const inputSlot = (node: Node): number => {
    let slot = slotOf.get(node);
    if (slot === undefined) {
      inputs.push(node);
      slot = addSlot(node, { kind: "input", index: inputs.length - 1 });
      slotOf.set(node, slot);
    }
    return slot;
  };
  for (const kernel of ordered) for (const node of kernel.lowered.arguments) if (node.op === "input") inputSlot(node);

  const lastRead = new Map<Node, number>();
  ordered.forEach(({ lowered }, step) => {
    for (const node of lowered.arguments) lastRead.set(node, step);
  });
  const copies: Step[] = [];
  const lifetimes = new Map<Node, { first: number; last: number }>();
  outputs.forEach((node, index) => {
    if (node.op === "input") return;
    const donor = donations.get(node);
    const writer = ordered.findIndex((kernel) => kernel.writes.includes(node));
    if (donor === undefined || !slotOf.has(donor)) {
      slotOf.set(node, addSlot(node, { kind: "output", index }));
      return;
    }
    const donated = addSlot(node, { kind: "donated", index, of: inputs.indexOf(donor) });
    const lastStep = lastRead.get(donor) ?? -1;
    const safe =
      writer >= 0 && (lastStep < writer || (lastStep === writer && mayReplace(ordered[writer]!.lowered, node, donor)));
    const onlyWriter = ordered.filter((kernel) => kernel.writes.includes(node)).length === 1;
    if (safe && onlyWriter && (lastRead.get(node) ?? writer) === writer) slotOf.set(node, donated);
    else {
      const temporary = addSlot(node, { kind: "temporary", offset: 0 });
      slotOf.set(node, temporary);
      copies.push({ kind: "copy", from: temporary, to: donated });
      lifetimes.set(node, { first: Math.max(0, writer), last: ordered.length });
    }
  });
  ordered.forEach(({ lowered, writes }, step) => {
    for (const node of lowered.arguments) {
      if (node.op === "input" || (outputSet.has(node) && !lifetimes.has(node))) continue;
      const life = lifetimes.get(node);
      if (life === undefined) lifetimes.set(node, { first: step, last: step });
      else lifetimes.set(node, { first: Math.min(life.first, step), last: Math.max(life.last, step) });
    }
    void writes;
  });
  const temporaries = [...lifetimes];
  const layout = planMemory(temporaries.map(([node, life]) => ({ bytes: bytesOf(node), ...life })));
  temporaries.forEach(([node], i) => {
    const place = { kind: "temporary" as const, offset: layout.offsets[i]! };
    const known = slotOf.get(node);
    if (known === undefined) slotOf.set(node, addSlot(node, place));
    else slots[known] = { ...slots[known]!, place };
  });

  const scalars: Node[] = [];
  const numbers: NumberSlot[] = [];
  const numberOf = (node: Node): number => {
    let index = scalars.indexOf(node);
    if (index < 0) {
      index = scalars.push(node) - 1;
      numbers.push({ id: index, dtype: node.dtype });
    }
    return index;
  };
  const steps: Step[] = ordered.map(({ lowered }) => ({
    kind: "kernel",
    kernel: lowered.kernel,
    buffers: lowered.arguments.map((node) => slotOf.get(node)!),
    numbers: lowered.scalars.map(numberOf),
  }));
  return {
    program: {
      name: options.name,
      slots,
      numbers,
      steps: [...steps, ...copies],
      inputCount: inputs.length,
      outputCount: outputs.length,
      arenaBytes: layout.arenaBytes,
    },
    inputs,
    scalars,
  };
}

function mergeSinks(sinks: readonly Placed[], donations: ReadonlyMap<Node, Node>): Placed[] {
  const result: Placed[] = [];
  let group: Placed[] = [];
  const flush = (): void => {
    if (group.length > 0) {
      result.push({
        lowered: mergeKernels(
          group.map((k) => k.lowered),
          group.length === 1 ? group[0]!.lowered.kernel.name : `update_${group.length}`,
        ),
        writes: group.flatMap((k) => k.writes),
        sink: true,
        elementwise: true,
      });
    }
    group = [];
  };
  for (const sink of sinks) {
    const buffers = group.reduce((n, k) => n + k.lowered.arguments.length, 0) + sink.lowered.arguments.length;
    // One part must not overwrite in place what another part reads.
    const overwritten = new Set(group.flatMap((k) => k.writes).map((node) => donations.get(node)));
    const own = new Set(sink.writes.map((node) => donations.get(node)));
    const conflict =
      sink.lowered.arguments.some((node) => overwritten.has(node)) ||
      group.some((k) => k.lowered.arguments.some((node) => own.has(node)));
    if (buffers > mergeLimit || conflict) flush();
    group.push(sink);
  }
  flush();
  return result;
}

/** Whether the kernel that computes `node` may write it over `donor`, which it reads. */
function mayReplace({ kernel, arguments: nodes }: LoweredKernel, node: Node, donor: Node): boolean {
  const nameOf = (argument: Node): string => kernel.buffers[nodes.indexOf(argument)]!.name;
  return mayOverwrite(kernel, nameOf(donor), nameOf(node));
}
