/**
 * Which results take over the memory of an input, so that state is updated in place.
 *
 * A result may when nothing reads the input afterwards, and the kernel that writes the result reads the input only at
 * elements that it then writes; and when nothing reads the result.
 */
import type { Node, NodeOf } from "../ir/graph.ts";
import { mayOverwrite } from "../ir/overwrite.ts";
import type { LoweredKernel } from "./lower/kernel-builder.ts";
import { argumentsOf, type PlacedWork } from "./lower-regions.ts";

/** Place of a result among the graph's outputs -> the input whose memory the caller gives up for it. */
export type Donations = ReadonlyMap<number, Node>;

/** The donors by result. An input that is itself handed out keeps its memory. */
export function donorsOf(outputs: readonly Node[], donations: Donations): Map<Node, Node> {
  const donors = new Map<Node, Node>();
  const handedOut = new Set(outputs);
  donations.forEach((donor, i) => {
    if (outputs[i]!.op !== "input" && !handedOut.has(donor)) donors.set(outputs[i]!, donor);
  });
  return donors;
}

/** In a loop's body, the carried values by the place of the result that follows them. */
export function carriedDonations(node: NodeOf<"loop"> | NodeOf<"while">): Donations {
  const { parameters, results } = node.attrs.body;
  const carried = node.op === "loop" ? node.attrs.carried : results.length;
  const donations = new Map<number, Node>();
  for (let i = 0; i < carried; i++) if (results[i] !== parameters[i]) donations.set(i, parameters[i]!);
  return donations;
}

/** When the kernels of a list touch a value: the steps that write it, and the last that reads or writes it. */
interface Use {
  readonly writers: number[];
  last: number;
}

/** Answers for kernels in the order in which they run. */
export class DonationRule {
  private readonly kernels: readonly PlacedWork[];
  private readonly uses = new Map<Node, Use>();

  constructor(kernels: readonly PlacedWork[]) {
    this.kernels = kernels;
    kernels.forEach((work, step) => {
      for (const node of argumentsOf(work)) this.use(node).last = step;
      for (const node of work.writes) this.use(node).writers.push(step);
    });
  }

  private use(node: Node): Use {
    let use = this.uses.get(node);
    if (use === undefined) this.uses.set(node, (use = { writers: [], last: -1 }));
    return use;
  }

  /** Whether `node` can be written over `donor`. */
  allows(node: Node, donor: Node): boolean {
    const { writers, last } = this.use(node);
    const [writer] = writers;
    if (writer === undefined || writers.length > 1 || last !== writer) return false;
    const lastRead = this.use(donor).last;
    if (lastRead < writer) return true;
    const work = this.kernels[writer]!;
    return lastRead === writer && "lowered" in work && readsWhereItWrites(work.lowered, node, donor);
  }
}

function readsWhereItWrites({ kernel, arguments: nodes }: LoweredKernel, node: Node, donor: Node): boolean {
  const nameOf = (argument: Node): string => kernel.buffers[nodes.indexOf(argument)]!.name;
  return mayOverwrite(kernel, nameOf(donor), nameOf(node));
}
