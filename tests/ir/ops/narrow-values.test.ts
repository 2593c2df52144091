/** Values of narrow and of special operands. Every expected value is torch 2.13.0+cpu's. */
import * as torch from "cresset";
import { expect, test } from "vitest";
import { long } from "./support.ts";

const F = torch.nn.functional;
const int8 = (...values: number[]): torch.Tensor => torch.tensor(values, { dtype: "int8" });

test("ldexp by whole exponents keeps the type of floats", () => {
  for (const dtype of ["bfloat16", "float16", "float64"] as const) {
    const y = torch.ones(2, { dtype }).ldexp(long([1, 2]));
    expect([y.dtype.name, y.tolist()]).toEqual([dtype, [2, 4]]);
  }
  expect(torch.ones(2).half().ldexp(torch.ones(2)).dtype.name).toBe("float32");
});

test("lcm and softsign of narrow integers wrap as C's do", () => {
  expect(torch.lcm(int8(100, -100, 127), int8(3, 3, 126)).tolist()).toEqual([44, 44, -126]);
  const [x, y] = [32767, 2].map((value) => torch.tensor([value], { dtype: "int16" })) as [torch.Tensor, torch.Tensor];
  expect(torch.lcm(x, y).tolist()).toEqual([-2]);
  expect(F.softsign(int8(127, 3)).tolist()).toEqual([-0.9921875, 0.75]);
  expect(() => F.softsign(torch.tensor([true]))).toThrow("\"abs_cpu\" not implemented for 'Bool'");
  expect(() => F.tanhshrink(torch.tensor([true]))).toThrow("with a bool tensor is not supported");
});

test("the integral of no integers is one", () => {
  const none = torch.zeros(2, 0, { dtype: "int64" });
  for (const result of [torch.trapezoid(none), torch.trapezoid(none, torch.zeros(0))])
    expect([result.dtype, result.tolist()]).toEqual([torch.int64, [0, 0]]);
});

test("where nothing is divided, zero divides", () => {
  const none = torch.zeros(2, 0, { dtype: "int16" });
  for (const result of [none.floor_divide(0), none.remainder(0), none.fmod(0), none.div(0, { rounding_mode: "floor" })])
    expect([result.shape, result.dtype.name]).toEqual([[2, 0], "int16"]);
  expect(() => none.add(0).reshape(-1).new_ones(1).floor_divide(0)).toThrow("ZeroDivisionError");
});

test("hardswish has a slope where its operand is infinite or NaN", () => {
  const x = torch.tensor([NaN, -4, -3, 3, 5, Infinity, -Infinity, 0], { requires_grad: true });
  F.hardswish(x).sum().backward();
  expect(x.grad!.tolist()).toEqual([1, 0, 0, 1, 1, 1, 0, 0.5]);
});

test("log_softmax of halves rounds the sum along the last dimension alone", () => {
  const column = torch.tensor([[0], [9]], { dtype: "float16" });
  expect(column.log_softmax(0).tolist()).toEqual([[-9], [-0.0001233816146850586]]);
  expect(column.t().log_softmax(1).tolist()).toEqual([[-9, 0]]);
});
