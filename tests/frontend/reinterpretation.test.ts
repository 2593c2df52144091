/** view(dtype): the same memory as elements of another type. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import { ShapeError } from "../../ir/errors.ts";
import { webgpuAvailable } from "../support/webgpu.ts";

const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];

describe.each(devices)("view(dtype) on %s", (device) => {
  const start = async (): Promise<void> => {
    if (device === "webgpu") await torch.webgpu.init();
  };
  it("has the bits of elements of the same size", async () => {
    await start();
    const x = torch.tensor([1, 2], { device });
    expect(x.view(torch.int32).dtype).toBe(torch.int32);
    expect(await x.view(torch.int32).tolistAsync()).toEqual([0x3f800000, 0x40000000]);
    const half = torch.tensor([1.5, -2], { device, dtype: torch.float16 });
    expect(await half.view(torch.int16).tolistAsync()).toEqual([0x3e00, -0x4000]);
  });
  it("splits and joins elements along the last dimension, lowest bytes first", async () => {
    await start();
    const x = torch.tensor([[1, 2]], { device });
    expect(await x.view(torch.uint8).tolistAsync()).toEqual([[0, 0, 128, 63, 0, 0, 0, 64]]);
    expect(await x.view(torch.int64).tolistAsync({ bigint: true })).toEqual([[0x400000003f800000n]]);
    const bytes = torch.tensor([1, 2, 3, 255], { device, dtype: torch.uint8 });
    expect(await bytes.view(torch.int32).tolistAsync()).toEqual([0xff030201 | 0]);
    expect(await bytes.view(torch.int32).view(torch.int16).view(torch.uint8).tolistAsync()).toEqual([1, 2, 3, 255]);
  });
  it("shares memory: writes are seen through both", async () => {
    await start();
    const x = torch.tensor([1, 2, 3], { device });
    const bits = x.view(torch.int32);
    const bytes = bits.view(torch.uint8);
    bits.at("1:2").fill_(0x40400000n);
    expect(await x.tolistAsync()).toEqual([1, 3, 3]);
    x.mul_(2);
    expect(await bits.tolistAsync()).toEqual([0x40000000, 0x40c00000, 0x40c00000]);
    bytes.at("8:").zero_();
    expect(await x.tolistAsync()).toEqual([2, 6, 0]);
  });
});

it("view(dtype) keeps strides, and counts them in its own elements", () => {
  const x = torch.arange(24, { dtype: torch.float32 }).reshape(4, 6);
  expect(x.t().view(torch.int32).stride()).toEqual([1, 6]);
  expect(x.view(torch.float64).shape).toEqual([4, 3]);
  expect(x.view(torch.float64).stride()).toEqual([3, 1]);
  expect(x.narrow(0, 1, 2).view(torch.float64).storage_offset()).toBe(3);
  expect(x.narrow(0, 1, 2).view(torch.int16).at(0, 1).storage_offset()).toBe(13);
  expect(x.view(torch.int32).as_strided([2], [6], 1).view(torch.float32).tolist()).toEqual([1, 7]);
});

it("view(dtype) refuses what does not lie evenly", () => {
  const refused = (make: () => unknown, why: string): void => {
    expect(make).toThrow(ShapeError);
    expect(make).toThrow(why);
  };
  refused(() => torch.ones([]).view(torch.uint8), "self.dim() cannot be 0");
  refused(() => torch.ones(3).view(torch.int64), "self.size(-1) must be divisible by 2");
  refused(() => torch.ones(4, 4).t().view(torch.int64), "self.stride(-1) must be 1");
  refused(() => torch.ones(4).narrow(0, 1, 2).view(torch.int64), "self.storage_offset() must be divisible by 2");
});

it("view(dtype) stops gradients, and what is saved of it is its own", () => {
  const x = torch.ones([2], { requires_grad: true });
  expect(x.view(torch.int32).requires_grad).toBe(false);
  const loaded = torch.load(torch.save(x.detach().view(torch.int32))) as torch.Tensor;
  expect(loaded.dtype).toBe(torch.int32);
  expect(loaded.tolist()).toEqual([0x3f800000, 0x3f800000]);
});
