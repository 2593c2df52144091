/**
 * Verifies a tensor graph. Checks that
 *  - every input of a node is older than the node (ids ascend, so there is no cycle);
 *  - every primitive has as many inputs as it takes;
 *  - attributes are there and mean something for the inputs (axes exist, slices stay inside, ...);
 *  - operands' types and shapes agree, and the node's own follow from them (ir/verify/rules.ts);
 *  - sizes are whole and not negative; only sort, routine, regions and call have several results, and only pick takes them apart;
 *  - only floats and complex numbers require grad;
 *  - the graphs inside regions are such graphs, too, and rest on their parameters alone;
 *  - after decomposition: no composite, and no marker that only differentiation needs.
 * Cost: O(nodes + edges).
 */
import { isComplex, isFloat } from "../dtype.ts";
import { bodiesOf } from "../body.ts";
import { topologicalOrder } from "../walks.ts";
import { type Body, type Node, type Primitive } from "../graph.ts";
import { sameShape } from "../shape.ts";
import { Names, printNode } from "../text/graph.ts";
import { check } from "./report.ts";
import type { ResultType } from "./inferred.ts";
import { rules } from "./rules.ts";
import { inferScalar, inputCountOf, scalarDomains } from "./scalar-rules.ts";

export interface GraphStage {
  /** After decomposition: primitives alone. */
  readonly primitive: boolean;
}

const decomposed: ReadonlySet<string> = new Set<Primitive>(["call", "detach", "leaf", "with_history"]);

/** @throws IrError naming the node and the broken rule */
export function verifyGraph(roots: readonly Node[], stage: GraphStage): void {
  for (const node of topologicalOrder(roots)) {
    verifyNode(node, stage);
    for (const body of bodiesOf(node)) verifyBody(body, stage);
  }
}

/** Calls verifyGraph in turn: regions are nested no deeper than the program that was written. */
function verifyBody({ parameters, results, text }: Body, stage: GraphStage): void {
  const own = new Set(parameters);
  check(own.size === parameters.length, () => text, "parameters differ");
  for (const node of topologicalOrder(results)) {
    const isOutside = (node.op === "input" && !own.has(node)) || node.op === "scalar";
    check(!isOutside, () => `${printNode(node, new Names())} in ${text}`, "a body rests on its parameters alone");
  }
  verifyGraph(results, stage);
}

function verifyNode(node: Node, { primitive }: GraphStage): void {
  const where = (): string => printNode(node, new Names());
  check(
    node.inputs.every((input) => input.id < node.id),
    where,
    "inputs are older than their user",
  );
  check(
    node.shape.every((size) => Number.isInteger(size) && size >= 0),
    where,
    "sizes are whole and not negative",
  );
  check(!primitive || !decomposed.has(node.op), where, "only primitives remain after decomposition");
  const scalar = Object.hasOwn(scalarDomains, node.op) ? (node.op as keyof typeof scalarDomains) : null;
  const rule = rules[node.op as keyof typeof rules];
  check(scalar !== null || rule !== undefined, where, "the operation exists");
  const inputCount = scalar === null ? rule.inputs : inputCountOf(scalar);
  check(inputCount === null || node.inputs.length === inputCount, where, `${inputCount} inputs`);
  const passedOn = node.inputs.every((input) => input.outputs === null || node.op === "pick" || node.op === "call");
  check(passedOn, where, "several results are taken apart by pick");
  const inferred =
    scalar === null
      ? (rule.infer as (node: Node, inputs: readonly Node[]) => ReturnType<typeof inferScalar>)(node, node.inputs)
      : inferScalar(node, scalar);
  if (inferred !== "leaf") {
    if ("broken" in inferred) check(false, where, inferred.broken);
    verifyResults(node, "dtype" in inferred ? [inferred] : inferred, where);
  }
  const outputs = node.outputs ?? [node];
  check(
    outputs[0]!.dtype === node.dtype && sameShape(outputs[0]!.shape, node.shape),
    where,
    "a node has its first result's type and shape",
  );
  check(
    !node.requiresGrad || outputs.some(({ dtype }) => isFloat(dtype) || isComplex(dtype)),
    where,
    "only floats require grad",
  );
}

function verifyResults(node: Node, results: readonly ResultType[], where: () => string): void {
  const outputs = node.outputs ?? [node];
  check(outputs.length === results.length, where, `${results.length} results`);
  results.forEach(({ dtype, shape }, i) => {
    check(outputs[i]!.dtype === dtype, where, `result ${i} is ${dtype}`);
    check(sameShape(outputs[i]!.shape, shape), where, `result ${i} has shape [${shape.join(", ")}]`);
  });
}
