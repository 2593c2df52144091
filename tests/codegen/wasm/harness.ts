/** Builds loop kernels by hand and runs them as WebAssembly on typed arrays. */
import "../../../frontend/special-functions.ts";
import { lowestAddress, hostFunctions, supportsRelaxedSimd } from "../../../codegen/wasm/index.ts";
import { setFlagsFromString } from "node:v8";
import { emitKernel } from "../../../codegen/wasm/emit-kernel.ts";
import { FunctionPool, ModuleBuilder } from "../../../codegen/wasm/module-builder.ts";
import type { DType } from "../../../ir/dtype.ts";
import type { BufferParam, Expr, LoopKernel, NumberParam, Operation, Stmt, Type } from "../../../ir/loop.ts";
import { f32, i32 } from "../../../ir/loop.ts";

export const c = (type: Type, value: number | bigint): Expr => ({ op: "const", type, value });
export const int = (value: number): Expr => c(i32, value);
export const v = (name: string, type: Type = i32): Expr => ({ op: "var", type, name });
export const p = (name: string, type: Type = f32): Expr => ({ op: "param", type, name });
export const load = (buffer: string, index: Expr, type: Type = f32): Expr => ({ op: "load", type, buffer, index });
export const op = (name: Operation, type: Type, ...args: Expr[]): Expr => ({ op: name, type, args });
export const add = (a: Expr, b: Expr): Expr => op("add", a.type, a, b);
export const mul = (a: Expr, b: Expr): Expr => op("mul", a.type, a, b);
export const store = (buffer: string, index: Expr, value: Expr): Stmt => ({ kind: "store", buffer, index, value });
export const letVar = (name: string, value: Expr): Stmt => ({ kind: "let", name, value });
export const declare = (name: string, value: Expr): Stmt => ({ kind: "declare", name, value });
export const assign = (name: string, value: Expr): Stmt => ({ kind: "assign", name, value });
export const loop = (name: string, end: number | Expr, body: Stmt[], step = 1, start: number | Expr = 0): Stmt => ({
  kind: "for",
  name,
  start: typeof start === "number" ? int(start) : start,
  end: typeof end === "number" ? int(end) : end,
  step,
  mode: "serial",
  body,
});
export const vec = (type: Type, lanes = type.kind === "f64" || type.kind === "i64" ? 2 : 4): Type => ({
  kind: type.kind,
  lanes,
});

export const buffer = (
  name: string,
  dtype: DType,
  elements: number,
  access: BufferParam["access"] = "readwrite",
  scope: BufferParam["scope"] = "argument",
): BufferParam => ({ name, dtype, elements, access, scope });

export function kernelOf(
  buffers: readonly BufferParam[],
  body: readonly Stmt[],
  numbers: readonly NumberParam[] = [],
  name = "test",
): LoopKernel {
  return { name, buffers, numbers, body, workgroupSize: 1 };
}

export type Typed =
  Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array | Uint16Array | BigInt64Array;

// Node 20 has relaxed SIMD behind a flag. Newer ones have it without, and do not know the flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");
export const relaxedModes = supportsRelaxedSimd() ? [false, true] : [false];

/** Runs the kernel in place on `arrays`, one for each argument buffer. Gives the size of the module. */
export function runKernel(
  kernel: LoopKernel,
  arrays: readonly Typed[],
  numbers: readonly (number | bigint)[] = [],
  relaxedSimd = false,
): number {
  const module = new ModuleBuilder();
  module.importMemory({ module: "env", name: "memory", minimumPages: 0 });
  const { fn, scratchBytes } = emitKernel(kernel, new FunctionPool(), { relaxedSimd });
  module.exportFunction("kernel", fn);
  const bytes = module.build();
  let end = lowestAddress;
  const place = (size: number): number => {
    const at = end;
    end += Math.ceil(size / 64) * 64 + 64;
    return at;
  };
  const addresses = arrays.map((array) => place(array.byteLength));
  const scratch = place(scratchBytes);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536) });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, ...hostFunctions() } });
  const heap = new Uint8Array(memory.buffer);
  arrays.forEach((array, i) => heap.set(bytesOf(array), addresses[i]));
  const args = [...addresses, ...numbers, ...(scratchBytes > 0 ? [scratch] : [])];
  (instance.exports["kernel"] as (...args: (number | bigint)[]) => void)(...args);
  arrays.forEach((array, i) => bytesOf(array).set(heap.subarray(addresses[i], addresses[i]! + array.byteLength)));
  return bytes.length;
}

export const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
