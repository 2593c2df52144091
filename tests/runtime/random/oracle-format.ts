/** Reads the oracle's case files (format: tests/oracle/cases, described with the oracle itself) as far as these tests need. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export type ElementArray =
  Float32Array | Float64Array | Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint16Array;

export interface OracleTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ElementArray;
}

export type OracleValue =
  null | boolean | number | bigint | string | OracleTensor | readonly OracleValue[] | { readonly dtype: string };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The cases of `tests/oracle/cases/<name>.jsonl.gz`, undecoded. */
export function readCases<T>(name: string): T[] {
  const path = fileURLToPath(new URL(`../../oracle/cases/${name}.jsonl.gz`, import.meta.url));
  const lines = gunzipSync(readFileSync(path)).toString("utf8").split("\n");
  return lines
    .slice(1)
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

const arrays: Readonly<Record<string, new (buffer: ArrayBuffer) => ElementArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Turns tagged JSON into plain values: tuples into arrays, tagged numbers into numbers or bigints. */
export function decode(json: Json): OracleValue {
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map(decode);
  const node = json as Readonly<Record<string, Json>>;
  switch (node["$"]) {
    case "tensor": {
      const bytes = Uint8Array.from(Buffer.from(node["data"] as string, "base64"));
      const dtype = node["dtype"] as string;
      return { dtype, shape: node["shape"] as number[], data: new arrays[dtype]!(bytes.buffer) };
    }
    case "tuple":
      return (node["v"] as Json[]).map(decode);
    case "float":
      return Number((node["v"] as number | string).toString().replace("inf", "Infinity"));
    case "int":
      return BigInt(node["v"] as string);
    case "dtype":
      return { dtype: node["v"] as string };
    default:
      throw new Error(`a node that these tests do not know: ${JSON.stringify(json)}`);
  }
}

export type { Json };
