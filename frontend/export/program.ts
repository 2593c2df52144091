/** A recorded model, compiled for one target: what codegen/export takes. */
import "../gpu-kernels.ts";
import type { ExportModel, ExportTarget, Given, NamedOutput, NamedTensor } from "../../codegen/export/index.ts";
import { describe } from "../../ir/builder.ts";
import { ExportError } from "../../ir/errors.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { type Node } from "../../ir/graph.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import { printGraph } from "../../ir/text/index.ts";
import { supports, type DeviceName } from "../../runtime/device.ts";
import { compileGraph } from "../pipeline.ts";
import { placeholders, placeOf, scalarValue } from "../program-values.ts";
import { valueOf } from "../value.ts";
import { at, type Recorded } from "./record.ts";
import type { Weight } from "./weights.ts";

export const deviceOfTarget: Readonly<Record<ExportTarget, DeviceName>> = {
  js: "cpu:js",
  wasm: "cpu",
  webgpu: "webgpu",
};

export interface TargetProgram {
  readonly model: ExportModel;
  /** In the order of the model's. */
  readonly weights: readonly Weight[];
}

const isLeaf = (node: Node): boolean => valueOf(node) !== null;
/** The outputs, and what the checks compute. */
const rootsOf = ({ outputs, checks }: Recorded): Node[] => [
  ...outputs.map(({ node }) => node),
  ...(checks === null ? [] : [checks.node]),
];

/** @throws ExportError naming everything that the target cannot do */
export function compileFor(recorded: Recorded, target: ExportTarget): TargetProgram {
  const order = topologicalOrder(rootsOf(recorded), isLeaf);
  refuseTypes(recorded, order, target);
  const placed = placeholders(order);
  const roots = rootsOf(recorded).map((node) => placed.get(node)!);
  const compiled = compileGraph(roots, { device: deviceOfTarget[target], name: "exported" });
  const sourceOf = (leaf: Node): Node => order[placeOf(leaf)]!;

  const inputIndex = new Map(recorded.inputs.map(({ node }, index) => [node, index]));
  const used = new Set(compiled.inputs.map(sourceOf));
  for (const result of compiled.results) if ("input" in result) used.add(sourceOf(result.input));
  const weights = recorded.weights.filter(({ node }) => used.has(node));
  const weightIndex = new Map(weights.map(({ node }, index) => [node, index]));
  const givenOf = (leaf: Node): Given => {
    const node = sourceOf(leaf);
    const index = inputIndex.get(node);
    return index === undefined ? { kind: "weight", index: weightIndex.get(node)! } : { kind: "input", index };
  };
  const outputOf = (output: { readonly name: string; readonly node: Node }, i: number): NamedOutput => {
    const result = compiled.results[i]!;
    return {
      ...named(output),
      from: "input" in result ? givenOf(result.input) : { kind: "result", index: result.output },
    };
  };
  const graphText = textOf(recorded);
  const model: ExportModel = {
    inputs: recorded.inputs.map(named),
    weights: weights.map(named),
    outputs: recorded.outputs.map(outputOf),
    checks:
      recorded.checks === null
        ? null
        : {
            status: outputOf({ name: "status", node: recorded.checks.node }, recorded.outputs.length),
            messages: recorded.checks.errors.map((error) => messageOf(error(null))),
          },
    program: compiled.program,
    given: compiled.inputs.map(givenOf),
    numbers: compiled.scalars.map((leaf) => scalarValue(sourceOf(leaf))),
    graphText,
    graphHash: digest(graphText),
  };
  return { model, weights };
}

/** Without the line: it is of no use where the exported module runs, and equal models should give equal files. */
const messageOf = ({ message }: Error): string => message.split("\n  at ")[0]!;

const named = ({ name, node }: { readonly name: string; readonly node: Node }): NamedTensor => ({
  name,
  dtype: node.dtype,
  shape: node.shape,
});

function refuseTypes(recorded: Recorded, order: readonly Node[], target: ExportTarget): void {
  const names = new Map([...recorded.inputs, ...recorded.weights].map(({ name, node }) => [node, name]));
  const problems = new Set<string>();
  for (const node of order) {
    if (supports(deviceOfTarget[target], node.dtype)) continue;
    const call = recorded.callOf(node);
    const name = names.get(node) ?? call?.operator ?? node.op;
    const from = isLeaf(node) || node.inputs.length === 0 ? "" : `${node.inputs.map(describe).join(", ")} -> `;
    problems.add(`${name}${at(call?.site ?? null)} (${from}${describe(node)})`);
  }
  if (problems.size === 0) return;
  const list = [...problems];
  throw new ExportError(
    "export/dtype",
    `export: the target "${target}" does not compute in the types of ${list.length === 1 ? "one value" : `${list.length} values`}:\n  ${list.join(";\n  ")}.\n  Nothing was written.`,
    target === "webgpu"
      ? 'Convert the model with model.float(), or export with { target: "wasm" }.'
      : "Compute with real numbers: torch.view_as_real(x) gives their parts.",
  );
}

/** The recorded graph, and below it what its leaves are. */
export function textOf(recorded: Recorded): string {
  const order = topologicalOrder(
    recorded.outputs.map(({ node }) => node),
    isLeaf,
  );
  const placed = placeholders(order);
  const text = printGraph(recorded.outputs.map(({ node }) => placed.get(node)!));
  // Printing numbers nodes in their order.
  const number = new Map(order.map((node, i) => [node, i + 1]));
  const leaves = [
    ...recorded.inputs.map(({ name, node }) => ({ node, text: `input ${name}` })),
    ...recorded.weights.map(({ name, node }) => ({ node, text: `weight ${name}` })),
    ...order.flatMap((node) =>
      node.op === "scalar" ? [{ node, text: `number ${String((node.binding as ScalarArgument).value)}` }] : [],
    ),
  ];
  const lines = leaves.flatMap((leaf) => (number.has(leaf.node) ? [`# %${number.get(leaf.node)} ${leaf.text}\n`] : []));
  return (
    text + lines.join("") + recorded.outputs.map(({ name, node }) => `# %${number.get(node)} output ${name}\n`).join("")
  );
}

/** Two FNV-1a of 32 bits: tells graphs apart; no protection against anybody. */
function digest(text: string): string {
  let [first, second] = [0x811c9dc5, 0x01000193];
  for (const byte of new TextEncoder().encode(text)) {
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x85ebca6b);
  }
  return [first, second].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
