/** Results that PyTorch gives a place in the graph of gradients, but no derivative. */
import { type GraphBuilder, isNode } from "../builder.ts";
import { AutogradError, NotImplementedError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, recordOperator } from "../operator.ts";

const underived = defineOp({
  name: "underived",
  signature: "underived(Tensor value, Tensor[] sources, string words, string? cure=None) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "Values that rest on others, with no derivative.",
    shape: "[*] -> [*]",
    source: "torch.autograd.backward",
  },
  gradient(_g, { attrs }) {
    const { words, cure } = attrs as { readonly words: string; readonly cure: string | null };
    // PyTorch's own graph has these, which is no gap of the library's.
    const Refusal = words.startsWith("derivative for aten::") ? AutogradError : NotImplementedError;
    throw new Refusal("backward/no-derivative", `backward: ${words} is not implemented.`, cure ?? undefined);
  },
  record: (_g, { value }) => value,
});

/**
 * A value that rests on `sources`: a backward pass through it is refused, in PyTorch's words, such as "the derivative
 * for 'zeta'".
 */
export function withoutDerivative(
  g: GraphBuilder,
  value: Node,
  sources: readonly Node[],
  words: string,
  cure: string | null = null,
): Node {
  if (!sources.some((x) => x.requiresGrad)) return value;
  return recordOperator(g, underived, { value: g.detach(value), sources, words, cure }, isNode) as Node;
}
