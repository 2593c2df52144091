/** `scan`: a loop over slices. */
import "../regions.ts";
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import type { Node } from "../../ir/graph.ts";
import { recordLoop } from "../../ir/regions.ts";
import { axisOf } from "../../ir/ops/support.ts";
import { signature } from "../arguments.ts";
import { restateCheck, type NumberedCheck } from "../checks.ts";
import { tensorTree, type TensorTree } from "../pytree.ts";
import { noteThisLine, withSite } from "../site.ts";
import { graph } from "../state.ts";
import { recordBody, requireValue, requireFunctions, deviceOf, requireSame, tensorsOf, nodesOf } from "./recorded.ts";

const scanOptions = signature<[dim: number, reverse: boolean]>()("*, dim?, reverse?");
export interface ScanOptions {
  /** The dimension of xs to go along. */
  readonly dim?: number;
  /** From the last slice to the first. */
  readonly reverse?: boolean;
}

/**
 * Calls [carry, y] = combine_fn(carry, x) for one slice x of xs after another. Gives the last carry, and the ys stacked
 * along a new first dimension. Carry, xs and y are tensors, or nested arrays, objects and Maps of them. combine_fn is
 * recorded once; the program has one loop, however long xs is.
 * @throws DTypeError or ShapeError when the carry changes
 * @see https://docs.pytorch.org/docs/main/higher_order_ops/scan.html
 */
export function scan<C, X, Y>(
  combine_fn: (carry: C, x: X) => readonly [carry: C, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: C, ys: Y] {
  return withSite(() => {
    requireFunctions("scan", { combine_fn });
    const { dim = 0, reverse = false } = scanOptions.bind("scan", [options]);
    const carry = tensorTree("scan: init", init);
    const items = tensorTree("scan: xs", xs);
    if (carry.leaves.length === 0) throw new ArgumentError("scan/init", "scan: Expected init to have tensor leaves.");
    if (items.leaves.length === 0) throw new ArgumentError("scan/xs", "scan: Expected xs to have tensor leaves.");
    const device = deviceOf("scan", [...carry.leaves, ...items.leaves]);
    const { count, scanned } = slicesOf(items, dim);
    enterScope(device.name);
    noteThisLine();
    let ys: TensorTree | null = null;
    let stated: readonly NumberedCheck[] = [];
    let isCut: readonly boolean[] = [];
    const { carried, outputs } = recordLoop(
      graph,
      { count, reverse, carried: nodesOf(carry), scanned },
      (states, slices) => {
        const given = [
          carry.rebuild(tensorsOf(states, device)) as C,
          items.rebuild(tensorsOf(slices, device)) as X,
        ] as const;
        const { result, checks } = recordBody("scan", () => taken(combine_fn(...given)));
        const { next, output } = result;
        requireSame("scan", ["init", carry], ["carry", next]);
        deviceOf("scan", [...carry.leaves, ...next.leaves, ...output.leaves]);
        ys = output;
        isCut = nodesOf(output).map((node) => !node.requiresGrad);
        stated = checks;
        return {
          carried: nodesOf(next),
          outputs: [...nodesOf(output), ...checks.map(({ failed }) => failed)],
        };
      },
    );
    const tree = ys as unknown as TensorTree;
    const flags = outputs.slice(tree.leaves.length);
    const checked = (node: Node): Node =>
      stated.reduce((subject, check, i) => restateCheck(subject, check, flags[i]!), node);
    const followed = (node: Node, i: number): Node => checked(isCut[i]! ? graph.detach(node) : node);
    return [
      carry.rebuild(tensorsOf(carried.map(checked), device)) as C,
      tree.rebuild(tensorsOf(outputs.slice(0, tree.leaves.length).map(followed), device)) as Y,
    ];
  });
}

interface Combined {
  readonly next: TensorTree;
  readonly output: TensorTree;
}
function taken(given: unknown): Combined {
  const pair = requireValue("scan", given);
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new ArgumentError("scan/result", "scan: combine_fn must return [carry, y].");
  return {
    next: tensorTree("scan: the carry that combine_fn returns", pair[0]),
    output: tensorTree("scan: the y that combine_fn returns", pair[1]),
  };
}

/** xs with the dimension to go along first. */
function slicesOf(items: TensorTree, dim: number): { readonly count: number; readonly scanned: Node[] } {
  const axes = items.leaves.map((leaf) => axisOf("scan", dim, leaf.ndim));
  const sizes = items.leaves.map((leaf, i) => leaf.shape[axes[i]!]);
  const count = sizes[0];
  if (count === undefined || count === 0)
    throw new ShapeError(
      "scan/empty",
      `scan: All xs leaves must at least have 'dim' number of dimensions and scan dimension > 0, got ${items.leaves.map(String).join(", ")}.`,
    );
  if (sizes.some((size) => size !== count))
    throw new ShapeError(
      "scan/sizes",
      `scan: All xs leaves must have the same size along dimension ${dim}, got ${items.leaves.map(String).join(", ")}.`,
    );
  const scanned = items.leaves.map((leaf, i) => {
    const axis = axes[i]!;
    const rest = leaf.shape.map((_, k) => k).filter((k) => k !== axis);
    return axis === 0 ? leaf.node_() : graph.permute(leaf.node_(), [axis, ...rest]);
  });
  return { count, scanned };
}
