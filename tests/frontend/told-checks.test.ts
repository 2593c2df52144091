/** Conditions on values tell which value broke them, wherever they are computed. */
import * as torch from "cresset";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

const F = torch.nn.functional;
const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];
const longs = (...values: (number | bigint)[]): torch.Tensor => torch.tensor(values.map(BigInt));

async function refusal(call: () => torch.Tensor): Promise<string> {
  try {
    await call().tolistAsync();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe.each(devices)("on %s", (device) => {
  beforeAll(async () => {
    if (device === "webgpu") await torch.webgpu.init();
    torch.set_default_device(device);
  });
  afterAll(() => torch.set_default_device("cpu"));

  it.each([
    ["the only one", longs(23), "index 23 is out of bounds for dimension 0 with size 5"],
    ["one among others", longs(0, 4, 9, 1), "index 9 is out of bounds for dimension 0 with size 5"],
    ["a negative one", longs(0, -7), "index -7 is out of bounds for dimension 0 with size 5"],
    ["beyond 32 bits", longs(2n ** 40n), "index 1099511627776 is out of bounds for dimension 0 with size 5"],
    ["the least", longs(-(2n ** 63n)), "is out of bounds for dimension 0 with size 5"],
    ["of int32", longs(6).int(), "index 6 is out of bounds for dimension 0 with size 5"],
  ])("an index out of range: %s", async (_name, index, words) => {
    expect(await refusal(() => torch.ones(5).index_select(0, index.to(device)))).toContain(words);
  });

  it("nothing is told of indices that are right", async () => {
    expect(await torch.ones(5).index_select(0, longs(0, 4)).tolistAsync()).toEqual([1, 1]);
    expect(await torch.ones(5).at(longs(-5)).tolistAsync()).toEqual([1]);
  });

  it("a class, and an index into all elements, in their own words", async () => {
    expect(await refusal(() => F.cross_entropy(torch.ones(1, 3), longs(5)))).toContain("Target 5 is out of bounds");
    expect(await refusal(() => torch.ones(3).take(longs(-4)))).toContain(
      "out of range: tried to access index -4 on a tensor of 3 elements",
    );
  });

  it("the matrix of a batch, and where it failed", async () => {
    const wrong = torch.eye(3).index_put([longs(1), longs(1)], torch.tensor(-1));
    const words =
      "The factorization could not be completed because the input is not positive-definite (the leading minor of order 2 is not positive-definite)";
    expect(await refusal(() => torch.linalg.cholesky(wrong))).toContain(`linalg.cholesky: ${words}`);
    const batch = torch.stack([torch.eye(3), wrong, wrong]);
    expect(await refusal(() => torch.linalg.cholesky(batch))).toContain(`(Batch element 1): ${words}`);
    expect(await refusal(() => torch.linalg.inv(torch.zeros(2, 2)))).toContain("The diagonal element 1 is zero");
  });

  it("an index in a replay of a compiled function", async () => {
    const pick = torch.compile((x: torch.Tensor, index: torch.Tensor) => x.index_select(0, index).mul(2));
    expect(await pick(torch.ones(5), longs(1)).tolistAsync()).toEqual([2]);
    expect(await pick(torch.ones(5), longs(2)).tolistAsync()).toEqual([2]);
    expect(await refusal(() => pick(torch.ones(5), longs(8)))).toContain("index 8 is out of bounds");
    expect(await pick(torch.ones(5), longs(3)).tolistAsync()).toEqual([2]);
  });
});
