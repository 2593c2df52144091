/** Halves beside wider numbers, against values of PyTorch 2.13. */
import * as torch from "cresset";
import { expect, test } from "vitest";
import { onEachDevice } from "./support.ts";

const { float16, bfloat16 } = torch;
const upTo = (n: number, dtype: torch.dtype): torch.Tensor => torch.arange(n).to(dtype);
const one = (value: number): torch.Tensor => torch.tensor(value);

onEachDevice("halves beside a wider number", () => {
  test("a product or quotient takes the number as it is and is rounded once", () => {
    const x = upTo(6, bfloat16);
    const products = [0, 0.369140625, 0.73828125, 1.109375, 1.4765625, 1.8515625];
    expect(x.mul(0.37).tolist()).toEqual(products);
    expect(x.mul(one(0.37)).tolist()).toEqual(products);
    expect(x.mul(torch.tensor(0.37, { dtype: torch.float64 })).tolist()).toEqual(products);
    expect(x.clone().mul_(0.37).tolist()).toEqual(products);
    expect(torch.mul(x, 0.37, { out: torch.empty(6, { dtype: bfloat16 }) }).tolist()).toEqual(products);
    const odd = [0, 256, 512, 772, 1024, 1288];
    for (const factor of [257, torch.tensor(257n), torch.tensor([257n])]) expect(x.mul(factor).tolist()).toEqual(odd);
    expect(upTo(6, float16).mul(0.37).at(5).item()).toBe(1.849609375);
    expect(upTo(6, float16).div(0.3).at(1).item()).toBe(3.333984375);
    expect(upTo(6, float16).div_(one(0.3)).at(1).item()).toBe(3.333984375);
    expect(torch.lerp(x, x.flip(0), 0.37).at(0).item()).toBe(1.8515625);
  });

  test("whole quotients do, too", () => {
    const x = upTo(40, float16);
    const exact = Array.from({ length: 40 }, (_, i) => Math.floor(i / Math.fround(0.37)));
    expect(x.div(0.37, { rounding_mode: "floor" }).tolist()).toEqual(exact);
    expect(x.floor_divide(one(0.37)).tolist()).toEqual(exact);
    // The quotient's own rounding comes before.
    expect(x.div(0.37, { rounding_mode: "trunc" }).tolist()).toEqual(exact.with(37, 100));
  });

  test("sums, comparisons and first operands take it rounded", () => {
    const x = upTo(6, bfloat16);
    expect(torch.mul(0.37, x).tolist()).toEqual([0, 0.369140625, 0.73828125, 1.109375, 1.4765625, 1.84375]);
    expect(torch.mul(one(0.37), x).at(5).item()).toBe(1.84375);
    expect(x.add(0.37).tolist()).toEqual(x.add(torch.tensor(0.37, { dtype: bfloat16 })).tolist());
    expect(x.add(x, { alpha: 0.37 }).at(5).item()).toBe(6.84375);
    expect(x.mul(0.37).eq(0.37).tolist()).toEqual([false, true, false, false, false, false]);
  });

  test("gradients are products with the number as it is", () => {
    const x = torch.arange(1, 8).to(bfloat16).requires_grad_();
    const weights = torch.arange(1, 8).to(bfloat16);
    const by = (f: (x: torch.Tensor) => torch.Tensor) => torch.autograd.grad([f(x)], [x], [weights])[0].tolist();
    const products = [0.369140625, 0.73828125, 1.109375, 1.4765625, 1.8515625, 2.21875, 2.59375];
    expect(by((y) => y.mul(0.37))).toEqual(products);
    expect(by((y) => torch.mul(0.37, y))).toEqual(products);
    expect(by((y) => y.detach().add(y, { alpha: 0.37 }))).toEqual(products);
    expect(by((y) => y.div(0.3))).toEqual([3.328125, 6.65625, 10, 13.3125, 16.625, 20, 23.375]);
  });

  test("the wider number's gradient is a sum of halves, and has gradients itself", () => {
    const x = torch.arange(1, 8).to(bfloat16).requires_grad_();
    const t = torch.tensor(0.37, { requires_grad: true });
    const weights = torch.arange(1, 8).to(bfloat16);
    const [ofX, ofT] = torch.autograd.grad([x.mul(t)], [x, t], [weights]);
    expect([ofX.dtype, ofT.dtype]).toEqual([bfloat16, torch.float32]);
    expect(ofX.at(4).item()).toBe(1.8515625);
    expect(ofT.item()).toBe(140);
    const [byX, byT] = torch.autograd.grad([x.div(t)], [x, t], [weights], { create_graph: true });
    expect(byX.tolist()).toEqual([2.703125, 5.40625, 8.125, 10.8125, 13.5, 16.25, 18.875]);
    expect(byT.item()).toBe(-1020);
    expect(torch.autograd.grad([byX.sum()], [t])[0].item()).toBeCloseTo(-28 / 0.37 ** 2, -1);
  });

  test("a tensor that was multiplied by a number may be overwritten", () => {
    const x = upTo(4, float16).requires_grad_();
    const y = x.exp().mul(1);
    const z = y.mul(0.37);
    y.add_(1);
    z.sum().backward();
    expect(x.grad!.dtype).toBe(float16);
  });
});

test("floats of 32 bits are computed with as before", () => {
  const x = torch.rand(8);
  expect(torch.equal(x.mul(0.37), x.mul(torch.full([8], 0.37)))).toBe(true);
});
