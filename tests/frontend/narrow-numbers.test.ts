/** A number beside a narrow type is what that type holds of it, on every device. */
import * as torch from "cresset";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];

describe.each(devices)("on %s", (device) => {
  beforeAll(async () => {
    if (device === "webgpu") await torch.webgpu.init();
    torch.set_default_device(device);
  });
  afterAll(() => torch.set_default_device("cpu"));

  const upTo4 = (dtype: torch.DTypeLike): torch.Tensor => torch.arange(4, { dtype });

  // As PyTorch 2.13 answers.
  it.each<[string, () => torch.Tensor, readonly unknown[]]>([
    ["floor_divide(-1)", () => upTo4("uint8").floor_divide(-1), [0, 0, 0, 0]],
    ["div(-2, trunc)", () => upTo4("uint8").div(-2, { rounding_mode: "trunc" }), [0, 0, 0, 0]],
    ["remainder(-2)", () => upTo4("uint8").remainder(-2), [0, 1, 2, 3]],
    ["remainder(-300)", () => upTo4("uint8").remainder(-300), [0, 1, 2, 3]],
    ["fmod(-3)", () => upTo4("uint8").fmod(-3), [0, 1, 2, 3]],
    ["lt(-1)", () => upTo4("uint8").lt(-1), [true, true, true, true]],
    ["clamp(-1, 1)", () => upTo4("uint8").clamp(-1, 1), [1, 1, 1, 1]],
    ["clamp(min=-1)", () => upTo4("uint8").clamp({ min: -1 }), [255, 255, 255, 255]],
    ["full(-1) // 2", () => torch.full([1], -1, { dtype: "uint8" }).floor_divide(2), [127]],
    ["remainder(-300) of int8", () => upTo4("int8").remainder(-300), [0, -43, -42, -41]],
    ["lt(2 ** 16 + 1) of int16", () => upTo4("int16").lt(2 ** 16 + 1), [true, false, false, false]],
    ["lt(0.1) of what 0.1 is in float16", () => torch.tensor([0.1]).half().lt(0.1), [false]],
    ["ge(0.1) of what 0.1 is in bfloat16", () => torch.tensor([0.1]).bfloat16().ge(0.1), [true]],
  ])("%s", async (_name, call, expected) => {
    expect(await call().tolistAsync()).toEqual(expected);
  });
});
