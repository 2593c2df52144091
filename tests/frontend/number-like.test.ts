/** A whole number that must be a float is said by a tensor without dimensions. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const two = torch.tensor(2);
const described = (x: torch.Tensor): [string, unknown] => [x.dtype.name, x.tolist()];

describe("a tensor without dimensions as a number", () => {
  it("promotes integers as a Python float does", () => {
    const x = torch.tensor([1n, 2n]);
    expect(described(x.mul(two))).toEqual(["float32", [2, 4]]);
    expect(described(x.pow(two))).toEqual(["float32", [1, 4]]);
    expect(described(torch.where(x.gt(1), x, two))).toEqual(["float32", [2, 2]]);
    expect(described(x.clamp({ max: two }))).toEqual(["float32", [1, 2]]);
    expect(described(x.float().half().mul(two))).toEqual(["float16", [2, 4]]);
  });

  it("decides the type of a range", () => {
    expect(described(torch.arange(two))).toEqual(["float32", [0, 1]]);
    expect(described(torch.arange(0, two, { step: 1 }))).toEqual(["float32", [0, 1]]);
    expect(described(torch.arange(torch.tensor(2n)))).toEqual(["int64", [0, 1]]);
    expect(described(torch.arange({ end: two }))).toEqual(["float32", [0, 1]]);
    expect(described(torch.arange(1, { end: 3 }))).toEqual(["int64", [1, 2]]);
  });

  it("gives a filled tensor its type and its value", () => {
    expect(described(torch.full([2], two))).toEqual(["float32", [2, 2]]);
    expect(described(torch.full([2], torch.tensor(3n)))).toEqual(["int64", [3, 3]]);
    expect(described(torch.full([1], two, { dtype: "int32" }))).toEqual(["int32", [2]]);
    expect(described(torch.full_like(torch.zeros(2), torch.tensor(3n)))).toEqual(["float32", [3, 3]]);
    expect(described(torch.zeros(2).new_full([1], torch.tensor(3n)))).toEqual(["float32", [3]]);
    expect(torch.full([2], torch.tensor(2, { requires_grad: true })).requires_grad).toBe(false);
  });

  it("is taken by ends, bases and windows", () => {
    expect(torch.logspace(0, two, 3, two).tolist()).toEqual([1, 2, 4]);
    expect(torch.kaiser_window(9, true, two).tolist()).toEqual(torch.kaiser_window(9, true, 2).tolist());
    expect(torch.range(0, two).tolist()).toEqual([0, 1, 2]);
  });

  it("is no tensor of one element in a row, nor anything else", () => {
    // @ts-expect-error a string is no value
    expect(() => torch.full([2], "3")).toThrow("argument 'fill_value' must be Number");
    expect(() => torch.full([2], torch.ones(1))).toThrow("argument 'fill_value' must be Number, not Tensor");
    expect(() => torch.arange(torch.ones(1))).toThrow("0-dimensional");
    // @ts-expect-error a window's shape is a number
    expect(() => torch.kaiser_window(9, true, "5")).toThrow("only supports 0-dimensional tensors, or numbers");
  });
});
