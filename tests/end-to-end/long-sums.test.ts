/** Long sums, running sums and products keep their digits: errors against float64, far below those of one running float32 sum. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import { webgpuAvailable } from "../support/webgpu.ts";

type Device = "cpu" | "cpu:js" | "webgpu";
/** Of float32: half the distance between 1 and the next number. */
const epsilon = 2 ** -24;
const tenth = Math.fround(0.1);

/** The largest relative difference from the one value that all should have. */
async function worst(result: torch.Tensor, wanted: number): Promise<number> {
  const values = (await result.flatten().tolistAsync()) as number[];
  expect(values.length).toBeGreaterThan(0);
  return Math.max(...values.map((value) => Math.abs(value / wanted - 1)));
}

const n = 1 << 20;
/** Every sum is of `n` or more tenths: one running float32 sum is off by more than 1e-3. */
const sums: Record<string, (device: Device) => readonly [torch.Tensor, number]> = {
  "a sum": (device) => [torch.full([n], 0.1, { device }).sum(), n * tenth],
  "a mean": (device) => [torch.full([n], 0.1, { device }).mean(), tenth],
  "sums of rows": (device) => [torch.full([2, n], 0.1, { device }).sum(1), n * tenth],
  "sums of columns": (device) => [torch.full([n / 4, 5], 0.1, { device }).sum(0), (n / 4) * tenth],
  "sums of many columns": (device) => [torch.full([n / 16, 40], 0.1, { device }).sum(0), (n / 16) * tenth],
  "sums a channel": (device) => [torch.full([64, 3, n / 64], 0.1, { device }).sum([0, 2]), n * tenth],
  "a sum of a transposed view": (device) => [
    torch
      .full([n / 8, 8], 0.1, { device })
      .t()
      .sum(1),
    (n / 8) * tenth,
  ],
  "a squared norm": (device) => [torch.full([n], 0.1, { device }).square().sum(), n * tenth ** 2],
  "a variance": (device) => [
    torch.full([n], 0.1, { device }).mul(torch.arange(n, { device }).remainder(2)).var(0, { correction: 0 }),
    (tenth / 2) ** 2,
  ],
  "a loss": (device) => [
    torch.nn.functional.mse_loss(torch.full([n], 0.1, { device }), torch.zeros([n], { device })),
    tenth ** 2,
  ],
  "two sums in one loop": (device) => {
    const x = torch.full([n], 0.1, { device });
    return [torch.stack([x.sum(), x.mul(1).abs().sum()]), n * tenth];
  },
  "a dot product": (device) => [torch.full([n], 0.1, { device }).dot(torch.ones([n], { device })), n * tenth],
  "a product of matrices": (device) => [
    torch.full([9, n / 8], 0.1, { device }).matmul(torch.ones([n / 8, 18], { device })),
    (n / 8) * tenth,
  ],
  "a product with a transposed matrix": (device) => [
    torch.full([3, n / 4], 0.1, { device }).matmul(torch.ones([5, n / 4], { device }).t()),
    (n / 4) * tenth,
  ],
  "the gradient of a bias": (device) => {
    const bias = torch.zeros([4], { device, requires_grad: true });
    torch
      .ones([n / 4, 4], { device })
      .add(bias)
      .mul(0.1)
      .sum()
      .backward();
    return [bias.grad!, (n / 4) * tenth];
  },
  "a running sum": (device) => [torch.full([n], 0.1, { device }).cumsum(0).at(-1), n * tenth],
  "a running log-sum": (device) => [
    torch
      .zeros([n / 4], { device })
      .logcumsumexp(0)
      .at(-1),
    Math.log(n / 4),
  ],
};

const devices: readonly Device[] = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];
describe.each(devices)("on %s", (device) => {
  it.each(Object.keys(sums))("%s of many numbers keeps its digits", async (name) => {
    if (device === "webgpu") await torch.webgpu.init();
    const [result, wanted] = sums[name]!(device);
    // A rounding of the result on devices with wide sums; elsewhere a block's share.
    expect(await worst(result, wanted)).toBeLessThan((device === "webgpu" ? 400 : 80) * epsilon);
  });
});

it.each(["cpu", "cpu:js"] as const)("a running product on %s rounds once an element", async (device) => {
  const count = 1 << 16;
  const factor = Math.fround(1 + 2 ** -18);
  const result = torch.full([count], factor, { device }).cumprod(0).at(-1);
  expect(await worst(result, factor ** count)).toBeLessThan(4 * epsilon);
});

it("sums of sizes that became parameters of their kernels keep their digits", async () => {
  for (const size of [3, 5, 7, 11].map((factor) => factor * (1 << 18)))
    expect(await worst(torch.full([size], 0.1).add(0).sum(), size * tenth)).toBeLessThan(80 * epsilon);
});
