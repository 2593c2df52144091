/** Type promotion: the rules asked directly (result_type, can_cast, finfo, ...), and real calls over pairs of dtypes. */
import { member, type Adapter } from "../adapter.ts";
import type { CompareMode } from "../compare.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import {
  elementCount,
  type DTypeName,
  type RecordedError,
  type TensorNode,
  type Tree,
  type TypedArray,
} from "../format.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind, mustRefuse } from "./kind.ts";

/** A tensor of ones, or a Python scalar. */
type Operand = { dim: number; dtype: DTypeName } | { scalar: number | boolean; py: string };

type PromotionCase =
  | { kind: "result_type"; a: Operand; b: Operand; result: string }
  | { kind: "promote_types"; a: DTypeName; b: DTypeName; result: string }
  | { kind: "can_cast"; a: DTypeName; b: DTypeName; result: boolean }
  | { kind: "op"; op: string; a: TensorNode; b: TensorNode; out?: Tree; error?: RecordedError }
  | { kind: "unary"; op: string; a: TensorNode; out?: Tree; error?: RecordedError }
  | { kind: "finfo" | "iinfo"; dtype: DTypeName; v: Record<string, Tree>; bits: number };

export const promotion = defineKind<PromotionCase>({
  operator: (record) => (record.kind === "op" || record.kind === "unary" ? record.op : `torch.${record.kind}`),
  *checks(record, { adapter }) {
    yield { label: record.kind, run: () => check(adapter, record) };
  },
});

async function check(adapter: Adapter, record: PromotionCase): Promise<string | null> {
  switch (record.kind) {
    case "result_type": {
      const result = await adapter.call("torch.result_type", [operand(adapter, record.a), operand(adapter, record.b)]);
      return new Comparison(adapter).expect(result, { $: "dtype", v: record.result }).verdict();
    }
    case "promote_types": {
      const result = await adapter.call("torch.promote_types", [adapter.dtype(record.a), adapter.dtype(record.b)]);
      return new Comparison(adapter).expect(result, { $: "dtype", v: record.result }).verdict();
    }
    case "can_cast": {
      const result = await adapter.call("torch.can_cast", [adapter.dtype(record.a), adapter.dtype(record.b)]);
      return new Comparison(adapter).expect(result, record.result).verdict();
    }
    case "finfo":
    case "iinfo": {
      const info = adapter.construct(`torch.${record.kind}`, [adapter.dtype(record.dtype)]);
      const comparison = new Comparison(adapter).expect(member(info, "bits"), record.bits, {}, "bits");
      for (const [name, value] of Object.entries(record.v)) comparison.expect(member(info, name), value, {}, name);
      return comparison.verdict();
    }
    case "op":
    case "unary":
      return checkCall(adapter, record);
  }
}

function operand(adapter: Adapter, recorded: Operand): unknown {
  if ("scalar" in recorded) return recorded.scalar;
  const shape = Array.from({ length: recorded.dim }, () => 1);
  return adapter.makeTensor(ones(recorded.dtype, elementCount(shape)), shape, recorded.dtype);
}

function ones(dtype: DTypeName, count: number): TypedArray {
  switch (dtype) {
    case "bool":
    case "uint8":
      return new Uint8Array(count).fill(1);
    case "int8":
      return new Int8Array(count).fill(1);
    case "int16":
      return new Int16Array(count).fill(1);
    case "int32":
      return new Int32Array(count).fill(1);
    case "int64":
      return new BigInt64Array(count).fill(1n);
    case "float64":
      return new Float64Array(count).fill(1);
    case "float16":
    case "bfloat16":
    case "float32":
      return new Float32Array(count).fill(1);
    case "complex64":
      return new Float32Array(2 * count).fill(1);
    case "complex128":
      return new Float64Array(2 * count).fill(1);
  }
}

/** Calls that need a `dim` besides their operand. */
const ALONG_A_DIM = new Set(["torch.cumsum", "torch.softmax"]);

async function checkCall(
  adapter: Adapter,
  record: Extract<PromotionCase, { kind: "op" | "unary" }>,
): Promise<string | null> {
  const decoder = new Decoder(adapter);
  const args: unknown[] = [decoder.tensor(record.a)];
  if (record.kind === "op") args.push(decoder.value(record.b));
  if (record.op === "torch.where") args.unshift(adapter.makeTensor(Uint8Array.of(1, 0, 1), [3], "bool"));
  if (ALONG_A_DIM.has(record.op)) args.push(0);
  const call = () => adapter.call(record.op, args);
  if (record.error !== undefined) return mustRefuse(adapter, record.error, call);
  if (record.out === undefined) throw new NotImplementedHere("a case without a result");
  // Which of two equal elements comes first is not recorded.
  const modes: CompareMode[] | undefined = record.op === "torch.sort" ? ["close", "meta"] : undefined;
  return new Comparison(adapter).expect(await call(), record.out, { modes }).verdict();
}
