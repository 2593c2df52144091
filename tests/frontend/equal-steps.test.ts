/** Values at equal steps are computed in the arithmetic of their type, as PyTorch computes them. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const numbers = (tensor: torch.Tensor): number[] => (tensor.tolist() as (number | bigint)[]).map(Number);

test("the ends of whole numbers are whole before anything is computed", () => {
  const { int64, uint8 } = torch;
  expect(numbers(torch.linspace(4.3, 50, 12, { dtype: int64 }))).toEqual([
    4, 8, 12, 16, 20, 24, 29, 33, 37, 41, 45, 50,
  ]);
  expect(numbers(torch.logspace(0, 1.5, 4, { dtype: int64 }))).toEqual([1, 2, 4, 10]);
  expect(numbers(torch.logspace(0.1, 1.5, 4, { dtype: uint8 }))).toEqual([1, 2, 4, 10]);
});

test("a single value is the start", () => {
  expect(numbers(torch.linspace(1, 3, 1))).toEqual([1]);
  expect(numbers(torch.logspace(0, 3, 1, { dtype: torch.int64 }))).toEqual([1]);
});

test("the step of half floats is one", () => {
  expect(numbers(torch.linspace(0, 1, 7, { dtype: torch.float16 }))).toEqual([
    0, 0.1666259765625, 0.333251953125, 0.5, 0.6669921875, 0.83349609375, 1,
  ]);
  expect(numbers(torch.linspace(-3, 7.7, 5, { dtype: torch.bfloat16 }))).toEqual([-3, -0.328125, 2.34375, 5, 7.6875]);
});

test("a step and its start are rounded once, in float32 and float64", () => {
  expect(numbers(torch.linspace(-3, 3, 10)).slice(3, 5)).toEqual([-0.9999999403953552, -0.33333325386047363]);
  expect(numbers(torch.linspace(3, -3, 8, { dtype: torch.float64 }))[3]).toBe(0.4285714285714287);
  // The ends of a logarithmic range are numbers of the type.
  expect(numbers(torch.logspace(0.1, 0.9, 13))[4]).toBe(2.3263049125671387);
});

test("long ranges of whole numbers go beyond 32 bits on both sides", () => {
  const { int64 } = torch;
  const ends = [-(2 ** 40) - 3, 2 ** 40 + 1] as const;
  const values = torch.linspace(...ends, 5, { dtype: int64 }).tolist();
  expect(values).toEqual([-1099511627779, -549755813890, -1, 549755813888, 1099511627777]);
  expect(torch.range(-(2 ** 33), -(2 ** 33) + 2, 1, { dtype: int64 }).tolist()).toEqual([
    -8589934592, -8589934591, -8589934590,
  ]);
});

test("what is no number of a whole type is stored as arrays store it", () => {
  const given = new Float64Array([1.9, -1.9, -0.5, NaN, Infinity, -Infinity, 2 ** 52, -(2 ** 50), 2 ** 32 + 0.5]);
  const long = torch.tensor(given, { dtype: torch.int64 });
  expect(long.tolist()).toEqual([1, -1, 0, 0, 0, 0, 2 ** 52, -(2 ** 50), 2 ** 32]);
  expect(torch.tensor(given, { dtype: torch.bool }).tolist()).toEqual(Array.from(given, (value) => value !== 0));
});

test("nested lists of several kinds of values have the type of them all", () => {
  const types = ([data]: readonly [unknown]): string => torch.tensor(data as number[]).dtype.toString();
  expect(
    [[[1, 2]], [[true, 1]], [[true, 2n]], [[true, false]], [[]], [[[1n], [2]]], [[[true], [1n]]]].map((x) =>
      types([x]),
    ),
  ).toEqual(["float32", "float32", "int64", "bool", "float32", "float32", "int64"].map((name) => `torch.${name}`));
  expect(() => torch.tensor([[1, 2], [3]] as number[][])).toThrow(/expected sequence of length 2 at dim 1 \(got 1\)/);
  expect(() => torch.tensor([[1, 2], 3] as number[][])).toThrow(/different depth/);
  expect(() => torch.tensor([1, [2]])).toThrow(/expected sequence/);
  expect(() => torch.tensor([1, "2"] as unknown as number[])).toThrow(/invalid data type/);
});
