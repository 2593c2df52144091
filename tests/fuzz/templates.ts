/** Kernels that regions of one form share, against those that each would have by itself. */
import { checkTemplates } from "../../codegen/lower/reuse.ts";
import type { LoweredKernel } from "../../codegen/lower/kernel-builder.ts";
import type { Node } from "../../ir/graph.ts";

/** What each kernel reads and writes; the order of its statements, and so of its operands, may be another. */
function operandsOf(kernels: readonly LoweredKernel[], numbers: Map<Node, number>): string {
  const numberOf = (node: Node): number => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
  const each = ({ kernel, arguments: given, scalars }: LoweredKernel): string => {
    const buffers = kernel.buffers.filter(({ scope }) => scope === "argument");
    const operands = given.map((node, i) => {
      const { access, dtype, elements } = buffers[i]!;
      return `${access} ${dtype}[${elements}] %${numberOf(node)}`;
    });
    return [...operands.sort(), ...scalars.map((node) => `number %${numberOf(node)}`).sort()].join(", ");
  };
  return kernels.map(each).join("; ");
}

/** Until the returned function is called, every kernel that is shared is compared. @throws Error where they differ */
export function comparingTemplates(): () => void {
  checkTemplates((kept, own) => {
    const numbers = new Map<Node, number>();
    const [before, now] = [operandsOf(kept, numbers), operandsOf(own, numbers)];
    if (before !== now) throw new Error(`a region got kernels of ${before}, and its own are of ${now}`);
  });
  return () => checkTemplates(null);
}
