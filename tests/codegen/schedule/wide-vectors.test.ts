/** Loops over 64-bit numbers, in vectors of two, against those of single elements. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import { parseKernel, printKernel } from "../../../ir/text/index.ts";

const vectors = (dtype: string, kind: string, value: string): string =>
  printKernel(
    vectorise(
      parseKernel(`kernel k(b0: read ${dtype}[37], b1: write ${dtype}[37]) workgroup 64
  parallel i = 0 .. 37
    let x: ${kind} = b0[i]
    b1[i] = ${value}
`),
      { everyWidth: true },
    ),
  );

test("two lanes where a value is 64 bits wide, one where an operation takes longer so", () => {
  expect(vectors("float64", "f64", "max(x, 1:f64)")).toContain("f64x2");
  expect(vectors("int64", "i64", "add(x, 1:i64)")).toContain("i64x2");
  expect(vectors("int64", "i64", "mul(x, x)")).not.toContain("i64x2");
  expect(vectors("float64", "f64", "exp(x)")).not.toContain("f64x2");
  expect(vectors("float32", "f32", "exp(x)")).toContain("f32x4");
});

type Work = (x: torch.Tensor, y: torch.Tensor) => torch.Tensor;

const shared: Record<string, Work> = {
  "x + y": (x, y) => x.add(y),
  "-|x|": (x) => x.abs().neg(),
  "x > y": (x, y) => x.gt(y),
  "x where x < y": (x, y) => torch.where(x.lt(y), x, y.neg()),
  "the greater": (x, y) => torch.maximum(x, y),
  "the lesser, clamped": (x, y) => torch.minimum(x, y).clamp(-2, 3),
  "every second": (x) => x.at(torch.slice(null, null, 2)).add(1),
  "not both": (x, y) => x.gt(0).logical_and(y.gt(0)).logical_not(),
  "the greatest": (x) => x.max(),
  "any, all": (x) => torch.stack([x.eq(3).any(), x.le(9).all()]),
};
const exact: Record<"float64" | "int64", Record<string, Work>> = {
  float64: {
    ...shared,
    quotient: (x, y) => x.div(y),
    roots: (x) => x.abs().sqrt(),
    rounded: (x) => torch.stack([x.floor(), x.ceil(), x.trunc(), x.round()]),
    "a sign of another": (x, y) => x.copysign(y),
    NaN: (x, y) => x.div(y.mul(0)).maximum(x),
  },
  int64: {
    ...shared,
    bits: (x, y) => x.bitwise_and(y).bitwise_xor(5).bitwise_not(),
    shifts: (x) => x.bitwise_left_shift(3).bitwise_right_shift(1),
    products: (x, y) => x.mul(y).add(1),
    sum: (x) => x.sum(),
  },
};

const lengths = [1, 2, 3, 7, 8, 33, 130] as const;
const operands = (dtype: "float64" | "int64", length: number, device: string): torch.Tensor[] => {
  torch.manual_seed(length);
  return [0, 1].map(() => torch.randint(-9, 10, [length]).to(dtype).to(device));
};

describe.each(["float64", "int64"] as const)("%s", (dtype) => {
  test.each(Object.entries(exact[dtype]))("%s", (_, work) => {
    for (const length of lengths) {
      const [fast, slow] = ["cpu", "cpu:js"].map((device) => {
        const [x, y] = operands(dtype, length, device);
        return work(x!, y!).to("cpu");
      });
      expect([length, fast!.tolist()]).toEqual([length, slow!.tolist()]);
    }
  });
});

test("sums and means of float64, of rows and of columns", () => {
  torch.manual_seed(0);
  const x = torch.randn(37, 51, { dtype: "float64" });
  for (const work of [
    (v: torch.Tensor) => v.sum(0),
    (v: torch.Tensor) => v.sum(1),
    (v: torch.Tensor) => v.mean(),
    (v: torch.Tensor) => v.var(1),
    (v: torch.Tensor) => v.prod(1),
    (v: torch.Tensor) => v.amin(0),
  ]) {
    const [fast, slow] = ["cpu", "cpu:js"].map((device) => work(x.to(device)).to("cpu"));
    expect(torch.allclose(fast!, slow!, { rtol: 1e-13, atol: 1e-13 })).toBe(true);
  }
});
