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

// As PyTorch 2.13 refuses them.
const { threshold, hardtanh, pad } = torch.nn.functional;
const bytes = torch.arange(4, { dtype: "int8" });
const half = torch.ones(2).half();
it.each<[string, () => unknown]>([
  ["clamp", () => bytes.clamp(-300, 300)],
  ["clamp_", () => bytes.clone().clamp_({ max: 300 })],
  ["clamp_min", () => bytes.clamp_min(-300)],
  ["clamp of unsigned ones", () => bytes.to("uint8").clamp({ min: -256 })],
  ["clamp of halves", () => half.clamp(-1e6, 1e6)],
  ["where", () => torch.where(bytes.gt(1), bytes, 300)],
  ["pow", () => bytes.pow(300)],
  ["add", () => bytes.add(bytes, { alpha: 300 })],
  ["threshold", () => threshold(bytes, 300, 5)],
  ["hardtanh", () => hardtanh(bytes, -300, 300)],
  ["pad", () => pad(bytes, [1, 1], "constant", 300)],
])("%s refuses a number that the type does not hold", (_name, call) => {
  expect(call).toThrow(/value cannot be converted to type (u?int8_t|c10::Half) without overflow/);
});

it("infinities limit halves, sums take any number", () => {
  expect(half.clamp(-Infinity, Infinity).tolist()).toEqual([1, 1]);
  expect(torch.where(half.gt(0), half, 1e6).tolist()).toEqual([1, 1]);
  expect([bytes.add(300).tolist(), bytes.lt(44).tolist()]).toEqual([
    [44, 45, 46, 47],
    [true, true, true, true],
  ]);
  expect(() => hardtanh(bytes.to("uint8"))).toThrow("cannot do hardtanh on an unsigned type with negative limits");
});
