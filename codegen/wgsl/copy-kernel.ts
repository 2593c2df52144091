import { dtypeBytes, type DType } from "../../ir/dtype.ts";
import { i32, type BufferParam, type Expr, type LoopKernel } from "../../ir/loop.ts";

/** A copy as a kernel: WebGPU refuses to copy within one buffer, and most values share one. */
export function copyKernel(dtype: DType, elements: number): LoopKernel {
  // As words, so that no value is interpreted.
  const count = elements * (dtypeBytes(dtype) === 8 ? 2 : 1);
  const index: Expr = { op: "var", type: i32, name: "i" };
  const buffer = (name: string, access: "read" | "write"): BufferParam => ({
    name,
    dtype: "int32",
    elements: count,
    access,
    scope: "argument",
  });
  return {
    name: "copy",
    buffers: [buffer("from", "read"), buffer("to", "write")],
    numbers: [],
    workgroupSize: 256,
    body: [
      {
        kind: "for",
        name: "i",
        start: { op: "const", type: i32, value: 0 },
        end: { op: "const", type: i32, value: count },
        step: 1,
        mode: "parallel",
        body: [{ kind: "store", buffer: "to", index, value: { op: "load", type: i32, buffer: "from", index } }],
      },
    ],
  };
}
