import { describe, expect, it } from "vitest";
import { documentationPage, knownErrors } from "../../scripts/generate/document.ts";
import { functionEntries, methodEntries } from "../../scripts/generate/entries.ts";
import { exportedNames } from "../../scripts/generate/hand-written.ts";
import { functionsModule, methodsModule } from "../../scripts/generate/modules.ts";
import type { PublicOperator } from "../../scripts/generate/operator.ts";

const define = (signature: string, rest: Partial<PublicOperator> = {}): PublicOperator => ({
  name: signature.slice(0, signature.indexOf("(")),
  signature,
  places: ["torch", "Tensor"],
  doc: { summary: "Summary.", shape: "[*] -> [*]", source: "torch.it" },
  gradient: "none",
  measure: null,
  record: () => [],
  ...rest,
});

const nothing = new Set<string>();
const withoutComments = (text: string): string[] =>
  text
    .replaceAll(/\/\*\*[^]*?\*\//g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"));
const methods = (...operators: PublicOperator[]): string[] =>
  withoutComments(methodsModule(methodEntries(operators), nothing).text).filter((line) => line.startsWith("it"));
const functions = (...operators: PublicOperator[]): string[] =>
  withoutComments(functionsModule(functionEntries(operators, "torch"), "torch", nothing).text).filter(
    (line) => !line.startsWith("import"),
  );

describe("the generator of declarations", () => {
  it("has one form for each number of arguments given by position", () => {
    expect(methods(define("it(Tensor input, int dim, Scalar? p=None, *, bool flag=False) -> Tensor"))).toEqual([
      "it(dim: number, p?: Scalar | null, options?: { flag?: boolean | undefined }): Tensor;",
      "it(dim: number, options: { p?: Scalar | null | undefined; flag?: boolean | undefined }): Tensor;",
      "it(options: { p?: Scalar | null | undefined; flag?: boolean | undefined } & ({ dim: number } | { axis: number })): Tensor;",
    ]);
  });

  it("has the usual call of each overload before those that name arguments", () => {
    const along = define("it(Tensor input, int dim) -> Tensor");
    const all = define("it(Tensor input) -> Tensor[]", { name: "it.all" });
    expect(methods(along, all)).toEqual([
      "it(dim: number): Tensor;",
      "it(): readonly Tensor[];",
      "it(options: ({ dim: number } | { axis: number })): Tensor;",
    ]);
  });

  it("takes several numbers for `int...`", () => {
    expect(methods(define("it(Tensor input, int... size, *, bool implicit=False) -> Tensor"))).toEqual([
      "it(...size: readonly number[]): Tensor;",
      "it(...args: readonly [...size: number[], options: { implicit?: boolean | undefined }]): Tensor;",
      "it(size: readonly number[], options?: { implicit?: boolean | undefined }): Tensor;",
      "it(options: { size: readonly number[]; implicit?: boolean | undefined }): Tensor;",
    ]);
  });

  it("joins the overloads of a name, each form once", () => {
    const all = define("it(Tensor input) -> Tensor");
    const along = define("it(Tensor input, int dim) -> Tensor[]", { name: "it.dim", results: ["values", "indices"] });
    expect(methods(all, along, { ...all, name: "it.again" })).toEqual([
      "it(): Tensor;",
      'it(dim: number): NamedTensors<["values", "indices"]>;',
      'it(options: ({ dim: number } | { axis: number })): NamedTensors<["values", "indices"]>;',
    ]);
  });

  it("declares in-place forms and twins that give promises", () => {
    const measuring = define("it(Tensor input) -> Tensor[2]", { inplace: true, measure: () => [] });
    expect(methods(measuring)).toEqual([
      "it(): readonly [Tensor, Tensor];",
      "itAsync(): Promise<readonly [Tensor, Tensor]>;",
      "it_(): this;",
      "it_Async(): Promise<this>;",
    ]);
  });

  it("gives functions `out`, and functions that create tensors `device`", () => {
    expect(functions(define("it(Tensor input) -> Tensor", { places: ["torch"] }))[1]).toBe(
      "(input: Tensor, options?: { out?: Tensor | null | undefined }): Tensor;",
    );
    const [, form] = functions(define("it(int... size, *, dtype? dtype=None) -> Tensor", { places: ["torch"] }));
    expect(form).toBe("(...size: readonly number[]): Tensor;");
    expect(functions(define("it(int n) -> Tensor", { places: ["torch"] }))[1]).toContain("device?: DeviceLike | null");
  });

  it("exports names that JavaScript reserves, and renames such parameters", () => {
    expect(functions(define("delete(Tensor in) -> Tensor"))).toEqual([
      'const delete$ = /* @__PURE__ */ functionOf("delete") as {',
      "(in_: Tensor, options?: { out?: Tensor | null | undefined }): Tensor;",
      "(options: { in: Tensor; out?: Tensor | null | undefined }): Tensor;",
      "};",
      "export { delete$ as delete };",
    ]);
  });

  it("puts names with a namespace's prefix there, and only there", () => {
    const norm = define("linalg_norm(Tensor A) -> Tensor", { places: ["linalg", "Tensor"] });
    expect([...functionEntries([norm], "linalg").keys()]).toEqual(["norm"]);
    expect([...functionEntries([norm], "torch").keys()]).toEqual([]);
    expect([...methodEntries([norm]).keys()]).toEqual([]);
  });

  it("leaves hand-written names alone", () => {
    const operator = define("it(Tensor input) -> Tensor");
    expect(functionsModule(functionEntries([operator], "torch"), "torch", new Set(["it"])).names).toEqual([]);
    const exported = exportedNames(new URL("../../frontend/creation.ts", import.meta.url).pathname);
    expect([...exported]).toEqual(expect.arrayContaining(["tensor", "zeros", "eye"]));
  });

  it.each([
    ["it(Tensor input", "no name(parameters)"],
    ["it(Tensr input) -> Tensor", '"Tensr" of parameter input is not a type'],
    ["it(Tensor input, Tensor input) -> Tensor", "parameter input twice"],
    ["it(Tensor input, int dim=0, int other) -> Tensor", "required parameter other after the optional dim"],
    ["it(int dim) -> Tensor", "first parameter must be a Tensor"],
    ["it(Tensor input) -> Tensor, Tensor", "is not a result type"],
  ])("names an operator that cannot be declared: %s", (signature, why) => {
    const fine = define("fine(Tensor input) -> Tensor");
    const { problems, names } = methodsModule(methodEntries([define(signature, { name: "it.bad" }), fine]), nothing);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("operator it.bad: ");
    expect(problems[0]).toContain(why);
    expect(names).toEqual(["fine"]);
  });

  it("finds PyTorch's page and the errors that a rule writes out", () => {
    expect(documentationPage("torch.special.erf")).toBe(
      "https://docs.pytorch.org/docs/stable/special.html#torch.special.erf",
    );
    expect(documentationPage("torch.relu")).toBe("https://docs.pytorch.org/docs/stable/generated/torch.relu.html");
    const record = {
      toString: () =>
        'throw new ShapeError(`${name}/rank`, ""); new DTypeError("it/dtype", ""); new IndexError(`${code}`)',
    };
    expect(knownErrors(define("it(Tensor input) -> Tensor", { record }))).toEqual([
      "ShapeError [it/rank]",
      "DTypeError [it/dtype]",
    ]);
  });
});
