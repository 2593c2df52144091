/**
 * The page docs/generated/operators.md: every operator, where PyTorch's users find it, how it is differentiated, on
 * which devices it runs and how it is exported. Every device runs every primitive: a table of an emitter that lacks one
 * does not compile. So what sets operators apart is whether they need values to know a shape, and how many of PyTorch's
 * recorded calls of them pass and fail (tests/oracle, which holds the library to both numbers).
 */
import { readFileSync } from "node:fs";
import { documentationPage } from "./generate/document.ts";
import { functionEntries, methodEntries, type Entries } from "./generate/entries.ts";
import type { PublicOperator } from "./generate/operator.ts";

export interface KnownFailure {
  /** Such as `add/float32/3 function torch.add`. */
  readonly check: string;
  readonly devices?: readonly string[];
}
/** By device and by function or method: `torch.add`, `Tensor.add_`. */
export type PassedCalls = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Checks {
  readonly passed: PassedCalls;
  readonly failures: readonly KnownFailure[];
}

const devices = [
  ["js", "cpu:js"],
  ["wasm", "cpu"],
  ["webgpu", "webgpu"],
] as const;

export function readChecks(): Checks {
  const read = (name: string): unknown =>
    JSON.parse(readFileSync(new URL(`../tests/oracle/${name}`, import.meta.url), "utf8"));
  return { passed: read("passed-calls.json") as PassedCalls, failures: read("known-failures.json") as KnownFailure[] };
}

const baseName = (operator: PublicOperator): string => operator.name.split(".")[0]!;

function gradientOf({ gradient, composite }: PublicOperator): string {
  if (gradient === "none") return "none";
  return gradient === "through decomposition" ? (composite ? "through its parts" : "yes") : "own rule";
}

/** The functions and methods that lead to each operator. */
function callsOf(operators: readonly PublicOperator[]): ReadonlyMap<PublicOperator, ReadonlySet<string>> {
  const calls = new Map<PublicOperator, Set<string>>();
  const add = (prefix: string, entries: Entries): void => {
    for (const [name, entry] of entries)
      for (const operator of entry.operators)
        calls.set(operator, (calls.get(operator) ?? new Set<string>()).add(`${prefix}.${name}`));
  };
  add("Tensor", methodEntries(operators));
  add("torch", functionEntries(operators, "torch"));
  for (const place of ["nn.functional", "linalg", "special", "fft"] as const)
    add(`torch.${place}`, functionEntries(operators, place));
  return calls;
}

/** What a failing check calls: `Tensor.add_` for `inplace add_`. */
function calleeOf(check: string): string {
  const [kind, name] = check.split(" ").slice(-2) as [string, string];
  return kind === "method" || kind === "inplace" ? `Tensor.${name}` : name;
}

function deviceCell(
  operators: readonly PublicOperator[],
  calls: ReadonlySet<string>,
  device: string,
  { passed, failures }: Checks,
): string {
  const measures = device === "webgpu" && operators.some((operator) => operator.measure !== null);
  const good = [...calls].reduce((sum, call) => sum + (passed[device]?.[call] ?? 0), 0);
  const bad = failures.filter(
    ({ check, devices: on }) => calls.has(calleeOf(check)) && (on === undefined || on.includes(device)),
  ).length;
  const counts = [...(good > 0 ? [`${good} ✓`] : []), ...(bad > 0 ? [`${bad} ✗`] : [])];
  return [measures ? "`…Async`" : "yes", ...counts].join(", ");
}

function onnxOf({ onnx, measure }: PublicOperator): string {
  if (onnx !== undefined) return `\`${onnx}\``;
  return measure === null ? "its primitives" : "no";
}

const distinct = (values: readonly string[]): string => [...new Set(values)].join(", ");

export function operatorTable(operators: readonly PublicOperator[], checks: Checks): string {
  const groups = new Map<string, PublicOperator[]>();
  for (const operator of operators) {
    const name = baseName(operator);
    // Without a place it is a part of other operators.
    if (operator.places.length === 0 && operator.inplace !== true) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [operator]);
    else group.push(operator);
  }
  const calls = callsOf(operators);
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => row(name, group, calls, checks));
  return `# Operators

Written by \`npm run generate\` from the definitions in \`ir/ops\`: ${groups.size} operators. ✓ and ✗ count the calls that PyTorch recorded and that pass or fail on a device ([parity](../parity.md) has the reasons); on WebGPU every sixteenth is tried. An operator without a count is none of those that were recorded there. \`…Async\`: the result's shape depends on data, so on a device that cannot be read synchronously the operator is called by its \`…Async\` name.

| Operator | Other names | Where | In place | View | Gradient | ${devices.map(([heading]) => heading).join(" | ")} | ONNX |
| --- | --- | --- | --- | --- | --- | ${devices.map(() => "---").join(" | ")} | --- |
${rows.join("\n")}
`;
}

function row(
  name: string,
  group: readonly PublicOperator[],
  calls: ReadonlyMap<PublicOperator, ReadonlySet<string>>,
  checks: Checks,
): string {
  const others = group.flatMap((operator) => operator.aliases ?? []).map((alias) => alias.split(".")[0]!);
  const names = [...new Set([name, ...others])];
  const called = new Set(group.flatMap((operator) => [...(calls.get(operator) ?? [])]));
  const cells = [
    `[${name}](${documentationPage(group[0]!.doc.source)})`,
    names.slice(1).join(", "),
    distinct(group.flatMap((operator) => operator.places)),
    group.some((operator) => operator.inplace) ? `\`${name}_\`` : "",
    group.some((operator) => operator.view) ? "yes" : "",
    distinct(group.map(gradientOf)),
    ...devices.map(([, device]) => deviceCell(group, called, device, checks)),
    distinct(group.map(onnxOf)),
  ];
  return `| ${cells.join(" | ")} |`;
}
