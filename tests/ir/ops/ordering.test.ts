import { expect, test } from "vitest";
import * as torch from "cresset";
import { expectGradients, long, onEachDevice, sample } from "./support.ts";

const shuffled = (): torch.Tensor => torch.tensor([3, 1, NaN, 2, 1]);

const orderedTypes = ["float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const;
/** By place; what is not named is an ordinary number. */
const oddValues: readonly (number | undefined)[] = [NaN, -0, 0, Infinity, -Infinity, 1e-40, -0];
const numbersOf = (x: torch.Tensor): number[][] => (x.tolist() as number[][]).map((row) => row.map(Number));
/** NaN is largest, and both zeros are one. */
const compare = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    : Number(a > b) - Number(a < b);

onEachDevice("order", () => {
  test("sorting is stable and puts NaN last, first when descending", () => {
    const { values, indices } = torch.sort(shuffled());
    expect(values.tolist()).toEqual([1, 1, 2, 3, NaN]);
    expect(indices.tolist()).toEqual([1, 4, 3, 0, 2]);
    const [descending, places] = shuffled().sort({ descending: true });
    expect(descending.tolist()).toEqual([NaN, 3, 2, 1, 1]);
    expect(places.tolist()).toEqual([2, 0, 3, 1, 4]);
    expect(
      torch
        .argsort(
          torch.tensor([
            [2, 1],
            [0, 3],
          ]),
          0,
        )
        .tolist(),
    ).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test("long rows of every type come in the order of a stable sort", () => {
    const length = 131;
    for (const dtype of orderedTypes) {
      const isFloat = dtype.includes("float");
      const x = torch
        .tensor(
          Array.from({ length: 2 * length }, (_, i) => {
            const odd = oddValues[i % 23];
            if (isFloat && odd !== undefined) return odd;
            const spread = ((i * 7919) % 251) - (dtype === "uint8" ? 0 : 125);
            if (dtype === "bool") return spread > 0;
            return dtype === "int64" && i % 3 === 0 ? spread * 2 ** 40 : spread;
          }),
          { dtype },
        )
        .reshape([2, length]);
      for (const [dim, descending] of [
        [1, false],
        [1, true],
        [0, false],
      ] as const) {
        const given = dim === 1 ? x : x.t();
        const { values, indices } = torch.sort(given, dim, descending);
        const rows = [given, values, indices].map((part) => numbersOf(dim === 1 ? part : part.t()));
        rows[0]!.forEach((row, r) => {
          const order = row.map((_, i) => i).sort((a, b) => (descending ? -1 : 1) * compare(row[a]!, row[b]!) || a - b);
          expect(rows[2]![r], `${dtype} ${dim} ${descending}`).toEqual(order);
          expect(rows[1]![r]).toEqual(order.map((place) => row[place]));
        });
      }
    }
  });

  test("a 0-d tensor is in order already", () => {
    const { values, indices } = torch.sort(torch.tensor(5));
    expect([values.tolist(), indices.tolist()]).toEqual([5, 0]);
    expect(torch.topk(torch.tensor(5), 1).values.tolist()).toBe(5);
  });

  test("topk gives the best first and refuses more than there are", () => {
    const { values, indices } = torch.topk(torch.tensor([1, 5, 3]), 2);
    expect([values.tolist(), indices.tolist()]).toEqual([
      [5, 3],
      [1, 2],
    ]);
    expect(torch.tensor([1, 5, 3]).topk(1, { largest: false }).values.tolist()).toEqual([1]);
    expect(() => torch.tensor([1]).topk(2)).toThrow("selected index k out of range");
  });

  test("topk takes what a stable sort has first: among equals, NaN, infinities and signed zeros, too", () => {
    const special = [NaN, Infinity, -Infinity, 0, -0, 1, 1.5, -1];
    const state = { value: 12345 };
    const next = (below: number): number => {
      state.value = (Math.imul(state.value, 1103515245) + 12345) & 0x7fffffff;
      return (state.value >> 8) % below;
    };
    const random = (): number => (next(3) === 0 ? special[next(special.length)]! : next(40) - 20);
    for (const dtype of [torch.float32, torch.int32, torch.uint8]) {
      const x = torch
        .tensor(Array.from({ length: 2 * 1001 }, random))
        .nan_to_num(7, 9, -9)
        .abs();
      const floats = torch.tensor(Array.from({ length: 2 * 1001 }, random));
      const input = (dtype === torch.float32 ? floats : x.to(dtype)).reshape(2, 1001);
      for (const [k, dim] of [
        [1, 1],
        [37, 1],
        [250, 1],
        [2, 0],
      ] as const) {
        for (const largest of [true, false]) {
          const found = input.topk(k, dim, { largest });
          const sorted = input.sort(dim, { descending: largest });
          expect(found.values.tolist()).toEqual(sorted.values.narrow(dim, 0, k).tolist());
          expect(found.indices.tolist()).toEqual(sorted.indices.narrow(dim, 0, k).tolist());
        }
      }
    }
    const falling = torch.arange(1000, 0, -1);
    expect(falling.topk(3, { largest: false }).values.tolist()).toEqual([1, 2, 3]);
    expect(falling.kthvalue(100).indices.item()).toBe(900);
  });

  test("kthvalue, median and mode take one element each", () => {
    expect(
      torch
        .kthvalue(
          torch.tensor([
            [4, 2, 3],
            [7, 9, 8],
          ]),
          2,
        )
        .values.tolist(),
    ).toEqual([3, 8]);
    expect(torch.median(torch.tensor([4, 1, 3, 2])).item()).toBe(2);
    expect(torch.median(shuffled()).item()).toBeNaN();
    expect(torch.nanmedian(shuffled()).item()).toBe(1);
    const { values, indices } = torch.median(
      torch.tensor([
        [5, 1, 9],
        [1, NaN, 2],
      ]),
      1,
    );
    expect([values.tolist(), indices.tolist()]).toEqual([
      [5, NaN],
      [0, 1],
    ]);
    const most = torch.mode(torch.tensor([2, 1, 2, 3, 1]));
    expect([most.values.tolist(), most.indices.tolist()]).toEqual([1, 4]);
  });

  test("order statistics send their gradient to the elements that they took", () => {
    expectGradients((x) => torch.sort(x, 0).values, [sample(3, 2)]);
    expectGradients((x) => torch.topk(x, 2, 0).values, [sample(4, 2)]);
    expectGradients((x) => x.median(), [sample(5)]);
    expectGradients((x) => x.kthvalue(2, 1).values, [sample(2, 3)]);
  });

  test.each([
    ["linear", 1.75],
    ["lower", 1],
    ["higher", 2],
    ["midpoint", 1.5],
    ["nearest", 2],
  ] as const)("quantile with %s interpolation", (interpolation, expected) => {
    expect(torch.quantile(torch.tensor([1, 0, 2, 3]), 0.5833333333, { interpolation }).item()).toBeCloseTo(expected, 5);
  });

  test("several quantiles stand in a dimension of their own, in front", () => {
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 9],
    ]);
    expect(torch.quantile(x, torch.tensor([0, 1]), 1).tolist()).toEqual([
      [1, 4],
      [3, 9],
    ]);
    expect(torch.quantile(x, torch.tensor([0, 1]), 1, { keepdim: true }).shape).toEqual([2, 2, 1]);
    expect(torch.nanquantile(torch.tensor([1, NaN, 3]), 0.5).item()).toBe(2);
    expect(torch.quantile(torch.tensor([1, NaN, 3]), 0.5).item()).toBeNaN();
    expectGradients((y) => torch.quantile(y, 0.3, 0), [sample(4, 2)]);
  });

  test("running extremes keep the last position of equals", () => {
    const { values, indices } = torch.cummax(torch.tensor([1, 3, 3, 2, 5]), 0);
    expect([values.tolist(), indices.tolist()]).toEqual([
      [1, 3, 3, 3, 5],
      [0, 1, 2, 2, 4],
    ]);
    expect(torch.cummin(torch.tensor([2, NaN, 1]), 0).values.tolist()).toEqual([2, NaN, NaN]);
    expectGradients((x) => x.cummax(0).values, [sample(5)]);
  });

  test("logcumsumexp does not overflow, and has first and second derivatives", () => {
    expect(torch.logcumsumexp(torch.tensor([1000, 1000]), 0).tolist()).toEqual([1000, expect.closeTo(1000.6931, 3)]);
    expectGradients((x) => x.logcumsumexp(0), [sample(5)]);
    expectGradients(
      (x) => {
        const leaf = x.requires_grad ? x : x.clone().requires_grad_();
        return torch.autograd.grad(
          leaf
            .logcumsumexp(0)
            .mul(torch.tensor([1, -2, 3, -1], { dtype: "float64" }))
            .sum(),
          [leaf],
          { create_graph: true },
        )[0];
      },
      [sample(4)],
    );
  });

  test("differences and integrals of samples", () => {
    expect(torch.diff(torch.tensor([1, 4, 9]), 1, 0, { prepend: torch.tensor([0]) }).tolist()).toEqual([1, 3, 5]);
    expect(torch.diff(torch.tensor([1, 4, 9, 16]), 2).tolist()).toEqual([2, 2]);
    expect(torch.trapezoid(torch.tensor([1, 2, 3])).item()).toBe(4);
    expect(torch.trapezoid(torch.tensor([1, 2, 3]), torch.tensor([0, 2, 6])).item()).toBe(13);
    expect(torch.cumulative_trapezoid(torch.tensor([1, 2, 3]), { dx: 2 }).tolist()).toEqual([3, 8]);
    expect(torch.gradient(torch.tensor([1, 2, 4, 7]))[0]!.tolist()).toEqual([1, 1.5, 2.5, 3]);
  });
});

