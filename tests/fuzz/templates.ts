/** Kernels that regions of one form share, against those that each would have by itself. */
import { checkTemplates } from "../../codegen/lower/reuse.ts";
import type { LoweredKernel } from "../../codegen/lower/kernel-builder.ts";
import type { Node } from "../../ir/graph.ts";
import { printKernel } from "../../ir/text/index.ts";

/** The kernels' text, with their operands numbered as they come. */
function textOf(kernels: readonly LoweredKernel[], numbers: Map<Node, number>): string {
  const numberOf = (node: Node): number => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
  const each = ({ kernel, arguments: given, scalars }: LoweredKernel): string =>
    `${printKernel({ ...kernel, name: "kernel" })} of ${given.map(numberOf).join()} and ${scalars.map(numberOf).join()}`;
  return kernels.map(each).join("\n");
}

/** Until the returned function is called, every kernel that is shared is compared. @throws Error where they differ */
export function comparingTemplates(): () => void {
  checkTemplates((kept, own) => {
    const numbers = new Map<Node, number>();
    const [before, now] = [textOf(kept, numbers), textOf(own, numbers)];
    if (before !== now) throw new Error(`a region got the kernels\n${before}\nwhere its own are\n${now}`);
  });
  return () => checkTemplates(null);
}
