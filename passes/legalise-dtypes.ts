/**
 * Leaves only types that the target computes in, and little of those that it has to emulate.
 *
 * in:  a canonical graph of primitives
 * out: an equal graph. Products of half types, which are summed in float32 anyway, are products of float32 whose result
 *      is converted: those are what kernels have registers for. Where 64-bit integers are pairs of words, those that are known to fit 32 bits
 *      are computed in int32, and widened for who needs int64.
 * @throws DTypeError naming an operation and its type when the target has no such type
 * Cost: O(nodes + edges).
 */
import { bodiesOf } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import type { DType } from "../ir/dtype.ts";
import { DTypeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { Provided } from "../ir/provided.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { isView } from "../ir/traits.ts";
import { rewrite } from "./rewrite.ts";

/** Of 64-bit integers, where they are pairs of words (passes/narrow-integers.ts). */
export const narrowing = new Provided<(g: GraphBuilder, roots: readonly Node[]) => Node[]>("gpu-kernels");

export interface TypeTarget {
  /** As the user calls it. */
  readonly device: string;
  readonly computesIn: (dtype: DType) => boolean;
  /** 64-bit integers are machine words. */
  readonly wideIntegers: boolean;
}

export function legaliseDtypes(
  g: GraphBuilder,
  roots: readonly Node[],
  { types }: { readonly types: TypeTarget },
): Node[] {
  refuseOthers(roots, types);
  const whole = rewrite(g, roots, (_, node) => (node.op === "dot" && isHalf(node.dtype) ? inFloat32(g, node) : node));
  return types.wideIntegers ? whole : narrowing.value(g, whole);
}

const isHalf = (dtype: DType): boolean => dtype === "float16" || dtype === "bfloat16";

const inFloat32 = (g: GraphBuilder, node: Node): Node =>
  g.cast(
    g.rebuildAs(
      node,
      node.inputs.map((operand) => widened(g, operand)),
      node.shape,
      "float32",
    ),
    node.dtype,
  );

/** The value in float32: converted before it is moved, so that what views repeat is converted once. */
function widened(g: GraphBuilder, operand: Node): Node {
  const views: Node[] = [];
  let source = operand;
  while (isView(source) && source.inputs.length === 1) {
    views.push(source);
    source = source.inputs[0]!;
  }
  return views.reduceRight(
    (value, view) => g.rebuildAs(view, [value], view.shape, "float32"),
    g.cast(source, "float32"),
  );
}

/** Regions are nested no deeper than the program that was written. */
function refuseOthers(roots: readonly Node[], types: TypeTarget): void {
  for (const node of topologicalOrder(roots)) {
    if (!types.computesIn(node.dtype)) throw unavailable(types.device, node);
    for (const { results } of bodiesOf(node)) refuseOthers(results, types);
  }
}

const unavailable = (device: string, { op, dtype, inputs }: Node): DTypeError =>
  new DTypeError(
    "device/dtype",
    `${inputs.length > 0 ? op : "tensor"}: ${dtype} is not available on ${device}`,
    `Convert to ${dtype === "float64" ? "float32" : "another type"}, or use the "cpu" device.`,
  );