onEachDevice("searching", () => {
  const edges = (): torch.Tensor => torch.tensor([1, 3, 3, 5]);

  test("searchsorted goes before equals, or after them, and puts NaN at the end", () => {
    const values = torch.tensor([0, 3, 6, NaN]);
    expect(torch.searchsorted(edges(), values).tolist()).toEqual([0, 1, 4, 4]);
    expect(torch.searchsorted(edges(), values, { right: true }).tolist()).toEqual([0, 3, 4, 4]);
    expect(torch.searchsorted(edges(), 4, { out_int32: true }).dtype).toBe(torch.int32);
    expect(torch.bucketize(values, edges()).tolist()).toEqual([0, 1, 4, 4]);
    expect(torch.searchsorted(torch.tensor([]), values).tolist()).toEqual([0, 0, 0, 0]);
  });

  test("each row has a sequence of its own, possibly in another order", () => {
    const rows = torch.tensor([
      [1, 2],
      [10, 20],
    ]);
    expect(torch.searchsorted(rows, torch.tensor([[2], [15]])).tolist()).toEqual([[1], [1]]);
    expect(torch.searchsorted(torch.tensor([2, 1]), torch.tensor([2]), { sorter: long([1, 0]) }).tolist()).toEqual([1]);
  });

  test("unique and unique_consecutive require grad of what does, and have no derivative", () => {
    const x = torch.tensor([1.0, 2.0, 2.0]).requires_grad_();
    const distinct = torch.unique(x, { return_counts: true });
    expect(distinct.map((each) => each.requires_grad)).toEqual([true, false]);
    expect(distinct[0].grad_fn!.name()).toBe("Unique2Backward0");
    expect(torch.unique(x, { dim: 0 }).grad_fn!.name()).toBe("UniqueDimBackward0");
    expect(torch.unique_consecutive(x).grad_fn!.name()).toBe("UniqueConsecutiveBackward0");
    expect(torch.unique(x.detach()).requires_grad).toBe(false);
    expect(() => distinct[0].sum().backward()).toThrow("the derivative for '_unique2' is not implemented");
    expect(() => torch.unique(x, { dim: 0 }).sum().backward()).toThrow("the derivative for 'unique_dim'");
    expect(() => torch.unique_consecutive(x).sum().backward()).toThrow("the derivative for 'unique_consecutive'");
  });

  test("unique sorts, unique_consecutive does not; both count", () => {
    const x = long([3, 1, 3, 3, 2]);
    expect(torch.unique(x).tolist()).toEqual([1, 2, 3]);
    const [values, inverse, counts] = torch.unique(x, {
      return_inverse: true,
      return_counts: true,
    });
    expect([values.tolist(), inverse.tolist(), counts.tolist()]).toEqual([
      [1, 2, 3],
      [2, 0, 2, 2, 1],
      [1, 1, 3],
    ]);
    expect(torch.unique_consecutive(x).tolist()).toEqual([3, 1, 3, 2]);
    expect(
      torch
        .unique(
          torch.tensor([
            [1, 2],
            [0, 5],
            [1, 2],
          ]),
          { dim: 0 },
        )
        .tolist(),
    ).toEqual([
      [0, 5],
      [1, 2],
    ]);
    expect(torch.unique(torch.tensor([NaN, NaN])).shape).toEqual([2]);
    const odd = torch.unique(torch.tensor([2, NaN, 0, 2, -0, NaN]), { return_inverse: true });
    expect(odd.map((part) => part.tolist())).toEqual([
      [0, 2, NaN, NaN],
      [1, 2, 0, 1, 0, 3],
    ]);
    expect(torch.unique_consecutive(torch.tensor([1, 1, 0, 1]).reshape([2, 2])).tolist()).toEqual([1, 0, 1]);
    expect(torch.unique(torch.tensor([])).shape).toEqual([0]);
  });

  test.each(["unique", "unique_consecutive"] as const)("%s tells where each element went", (name) => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (const count of [1, 2, 3, 17, 100, 1000]) {
      for (const kinds of [1, 3, 1000]) {
        const values = Array.from({ length: count }, () => Math.floor(random() * kinds) / 8);
        const sorted = name === "unique" ? values.toSorted((a, b) => a - b) : values;
        const wanted = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
        const x = torch.tensor(values);
        const options = { return_inverse: true, return_counts: true } as const;
        const isSorted = name === "unique";
        const [distinct, inverse, counts] = isSorted ? torch.unique(x, options) : torch.unique_consecutive(x, options);
        expect(distinct.tolist()).toEqual(wanted);
        expect(distinct.index_select(0, inverse).tolist()).toEqual(values);
        const places = inverse.tolist() as number[];
        expect(counts.tolist()).toEqual(wanted.map((_, k) => places.filter((place) => place === k).length));
        expect((isSorted ? torch.unique(x) : torch.unique_consecutive(x)).tolist()).toEqual(wanted);
      }
    }
  });

  test("bincount needs its least and largest value alone", () => {
    const x = long([1, 5, 1]);
    expect(torch.bincount(x).tolist()).toEqual([0, 2, 0, 0, 0, 1]);
    expect(torch.bincount(x, { minlength: 8 }).shape).toEqual([8]);
    expect(torch.bincount(long([])).shape).toEqual([0]);
    expect(() => torch.bincount(long([1, -5]))).toThrow("1-d non-negative integral inputs, got -5");
  });

  test("histograms count between edges", () => {
    const x = torch.tensor([1, 2, 1, 4]);
    expect(torch.histc(x, 4, 0, 4).tolist()).toEqual([0, 2, 1, 1]);
    const { hist, bin_edges } = torch.histogram(x, 2, { range: [0, 4] });
    expect([hist.tolist(), bin_edges.tolist()]).toEqual([
      [2, 2],
      [0, 2, 4],
    ]);
    const grid = torch.histogramdd(
      torch.tensor([
        [0, 0],
        [1, 1],
        [1, 1],
      ]),
      [2, 2],
    );
    expect(grid.hist.tolist()).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(grid.bin_edges.length).toBe(2);
    expect(torch.bincount(long([0, 2, 2]), { minlength: 4 }).tolist()).toEqual([1, 0, 2, 0]);
    expect(torch.bincount(long([1, 1]), torch.tensor([0.5, 2])).tolist()).toEqual([0, 2.5]);
    expect(() => torch.bincount(long([-1]))).toThrow("non-negative");
  });

  test("isin answers for every element", () => {
    expect(torch.isin(long([1, 2, 3]), long([2, 5])).tolist()).toEqual([false, true, false]);
    expect(torch.isin(long([1, 2]), 2, { invert: true }).tolist()).toEqual([true, false]);
  });
});
