/**
 * How a buffer's elements are read and written in WGSL.
 *
 * Values live in big GPU buffers ("heaps") of u32 words. Narrow dtypes take a word each, the value's own bits lowest,
 * so that no two elements share a word; int64 takes two. A kernel gets each operand's word offset in its heap from
 * the parameter record. A heap is typed as vec4 words when the kernel's stores to it are whole aligned vectors:
 * a store to one component may rewrite all four, so single elements can then be read but not written.
 */
import type { DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import { registerKind, type Type } from "../../ir/loop.ts";
import type { HelperName } from "./helpers.ts";
import { scalar, typeName, vector, type Width } from "./types.ts";

/** Where a buffer lives in one shader. */
export type Place =
  /** At `offset` (WGSL text, in words) of a heap; element i is at `offset + i * stride`. */
  | { readonly kind: "heap"; readonly heap: number; readonly offset: string; readonly stride: string | null }
  /** In a variable: an array of registers, or of vectors of them. */
  | { readonly kind: "array"; readonly name: string };

export interface BufferAccess {
  readonly place: Place;
  readonly dtype: DType;
  /** Whether the heap or array holds vectors of four. */
  readonly vectors: boolean;
}

/** What printing an access needs from its surroundings. */
export interface Surroundings {
  readonly bind: (text: string) => string;
  readonly helper: (name: HelperName, width: Width) => string;
  readonly line: (text: string) => void;
}

export function kindOf(dtype: DType): "f32" | "i32" | "i64" | "bool" {
  const kind = dtype === "complex64" || dtype === "complex128" ? "f64" : registerKind[dtype];
  if (kind === "f64") throw new IrError("wgsl/dtype", `WebGPU kernels do not take ${dtype}.`);
  return kind;
}

/** u32 words of one element. */
export const wordsOf = (dtype: DType): 1 | 2 => (kindOf(dtype) === "i64" ? 2 : 1);

export function loadText(access: BufferAccess, type: Type, index: string, around: Surroundings): string {
  const { place, dtype, vectors } = access;
  if (place.kind === "array") return arrayLoad(place.name, vectors, type, index, around);
  const word = wordIndex(place, dtype, index);
  const heap = `h${place.heap}`;
  if (type.lanes === 4) {
    if (vectors) return fromWords(dtype, `${heap}[(${word}) >> 2u]`, vector, around);
    const base = around.bind(word);
    const step = place.stride === null ? "u" : `u * ${place.stride}`;
    const words = [0, 1, 2, 3].map((lane) => `${heap}[${lane === 0 ? base : `${base} + ${lane}${step}`}]`);
    return fromWords(dtype, `vec4<u32>(${words.join(", ")})`, vector, around);
  }
  const one = (at: string): string => (vectors ? `${heap}[${at} >> 2u][${at} & 3u]` : `${heap}[${at}]`);
  if (wordsOf(dtype) === 2) {
    const base = around.bind(word);
    const next = vectors ? around.bind(`${base} + 1u`) : `${base} + 1u`;
    return `vec2<u32>(${one(base)}, ${one(next)})`;
  }
  return fromWords(dtype, one(vectors ? around.bind(word) : word), scalar, around);
}

export function storeText(access: BufferAccess, type: Type, index: string, value: string, around: Surroundings): void {
  const { place, dtype, vectors } = access;
  if (place.kind === "array") return arrayStore(place.name, vectors, type, index, value, around);
  const word = wordIndex(place, dtype, index);
  const heap = `h${place.heap}`;
  if (type.lanes === 4) {
    const words = toWords(dtype, value, vector, around);
    if (vectors) return around.line(`${heap}[(${word}) >> 2u] = ${words};`);
    const base = around.bind(word);
    const all = around.bind(words);
    const step = place.stride === null ? "u" : `u * ${place.stride}`;
    for (const [lane, name] of ["x", "y", "z", "w"].entries()) {
      around.line(`${heap}[${lane === 0 ? base : `${base} + ${lane}${step}`}] = ${all}.${name};`);
    }
    return;
  }
  if (wordsOf(dtype) === 2) {
    const base = around.bind(word);
    const both = around.bind(value);
    around.line(`${heap}[${base}] = ${both}.x;`);
    around.line(`${heap}[${base} + 1u] = ${both}.y;`);
    return;
  }
  around.line(`${heap}[${word}] = ${toWords(dtype, value, scalar, around)};`);
}

function wordIndex(place: Place & { kind: "heap" }, dtype: DType, index: string): string {
  const words = wordsOf(dtype) === 2 ? "2u * " : "";
  const stride = place.stride === null ? "" : ` * ${place.stride}`;
  return `${place.offset} + ${words}u32(${index})${stride}`;
}

/** The register value in a word (or in four). */
function fromWords(dtype: DType, words: string, width: Width, around: Surroundings): string {
  const { F, I, U } = width;
  switch (dtype) {
    case "float32":
      return `bitcast<${F}>(${words})`;
    case "int32":
      return `bitcast<${I}>(${words})`;
    case "int8":
      return `extractBits(bitcast<${I}>(${words}), 0u, 8u)`;
    case "int16":
      return `extractBits(bitcast<${I}>(${words}), 0u, 16u)`;
    case "uint8":
      return `bitcast<${I}>(${words} & ${U}(0xffu))`;
    case "bool":
      return `(${words} != ${U}(0u))`;
    case "float16":
      return `${around.helper("f16_bits_to_f32", width)}(${words})`;
    case "bfloat16":
      return `bitcast<${F}>(${words} << ${U}(16u))`;
    default:
      throw new IrError("wgsl/dtype", `WebGPU kernels do not load ${dtype} by words.`);
  }
}

function toWords(dtype: DType, value: string, width: Width, around: Surroundings): string {
  const { U } = width;
  switch (dtype) {
    case "float32":
    case "int32":
      return `bitcast<${U}>(${value})`;
    case "int8":
    case "uint8":
      return `(bitcast<${U}>(${value}) & ${U}(0xffu))`;
    case "int16":
      return `(bitcast<${U}>(${value}) & ${U}(0xffffu))`;
    case "bool":
      return `${U}(${value})`;
    case "float16":
      return `${around.helper("f32_to_f16_bits", width)}(${value})`;
    case "bfloat16":
      return `(bitcast<${U}>(${around.helper("round_bf16", width)}(${value})) >> ${U}(16u))`;
    default:
      throw new IrError("wgsl/dtype", `WebGPU kernels do not store ${dtype} by words.`);
  }
}

function arrayLoad(name: string, vectors: boolean, type: Type, index: string, around: Surroundings): string {
  if (type.lanes === 1) {
    if (!vectors) return `${name}[${index}]`;
    const at = around.bind(index);
    return `${name}[${at} >> 2u][${at} & 3]`;
  }
  if (vectors) return `${name}[(${index}) >> 2u]`;
  const base = around.bind(index);
  const elements = [0, 1, 2, 3].map((lane) => `${name}[${lane === 0 ? base : `${base} + ${lane}`}]`);
  return `${typeName(type)}(${elements.join(", ")})`;
}

function arrayStore(name: string, vectors: boolean, type: Type, index: string, value: string, around: Surroundings) {
  if (type.lanes === 1) return around.line(`${name}[${index}] = ${value};`);
  if (vectors) return around.line(`${name}[(${index}) >> 2u] = ${value};`);
  const base = around.bind(index);
  const all = around.bind(value);
  for (const [lane, component] of ["x", "y", "z", "w"].entries()) {
    around.line(`${name}[${lane === 0 ? base : `${base} + ${lane}`}] = ${all}.${component};`);
  }
}
