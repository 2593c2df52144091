import { expect, test } from "vitest";
import { countFlops } from "../../ir/loop-cost.ts";
import { parseKernel } from "../../ir/text/index.ts";

const kernel = (body: string): ReturnType<typeof parseKernel> =>
  parseKernel(`kernel k(b0: read float32[64], b1: write float32[64]) workgroup 64\n${body}`);

test("each turn of a loop counts its arithmetic on floats, and none on indices", () => {
  const sums = kernel(`  parallel i0 = 0 .. 8
    var acc0: f32 = 0:f32
    serial r0 = 0 .. 4
      let t1: f32 = b0[((i0 * 4) + r0)]
      acc0 = add(acc0, mul(t1, t1))
    b1[i0] = exp(acc0)
`);
  expect(countFlops(sums)).toBe(8 * (4 * 2 + 1));
});

test("the last block of a loop counts what is left for it", () => {
  const blocks = kernel(`  serial r0 = 0 .. 50 step 21
    let stop: i32 = min(50, (r0 + 21))
    serial r1 = r0 .. stop
      b1[r1] = exp(b0[r1])
`);
  expect(countFlops(blocks)).toBe(50);
});
