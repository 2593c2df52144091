/** Types that a device does not compute in are refused; those that it emulates give the same values. */
import * as torch from "cresset";
import { beforeAll, describe, expect, test } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

describe.skipIf(!(await webgpuAvailable()))("on webgpu", () => {
  let x: torch.Tensor;
  beforeAll(async () => {
    await torch.webgpu.init();
    x = torch.ones([2], { device: "webgpu" });
  });

  test("a value of such a type does not move there", () => {
    const call = (): unknown => torch.ones([2], { dtype: "float64" }).to("webgpu");
    expect(call).toThrow(torch.DTypeError);
    expect(call).toThrow("to: float64 is not available on webgpu.");
  });

  test("a result of such a type is refused at the call", () => {
    expect(() => x.double()).toThrow(torch.DTypeError);
    expect(() => x.double()).toThrow(/float64 is not available on webgpu[^]*device-types\.test\.ts/);
  });

  test("integers of 64 bits are computed, those that fit 32 bits and those that do not", async () => {
    const big = torch.tensor([2n ** 40n, -5n, 7n], { device: "webgpu" });
    const places = torch.arange(3, { device: "webgpu" }).mul(3).add(1);
    expect(places.dtype).toBe(torch.int64);
    expect(await places.tolistAsync()).toEqual([1, 4, 7]);
    expect(await big.add(places).tolistAsync()).toEqual([2 ** 40 + 1, -1, 14]);
    expect(await big.eq(places).tolistAsync()).toEqual([false, false, true]);
    expect(await big.gt(0).sum().itemAsync()).toBe(2);
    const scores = torch.tensor(
      [
        [1, 5, 2],
        [9, 0, 3],
      ],
      { device: "webgpu" },
    );
    expect(await big.index_select(0, scores.argmax(1)).tolistAsync()).toEqual([-5, 2 ** 40]);
    expect(
      await scores
        .sort(1)
        .indices.add(2 ** 31)
        .tolistAsync(),
    ).toEqual([
      [2 ** 31, 2 ** 31 + 2, 2 ** 31 + 1],
      [2 ** 31 + 1, 2 ** 31 + 2, 2 ** 31],
    ]);
  });
});
