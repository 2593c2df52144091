import { expect, test } from "vitest";
import * as torch from "cresset";
import { expectGradients, long, onEachDevice, sample } from "./support.ts";

onEachDevice("reading at positions", () => {
  const matrix = (): torch.Tensor => torch.arange(6).reshape(2, 3);

  test("gather reads along one dimension", () => {
    expect(
      torch
        .gather(
          matrix(),
          1,
          long([
            [2, 0],
            [1, 1],
          ]),
        )
        .tolist(),
    ).toEqual([
      [2, 0],
      [4, 4],
    ]);
    expect(
      matrix()
        .gather(0, long([[1, 0, 1]]))
        .tolist(),
    ).toEqual([[3, 1, 5]]);
  });

  test("an index may be smaller than what it reads from, except in the number of dimensions", () => {
    expect(
      matrix()
        .gather(1, long([[1]]))
        .tolist(),
    ).toEqual([[1]]);
    expect(() => matrix().gather(1, long([1]))).toThrow("same number of dimensions");
    expect(() => matrix().gather(1, long([[0], [0], [0]]))).toThrow(torch.ShapeError);
  });

  test("an index without elements may have any type", () => {
    expect(
      matrix()
        .gather(1, torch.zeros([0], { dtype: "uint8" }))
        .tolist(),
    ).toEqual([]);
  });

  test("index_select copies slices, and its gradient adds up repetitions", () => {
    expect(
      matrix()
        .index_select(1, long([2, 2, 0]))
        .tolist(),
    ).toEqual([
      [2, 2, 0],
      [5, 5, 3],
    ]);
    expectGradients((x) => x.index_select(0, long([1, 1, 0])), [sample(2, 3)]);
  });

  test("take wraps negative positions, index_select reports them", () => {
    expect(
      matrix()
        .take(long([-1, 0]))
        .tolist(),
    ).toEqual([5, 0]);
    expect(() =>
      matrix()
        .index_select(0, long([-1]))
        .tolist(),
    ).toThrow("out of range");
    expect(() =>
      matrix()
        .index_select(0, long([2]))
        .tolist(),
    ).toThrow(torch.IndexError);
  });

  test("take_along_dim broadcasts the other dimensions", () => {
    expect(torch.take_along_dim(matrix(), long([[2], [0]]), 1).tolist()).toEqual([[2], [3]]);
    expect(torch.take_along_dim(matrix(), long([[0]]), 1).tolist()).toEqual([[0], [3]]);
    expect(torch.take_along_dim(matrix(), long([4, 1])).tolist()).toEqual([4, 1]);
  });

  test("a float index is refused with a cure", () => {
    expect(() => matrix().index_select(0, torch.tensor([1]))).toThrow("index.long()");
  });

  test("nonzero, argwhere and where find positions", () => {
    const x = torch.tensor([
      [0, 2],
      [3, 0],
    ]);
    expect(torch.nonzero(x).tolist()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(x.argwhere().tolist()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(x.nonzero({ as_tuple: true }).map((index) => index.tolist())).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect((torch.where(x) as unknown as torch.Tensor[]).map((index) => index.tolist())).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(torch.nonzero(torch.tensor(5)).shape).toEqual([1, 0]);
    expect(torch.nonzero(torch.zeros([0, 3])).shape).toEqual([0, 2]);
  });

  test("a mask of several dimensions is one index, beside others and written to as well", () => {
    const x = torch.arange(24).float().reshape([2, 3, 4]);
    const mask = torch.tensor([
      [true, false, true],
      [false, true, false],
    ]);
    const uneven = mask.byte().mul(200);
    expect(x.at(mask).tolist()).toEqual([
      [0, 1, 2, 3],
      [8, 9, 10, 11],
      [16, 17, 18, 19],
    ]);
    expect(x.at(uneven, long([0, 1, 3])).tolist()).toEqual([0, 9, 19]);
    expect(mask.nonzero().tolist()).toEqual([
      [0, 0],
      [0, 2],
      [1, 1],
    ]);
    const written = x.index_put([mask, long([0, 1, 3])], torch.tensor([-1, -2, -3]));
    expect(written.sub(x).nonzero().tolist()).toEqual([
      [0, 0, 0],
      [0, 2, 1],
      [1, 1, 3],
    ]);
    expectGradients((y) => y.at(mask), [sample(2, 3, 2)]);
  });

  test("masked_select is differentiable and has a twin that gives a promise", async () => {
    const mask = torch.tensor([[true, false, true]]);
    expect(torch.masked_select(matrix(), mask).tolist()).toEqual([0, 2, 3, 5]);
    expect((await torch.masked_selectAsync(matrix(), mask)).tolist()).toEqual([0, 2, 3, 5]);
    expectGradients((x) => x.masked_select(mask), [sample(2, 3)]);
  });
});

onEachDevice("writing at positions", () => {
  test("scatter writes, adds and multiplies", () => {
    const base = torch.ones(3);
    const index = long([0, 2]);
    const src = torch.tensor([5, 7]);
    expect(base.scatter(0, index, src).tolist()).toEqual([5, 1, 7]);
    expect(base.scatter(0, index, src, { reduce: "add" }).tolist()).toEqual([6, 1, 8]);
    expect(base.scatter(0, index, 4, { reduce: "multiply" }).tolist()).toEqual([4, 1, 4]);
    expect(base.scatter(0, index, 2.5).tolist()).toEqual([2.5, 1, 2.5]);
  });

  test("scatter_ writes into the tensor itself and takes a larger source", () => {
    const base = torch.zeros(2, 2);
    const same = base.scatter_(
      1,
      long([[1], [0]]),
      torch.tensor([
        [1, 9, 9],
        [2, 9, 9],
      ]),
    );
    expect(same).toBe(base);
    expect(base.tolist()).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  test.each([
    ["sum", true, [1 + 2 + 3, 1 + 4]],
    ["sum", false, [2 + 3, 4]],
    ["prod", true, [6, 4]],
    ["prod", false, [6, 4]],
    ["mean", true, [2, 2.5]],
    ["mean", false, [2.5, 4]],
    ["amax", true, [3, 4]],
    ["amin", true, [1, 1]],
    ["amin", false, [2, 4]],
  ] as const)("scatter_reduce by %s, include_self %s", (reduce, include_self, expected) => {
    const index = long([0, 0, 1]);
    expect(
      torch
        .ones(2)
        .scatter_reduce(0, index, torch.tensor([2, 3, 4]), reduce, { include_self })
        .tolist(),
    ).toEqual([...expected]);
    expectGradients(
      (x, src) => x.scatter_reduce(0, index, src, reduce, { include_self }),
      [sample(2), torch.tensor([2.5, 3, 4], { dtype: "float64" })],
    );
  });

  test("the gradient of a product counts a single zero exactly", () => {
    expectGradients(
      (src) => torch.ones([1], { dtype: "float64" }).scatter_reduce(0, long([0, 0, 0]), src, "prod"),
      [torch.tensor([2, 0, 3], { dtype: "float64" })],
    );
  });

  test("scatter_reduce knows max and min, index_reduce does not", () => {
    const [x, index, src] = [torch.ones(3), long([0, 1]), torch.tensor([5, -3])];
    expect(x.scatter_reduce(0, index, src, "max").tolist()).toEqual([5, 1, 1]);
    expect(x.scatter_reduce(0, index, src, "min", { include_self: false }).tolist()).toEqual([5, -3, 1]);
    // @ts-expect-error -- the name that is refused
    expect(() => x.index_reduce(0, index, src, "max")).toThrow(
      "Expected reduce to be one of prod, mean, amax or amin but got max",
    );
  });

  test("index_add, index_copy, index_fill and index_reduce change slices", () => {
    const x = torch.zeros(3, 2);
    const rows = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.index_add(0, long([2, 2]), rows, { alpha: 2 }).tolist()).toEqual([
      [0, 0],
      [0, 0],
      [8, 12],
    ]);
    expect(x.index_copy(0, long([1, 0]), rows).tolist()).toEqual([
      [3, 4],
      [1, 2],
      [0, 0],
    ]);
    expect(x.index_fill(1, long([-1]), 7).tolist()).toEqual([
      [0, 7],
      [0, 7],
      [0, 7],
    ]);
    expect(x.index_reduce(0, long([0, 0]), rows, "amax").tolist()).toEqual([
      [3, 4],
      [0, 0],
      [0, 0],
    ]);
    expectGradients((a, b) => a.index_add(1, long([0, 0]), b), [sample(2, 3), sample(2, 2)]);
  });

  test("a source of another type or number of slices is refused", () => {
    expect(() => torch.zeros(2).index_add(0, long([0]), long([1]))).toThrow("same scalar type");
    expect(() => torch.zeros(2).index_copy(0, long([0]), torch.zeros(2))).toThrow("Number of indices");
    expect(() => torch.zeros(2).scatter(0, long([0]), long([1]))).toThrow(
      "Expected self.dtype to be equal to src.dtype",
    );
  });

  test("put_ writes at flat positions, adding when asked", () => {
    const x = torch.zeros(2, 2);
    x.put_(long([3, 0, 0]), torch.tensor([1, 2, 3]), true);
    expect(x.tolist()).toEqual([
      [5, 0],
      [0, 1],
    ]);
  });

  test("masked_fill takes numbers and 0-d tensors, masked_scatter the source in order", () => {
    const mask = torch.tensor([true, false, true]);
    expect(torch.zeros(3).masked_fill(mask, 2).tolist()).toEqual([2, 0, 2]);
    expect(torch.zeros(2, 3).masked_fill(mask, torch.tensor(1)).tolist()).toEqual([
      [1, 0, 1],
      [1, 0, 1],
    ]);
    expect(torch.zeros(2, 3).masked_scatter(mask, torch.arange(1, 7).float()).tolist()).toEqual([
      [1, 0, 2],
      [3, 0, 4],
    ]);
    expect(() => torch.zeros(3).masked_scatter(mask, torch.ones(1)).tolist()).toThrow("Number of elements of source");
  });

  test("index_put writes by tensors and masks, and accumulates", () => {
    const x = torch.zeros(2, 3);
    expect(x.index_put([long([0, 1]), long([2, 0])], torch.tensor([5, 6])).tolist()).toEqual([
      [0, 0, 5],
      [6, 0, 0],
    ]);
    expect(x.index_put([long([0, 0])], torch.ones(3), true).tolist()).toEqual([
      [2, 2, 2],
      [0, 0, 0],
    ]);
    expect(
      x
        .index_put(
          [
            torch.tensor([
              [true, false, true],
              [false, true, false],
            ]),
          ],
          torch.tensor([1, 2, 3]),
        )
        .tolist(),
    ).toEqual([
      [1, 0, 2],
      [0, 3, 0],
    ]);
    expect(() => x.index_put([torch.tensor([true, false])], torch.ones(2, 3)).tolist()).toThrow("shape mismatch");
  });

  test("what is overwritten gets no gradient", () => {
    expectGradients((x, v) => x.index_put([torch.tensor([true, false, true])], v), [sample(3), sample(2)]);
    expectGradients((x, v) => x.masked_fill(torch.tensor([true, false, true]), v), [sample(3), sample(1).reshape([])]);
  });
});
