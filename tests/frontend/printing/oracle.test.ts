import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { PrintableTensor, PrintOptionChanges } from "../../../frontend/printing/index.ts";
import {
  changePrintOptions,
  defaultPrintOptions,
  formatNamedResult,
  formatParameter,
  formatTensor,
  formatTorchName,
  reprDevice,
  strDevice,
} from "../../../frontend/printing/index.ts";
import { sizeText } from "../../../ir/shape.ts";

interface TensorNode {
  readonly $: "tensor";
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string;
  readonly requires_grad?: boolean;
}
interface NamedNode {
  readonly $: string;
  readonly v: string;
}
interface NamedTupleNode {
  readonly $: "tuple";
  readonly v: readonly TensorNode[];
  readonly names: readonly string[];
}
interface Case {
  readonly kind?: string;
  readonly code?: string;
  readonly value: unknown;
  readonly printoptions?: PrintOptionChanges;
  readonly repr: string;
  readonly str?: string;
}

const cases = gunzipSync(readFileSync(new URL("../../oracle/cases/printing.jsonl.gz", import.meta.url)))
  .toString("utf8")
  .split("\n")
  .slice(1)
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Case);

const bfloat16ToFloat = (half: number): number => new Float32Array(new Uint32Array([half << 16]).buffer)[0]!;

function decode({ dtype, shape, data, requires_grad }: TensorNode): PrintableTensor {
  const bytes = Uint8Array.from(Buffer.from(data, "base64")).buffer;
  const arrays: Readonly<Record<string, () => PrintableTensor["data"]>> = {
    float32: () => new Float32Array(bytes),
    float64: () => new Float64Array(bytes),
    int64: () => new BigInt64Array(bytes),
    int8: () => new Int8Array(bytes),
    uint8: () => new Uint8Array(bytes),
    bool: () => new Uint8Array(bytes),
    bfloat16: () => Array.from(new Uint16Array(bytes), bfloat16ToFloat),
  };
  return { dtype, shape, data: arrays[dtype]!(), requires_grad: requires_grad ?? false };
}

/** The `code` cases, computed by hand on the decoded 2x2 float32 input: what printing gets from the tensor library. */
const programs: Readonly<Record<string, (x: readonly number[]) => Omit<PrintableTensor, "dtype">>> = {
  "x * 2": (x) => ({ data: x.map((v) => v * 2), shape: [2, 2], grad_fn: "MulBackward0" }),
  "x.sum()": (x) => ({ data: [x.reduce((sum, v) => Math.fround(sum + v), 0)], shape: [], grad_fn: "SumBackward0" }),
  "x.view(-1)": (x) => ({ data: x, shape: [4], grad_fn: "ViewBackward0" }),
  "relu(x)": (x) => ({ data: x.map((v) => Math.max(v, 0)), shape: [2, 2], grad_fn: "ReluBackward0" }),
  "x.t().exp()": (x) => ({
    data: [x[0]!, x[2]!, x[1]!, x[3]!].map((v) => Math.fround(Math.exp(v))),
    shape: [2, 2],
    grad_fn: "ExpBackward0",
  }),
};

function print({ kind, code, value, printoptions }: Case): { repr: string; str: string } {
  const both = (text: string) => ({ repr: text, str: text });
  const options = changePrintOptions(defaultPrintOptions, printoptions ?? {});
  const tensor = (node: unknown): string => formatTensor(decode(node as TensorNode), options);
  switch (kind) {
    case undefined: {
      if (code === undefined) return both(tensor(value));
      const { data } = decode(value as TensorNode);
      return both(formatTensor({ dtype: "float32", ...programs[code]!(Array.from(data, Number)) }, options));
    }
    case "Size":
      return both(sizeText(value as number[]));
    case "dtype":
    case "layout":
    case "memory_format":
      return both(formatTorchName((value as NamedNode).v));
    case "device": {
      const device = { type: (value as NamedNode).v };
      return { repr: reprDevice(device), str: strDevice(device) };
    }
    case "Parameter":
      return both(formatParameter(tensor(value)));
    case "named_tuple": {
      const { v, names } = value as NamedTupleNode;
      return both(
        formatNamedResult(
          "max",
          names.map((name, i) => [name, tensor(v[i])]),
        ),
      );
    }
    default:
      throw new Error(`a kind of printing case that this test does not know: ${kind}`);
  }
}

describe("the printing oracle", () => {
  it("has the 101 cases that were recorded", () => {
    expect(cases).toHaveLength(101);
  });

  cases.forEach((entry, index) => {
    it(`case ${index} prints as PyTorch does`, () => {
      const printed = print(entry);
      expect(printed.repr).toBe(entry.repr);
      // Where only the repr was recorded, the two are the same text.
      expect(printed.str).toBe(entry.str ?? entry.repr);
    });
  });
});
