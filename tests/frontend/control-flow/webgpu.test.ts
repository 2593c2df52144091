/** scan, cond and while_loop on WebGPU. */
import * as torch from "cresset";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureSwiftShader, webgpuAvailable } from "../../support/webgpu.ts";

type Tensor = torch.Tensor;

describe.skipIf(!(await webgpuAvailable()))("on WebGPU", () => {
  const device = "webgpu";
  beforeAll(async () => {
    await ensureSwiftShader();
    await torch.webgpu.init();
  });

  test("scan and cond give values and gradients", async () => {
    const w = torch.tensor([0.5, 2], { device }).requires_grad_();
    const [last, ys] = torch.scan(
      (h: Tensor, x: Tensor) => [h.mul(w).add(x), h],
      torch.zeros(2, { device }),
      torch.ones(3, 2, { device }),
    );
    expect(await last.tolistAsync()).toEqual([1.75, 7]);
    expect(await ys.tolistAsync()).toEqual([
      [0, 0],
      [1, 1],
      [1.5, 3],
    ]);
    const [grad] = torch.autograd.grad([last.sum()], [w]);
    expect(await grad.tolistAsync()).toEqual([2, 5]);
    const chosen = torch.cond(
      last.sum().lt(0),
      () => w.mul(2),
      () => w.neg(),
    );
    expect(await chosen.tolistAsync()).toEqual([-0.5, -2]);
  });

  test("while_loop names its twin, which awaits the condition", async () => {
    const start = (): [Tensor] => [torch.ones(1, { device })];
    const below = (x: Tensor): Tensor => x.lt(20);
    expect(() => torch.while_loop(below, (x) => [x.mul(3)], start())).toThrow("await while_loopAsync");
    const [x] = await torch.while_loopAsync(below, (y) => [y.mul(3)], start());
    expect(await x.tolistAsync()).toEqual([27]);
  });
});
