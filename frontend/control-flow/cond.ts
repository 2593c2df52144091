/** `cond`: a choice between two functions. */
import "../regions.ts";
import { holds } from "../../ir/builder.ts";
import { enterScope } from "../../ir/interning.ts";
import type { Node } from "../../ir/graph.ts";
import { recordCond } from "../../ir/regions.ts";
import { restateCheck, type NumberedCheck } from "../checks.ts";
import { tensorTree, type TensorTree } from "../pytree.ts";
import { noteThisLine, withSite } from "../site.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import {
  recordBody,
  requireValue,
  requireFunctions,
  deviceOf,
  requireSame,
  tensorsOf,
  nodesOf,
  predicateOf,
} from "./recorded.ts";

/**
 * true_fn(...operands) where pred (bool[] or a bool) is true, else false_fn(...operands). Both are recorded, the chosen
 * one is computed (on WebGPU both are), and only its gradient counts. They return tensors of the same types and shapes.
 * @throws DTypeError or ShapeError when the branches' results differ
 * @see https://docs.pytorch.org/docs/stable/cond.html
 */
export function cond<A extends readonly unknown[], R>(
  pred: Tensor | boolean,
  true_fn: (...operands: A) => R,
  false_fn: (...operands: A) => R,
  operands: A = [] as unknown as A,
): R {
  return withSite(() => {
    requireFunctions("cond", { true_fn, false_fn });
    if (typeof pred === "boolean") return (pred ? true_fn : false_fn)(...operands);
    const predicate = predicateOf("cond", "pred", pred);
    const given = tensorTree("cond: operands", operands);
    const device = deviceOf("cond", [pred, ...given.leaves]);
    enterScope(device.name);
    noteThisLine();
    const trees: TensorTree[] = [];
    const conditions: { check: NumberedCheck; inTrue: boolean }[] = [];
    const branch = (run: (...operands: A) => R, inTrue: boolean) => (): Node[] => {
      const { result: tree, checks } = recordBody("cond", () =>
        tensorTree("cond: a branch's result", requireValue("cond", run(...operands))),
      );
      trees.push(tree);
      conditions.push(...checks.map((check) => ({ check, inTrue })));
      if (trees.length === 2) requireSame("cond", ["true_fn's result", trees[0]!], ["false_fn's result", tree]);
      deviceOf("cond", [pred, ...tree.leaves]);
      return nodesOf(tree);
    };
    const results = recordCond(graph, predicate, branch(true_fn, true), branch(false_fn, false));
    // A condition of the branch that is not taken does not count.
    const checked = (node: Node): Node =>
      conditions.reduce((subject, { check, inTrue }) => {
        const counts = graph.reshape(inTrue ? predicate : graph.not(predicate), [1]);
        return restateCheck(subject, check, graph.where(graph.detach(counts), check.failed, holds));
      }, node);
    return trees[0]!.rebuild(tensorsOf(results.map(checked), device)) as R;
  });
}
