import { expect, test } from "vitest";
import { emitKernel } from "../../../codegen/js/emit-kernel.ts";
import { parseKernel } from "../../../ir/text/index.ts";

test("a sum inside a product keeps its parentheses in float64", () => {
  const text = `kernel k(b0: read float64[3], b1: write float64[1]) workgroup 64
  b1[0] = ((b0[0]<f64> - b0[1]<f64>) * b0[2]<f64>)
`;
  const { parameters, body } = emitKernel(parseKernel(text));
  const result = new Float64Array(1);
  // oxlint-disable-next-line typescript/no-implied-eval -- the code that the emitter wrote is what is tested
  const run = new Function(...parameters, body) as (...buffers: Float64Array[]) => void;
  run(new Float64Array([5, 2, 7]), result);
  expect(result[0]).toBe(21);
});
