/**
 * The page docs/generated/operators.md: every operator, where PyTorch's users find it, how it is differentiated, on
 * which devices it runs and how it is exported. Every device runs every primitive, so what sets operators apart is
 * whether they need values to know a shape, and the checks against PyTorch that are known to fail.
 */
import { readFileSync } from "node:fs";
import { documentationPage } from "./generate/document.ts";
import type { PublicOperator } from "./generate/operator.ts";

export interface KnownFailure {
  /** Such as `add/float32/3 function torch.add`. */
  readonly check: string;
  readonly devices?: readonly string[];
}

const devices = [
  ["js", "cpu:js"],
  ["wasm", "cpu"],
  ["webgpu", "webgpu"],
] as const;

export function readKnownFailures(): KnownFailure[] {
  const file = new URL("../tests/oracle/known-failures.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as KnownFailure[];
}

const baseName = (operator: PublicOperator): string => operator.name.split(".")[0]!;

function gradientOf({ gradient, composite }: PublicOperator): string {
  if (gradient === "none") return "none";
  return gradient === "through decomposition" ? (composite ? "through its parts" : "yes") : "own rule";
}

/** Failing checks of an operator on a device. */
function failureCount(names: readonly string[], device: string, failures: readonly KnownFailure[]): number {
  return failures.filter(({ check, devices: on }) => {
    const called = check.split(" ").at(-1)!.split(".").at(-1)!.replace(/_$/, "");
    return names.includes(called) && (on === undefined || on.includes(device));
  }).length;
}

function deviceCell(
  operators: readonly PublicOperator[],
  names: readonly string[],
  device: string,
  failures: readonly KnownFailure[],
): string {
  const measures = device === "webgpu" && operators.some((operator) => operator.measure !== null);
  const count = failureCount(names, device, failures);
  return `${measures ? "`…Async`" : "yes"}${count > 0 ? `, ${count} known failure${count > 1 ? "s" : ""}` : ""}`;
}

function onnxOf({ onnx, measure }: PublicOperator): string {
  if (onnx !== undefined) return `\`${onnx}\``;
  return measure === null ? "its primitives" : "no";
}

const distinct = (values: readonly string[]): string => [...new Set(values)].join(", ");

export function operatorTable(operators: readonly PublicOperator[], failures: readonly KnownFailure[]): string {
  const groups = new Map<string, PublicOperator[]>();
  for (const operator of operators) {
    const name = baseName(operator);
    // Without a place it is a part of other operators.
    if (operator.places.length === 0 && operator.inplace !== true) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [operator]);
    else group.push(operator);
  }
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => row(name, group, failures));
  return `# Operators

Written by \`npm run generate\` from the definitions in \`ir/ops\`: ${groups.size} operators. \`…Async\`: the result's shape depends on data, so on a device that cannot be read synchronously the operator is called by its \`…Async\` name.

| Operator | Other names | Where | In place | View | Gradient | ${devices.map(([heading]) => heading).join(" | ")} | ONNX |
| --- | --- | --- | --- | --- | --- | ${devices.map(() => "---").join(" | ")} | --- |
${rows.join("\n")}
`;
}

function row(name: string, group: readonly PublicOperator[], failures: readonly KnownFailure[]): string {
  const others = group.flatMap((operator) => operator.aliases ?? []).map((alias) => alias.split(".")[0]!);
  const names = [...new Set([name, ...others])];
  const cells = [
    `[${name}](${documentationPage(group[0]!.doc.source)})`,
    names.slice(1).join(", "),
    distinct(group.flatMap((operator) => operator.places)),
    group.some((operator) => operator.inplace) ? `\`${name}_\`` : "",
    group.some((operator) => operator.view) ? "yes" : "",
    distinct(group.map(gradientOf)),
    ...devices.map(([, device]) => deviceCell(group, names, device, failures)),
    distinct(group.map(onnxOf)),
  ];
  return `| ${cells.join(" | ")} |`;
}
