import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CASES_DIRECTORY } from "./cli.ts";
import { caseFileNames, elementCount, elementsOf, floatOf, isComplex, readCases, type TensorNode } from "./format.ts";
import { kindOf } from "./kinds/index.ts";

function* tensorsIn(value: unknown): Generator<TensorNode> {
  if (value === null || typeof value !== "object") return;
  if ((value as { $?: unknown }).$ === "tensor") yield value as TensorNode;
  else for (const part of Object.values(value)) yield* tensorsIn(part);
}

describe("the case files", () => {
  const manifest = JSON.parse(readFileSync(`${CASES_DIRECTORY}/manifest.json`, "utf8")) as Record<
    string,
    { cases: number } | undefined
  >;

  it.each(caseFileNames(CASES_DIRECTORY))("%s decodes completely and is as long as the manifest says", (file) => {
    const wrongSizes: unknown[] = [];
    let cases = 0;
    for (const { record, index } of readCases(CASES_DIRECTORY, file)) {
      cases++;
      expect(kindOf(file).operator(record)).toBeTypeOf("string");
      for (const node of tensorsIn(record)) {
        const wanted = elementCount(node.shape) * (isComplex(node.dtype) ? 2 : 1);
        if (elementsOf(node).length !== wanted) wrongSizes.push([index, node.dtype, node.shape]);
      }
    }
    expect(wrongSizes).toEqual([]);
    expect(cases).toBe(manifest[file]?.cases);
  });

  it("are skipped without being parsed where they are not wanted", () => {
    const indices = [...readCases(CASES_DIRECTORY, "optim", (index) => index % 50 === 0)].map(({ index }) => index);
    expect(indices).toEqual([0, 50]);
  });
});

describe("elementsOf", () => {
  const base64 = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("base64");
  const bits = (...words: number[]) => base64(Uint16Array.from(words).buffer);

  it("reads float32", () => {
    expect([...elementsOf({ dtype: "float32", data: "AACAPwAAAMA=" })]).toEqual([1, -2]);
  });

  it("widens float16, subnormals and infinities included", () => {
    const data = bits(0x3c00, 0xc100, 0x0001, 0x7c00, 0xfc00, 0x7e00);
    expect([...elementsOf({ dtype: "float16", data })]).toEqual([1, -2.5, 2 ** -24, Infinity, -Infinity, NaN]);
  });

  it("widens bfloat16", () => {
    expect([...elementsOf({ dtype: "bfloat16", data: bits(0x3fc0, 0xbf80) })]).toEqual([1.5, -1]);
  });

  it("reads int64 as bigints", () => {
    const data = base64(BigInt64Array.of(-1n, 2n ** 60n).buffer);
    expect([...elementsOf({ dtype: "int64", data })]).toEqual([-1n, 2n ** 60n]);
  });
});

describe("floatOf", () => {
  it("names what JSON cannot hold", () => {
    expect(floatOf({ $: "float", v: "nan" })).toBeNaN();
    expect(floatOf({ $: "float", v: "-inf" })).toBe(-Infinity);
    expect(floatOf({ $: "float", v: "-0" })).toBe(-0);
    expect(floatOf({ $: "float", v: 2 })).toBe(2);
  });
});
