import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { operatorTable, readChecks } from "../../scripts/generate-operator-table.ts";
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

/** Overloads of a name may be defined in another order where all families are loaded at once. */
const lines = (text: string): string[] => text.split("\n").sort();

describe("the table of operators", () => {
  it("joins the overloads of a name and tells what each can do", () => {
    const plain = define("it", { aliases: ["that"], inplace: true });
    const other = define("it.dim", { places: ["Tensor"], gradient: () => [], composite: true, onnx: "It" });
    expect(lastRow(operatorTable([plain, other], { passed: {}, failures: [] }))).toEqual([
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

  it("counts the checks that pass and that are known to fail, by device", () => {
    const failures = [
      { check: "it/float32/0 function torch.it", devices: ["webgpu"] },
      { check: "it/float32/1 method it" },
      { check: "it/float32/1 function torch.linalg.it" },
    ];
    const passed = { cpu: { "torch.it": 3, "Tensor.it": 2, "torch.special.it": 4 }, webgpu: {} };
    const it = define("it", { measure: () => [], places: ["torch", "Tensor"] });
    const row = lastRow(operatorTable([it], { passed, failures }));
    expect(row.slice(6, 9)).toEqual(["yes, 1 ✗", "yes, 5 ✓, 1 ✗", "`…Async`, 2 ✗"]);
  });

  it("is the page that is generated, and finds every call that was counted", () => {
    const checks = readChecks();
    const all = [...operators()];
    const page = readFileSync(new URL("../../docs/generated/operators.md", import.meta.url), "utf8");
    const counts = (text: string): number[] => [...text.matchAll(/(\d+) ✓/g)].map(([, count]) => Number(count));
    expect(lines(page)).toEqual(lines(operatorTable(all, checks)));
    expect(counts(page).length).toBeGreaterThan(1000);
    for (const device of ["cpu", "cpu:js", "webgpu"])
      expect(Object.keys(checks.passed[device]!).length).toBeGreaterThan(300);
  });

  it("has a row for every operator that users can call", () => {
    const table = operatorTable([...operators()], readChecks());
    const callable = [...operators()].filter(({ places }) => places.length > 0);
    const missing = callable.filter(({ name }) => !table.includes(`\n| [${name.split(".")[0]}](`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
