/** The slopes of rrelu in training, and draws beside it; the values are PyTorch 2.13's. */
import * as torch from "cresset";
import { expect, it } from "vitest";
import { webgpuAvailable } from "../../support/webgpu.ts";

const F = torch.nn.functional;
const input = (dtype: torch.DTypeLike = "float32"): torch.Tensor =>
  torch.tensor(
    [
      [-1, 2, -3],
      [0, -0.5, 4],
    ],
    { dtype },
  );
const slopes = { lower: 0.1, upper: 0.3, training: true };

it("elements that are not positive draw, one after the other, and no others", () => {
  torch.manual_seed(0);
  expect(F.rrelu(input(), slopes).tolist()).toEqual([
    [-0.29401060938835144, 2, -0.7246919274330139],
    [0, -0.14207477867603302, 4],
  ]);
  expect(torch.rand(1).item()).toBe(0.455627977848053);
});

it("the order of drawing is that of the elements, wherever they lie", () => {
  torch.manual_seed(0);
  expect(F.rrelu(input().t(), slopes).tolist()).toEqual([
    [-0.29401060938835144, 0],
    [2, -0.0959382951259613],
    [-0.8524487018585205, 4],
  ]);
});

it("float64 keeps all digits of a slope", () => {
  torch.manual_seed(0);
  expect(F.rrelu(input("float64"), slopes).tolist()).toEqual([
    [-0.2940106003613106, 2, -0.7246919186398728],
    [0, -0.14207476841219602, 4],
  ]);
});

it("bfloat16 rounds a slope for the gradient only, and float16 is refused", () => {
  torch.manual_seed(0);
  const x = input("bfloat16").requires_grad_();
  const y = F.rrelu(x, slopes);
  y.sum().backward();
  expect(y.tolist()).toEqual([
    [-0.294921875, 2, -0.7265625],
    [0, -0.1416015625, 4],
  ]);
  expect(x.grad!.tolist()).toEqual([
    [0.294921875, 1, 0.2412109375],
    [0.19140625, 0.283203125, 1],
  ]);
  expect(() => F.rrelu(input("float16"), slopes)).toThrow("not implemented for 'Half'");
});

it("a module draws anew each time, and writes in place where it is asked to", () => {
  const layer = new torch.nn.RReLU(0.1, 0.3, true);
  torch.manual_seed(0);
  const x = input();
  expect(layer(x)).toBe(x);
  expect(x.at(0).tolist()).toEqual([-0.29401060938835144, 2, -0.7246919274330139]);
  expect(
    layer
      .eval()(torch.tensor([-1]))
      .tolist(),
  ).toEqual([Math.fround(-0.2)]);
});

it.skipIf(!(await webgpuAvailable()))("WebGPU draws a slope for each element without reading any", async () => {
  await torch.webgpu.init();
  const y = await F.rrelu(torch.full([64], -1, { device: "webgpu" }), slopes).tolistAsync();
  const drawn = y as number[];
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(Math.fround(-0.3));
  expect(Math.max(...drawn)).toBeLessThanOrEqual(Math.fround(-0.1));
  expect(new Set(drawn).size).toBeGreaterThan(32);
});
