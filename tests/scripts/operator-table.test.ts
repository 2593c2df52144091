import { describe, expect, it } from "vitest";
import { operatorTable, readKnownFailures } from "../../scripts/generate-operator-table.ts";
import type { PublicOperator } from "../../scripts/generate/operator.ts";
import { operators } from "../../ir/operator.ts";
import "../../ir/ops/index.ts";

const define = (name: string, rest: Partial<PublicOperator> = {}): PublicOperator => ({
  name,
  signature: `${name}(Tensor input) -> Tensor`,
  places: ["torch"],
  doc: { summary: "Summary.", shape: "[*] -> [*]", source: "torch.it" },
  gradient: "none",
  measure: null,
  record: () => [],
  ...rest,
});
const lastRow = (text: string): string[] => text.trimEnd().split("\n").at(-1)!.split(" | ");

describe("the table of operators", () => {
  it("joins the overloads of a name and tells what each can do", () => {
    const plain = define("it", { aliases: ["that"], inplace: true });
    const other = define("it.dim", { places: ["Tensor"], gradient: () => [], composite: true, onnx: "It" });
    expect(lastRow(operatorTable([plain, other], []))).toEqual([
      "| [it](https://docs.pytorch.org/docs/stable/generated/torch.it.html)",
      "that",
      "torch, Tensor",
      "`it_`",
      "",
      "none, own rule",
      "yes",
      "yes",
      "yes",
      "its primitives, `It` |",
    ]);
  });

  it("counts the checks that are known to fail, by device", () => {
    const failures = [
      { check: "it/float32/0 function torch.it", devices: ["webgpu"] },
      { check: "it/float32/1 inplace it_" },
    ];
    const row = lastRow(operatorTable([define("it", { measure: () => [] })], failures));
    expect(row.slice(6, 9)).toEqual(["yes, 1 known failure", "yes, 1 known failure", "`…Async`, 2 known failures"]);
  });

  it("has a row for every operator that users can call", () => {
    const table = operatorTable([...operators()], readKnownFailures());
    const callable = [...operators()].filter(({ places }) => places.length > 0);
    const missing = callable.filter(({ name }) => !table.includes(`\n| [${name.split(".")[0]}](`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
