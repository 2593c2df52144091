import { expect, test } from "vitest";
import * as torch from "cresset";
import { expectGradients, long, onEachDevice, sample } from "./support.ts";

type List = readonly torch.Tensor[];
const lists = (tensors: unknown): unknown[] => (tensors as List).map((tensor) => tensor.tolist());

onEachDevice("shapes", () => {
  const x = (): torch.Tensor => torch.arange(6).reshape(2, 3);

  test("triangles and choices of any size, empty ones too", () => {
    expect(torch.tril_indices(2, 5, 7).shape).toEqual([2, 10]);
    expect(torch.tril_indices(3, 3, -5).shape).toEqual([2, 0]);
    expect(torch.triu_indices(3, 3, -1).tolist()).toEqual([
      [0, 0, 0, 1, 1, 1, 2, 2],
      [0, 1, 2, 0, 1, 2, 1, 2],
    ]);
    expect(torch.combinations(torch.tensor([1, 2]), 3).shape).toEqual([0, 3]);
    expect(torch.combinations(torch.tensor([]), 2, true).shape).toEqual([0, 2]);
    expect(torch.combinations(torch.tensor([1, 2]), 3, true).tolist()).toEqual([
      [1, 1, 1],
      [1, 1, 2],
      [1, 2, 2],
      [2, 2, 2],
    ]);
  });

  test("views of any kind write through", () => {
    const base = torch.zeros(3, 3);
    base.diagonal().add_(1);
    base.movedim(0, 1).at(0).mul_(5);
    base.unfold(1, 2, 1).at(2, 1).fill_(9);
    expect(base.tolist()).toEqual([
      [5, 0, 0],
      [0, 1, 0],
      [0, 9, 9],
    ]);
    const lines = torch.zeros(6);
    lines.as_strided([2, 2], [3, 1], 1).fill_(1);
    expect(lines.tolist()).toEqual([0, 1, 1, 0, 1, 1]);
  });

  test("a view that overlaps itself reads each element as often as it is seen", () => {
    const line = torch.arange(4).float();
    expect(line.as_strided([3, 2], [1, 1]).tolist()).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(line.unfold(0, 2, 1).tolist()).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expectGradients((y) => y.as_strided([3, 2], [1, 1]), [sample(4)]);
    expect(() => line.as_strided([3], [2])).toThrow(
      "requiring a storage size of 20 are out of bounds for storage of size 16: 5 elements of 4",
    );
  });

  test("strides tell how a view lies in memory", () => {
    const view = torch.zeros(24).as_strided([2, 3], [12, 2], 1);
    expect([view.stride(), view.storage_offset(), view.is_contiguous()]).toEqual([[12, 2], 1, false]);
    expect(view.t().stride()).toEqual([2, 12]);
    expect(() => view.view(6)).toThrow("Use .reshape(...) instead");
    expect(view.reshape(6).shape).toEqual([6]);
  });

  test("operators with an underscore change the tensor's own shape", () => {
    const y = x();
    expect(y.t_()).toBe(y);
    expect(y.tolist()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(y.unsqueeze_(0).shape).toEqual([1, 3, 2]);
    expect(y.squeeze_().transpose_(0, 1).shape).toEqual([2, 3]);
    expect(y.resize_(2, 2).tolist()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(torch.ones(1).resize_([3]).tolist()).toEqual([1, 0, 0]);
  });

  test("splitting by count, by size and by position", () => {
    expect(lists(torch.tensor_split(torch.arange(5), 3))).toEqual([[0, 1], [2, 3], [4]]);
    expect(lists(torch.tensor_split(torch.arange(5), [1, 3]))).toEqual([[0], [1, 2], [3, 4]]);
    expect(lists(torch.tensor_split(torch.arange(5), long([1, 3]) as never))).toEqual([[0], [1, 2], [3, 4]]);
    expect(lists(x().split(2, 1))).toEqual([
      [
        [0, 1],
        [3, 4],
      ],
      [[2], [5]],
    ]);
    expect(lists(x().split([1, 2], 1))).toEqual([
      [[0], [3]],
      [
        [1, 2],
        [4, 5],
      ],
    ]);
    expect(lists(x().hsplit(3))).toEqual([
      [[0], [3]],
      [[1], [4]],
      [[2], [5]],
    ]);
    expect(() => x().split([1, 1], 1)).toThrow("sum exactly to 3");
    expect(() => x().vsplit(3)).toThrow("not divisible");
    expect(lists(x().split(5, 0))).toEqual([x().tolist()]);
  });

  test("joining", () => {
    const [a, b] = [torch.tensor([1, 2]), torch.tensor([3, 4])];
    expect(torch.hstack([a, b]).tolist()).toEqual([1, 2, 3, 4]);
    expect(torch.vstack([a, b]).tolist()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(torch.dstack([a, b]).tolist()).toEqual([
      [
        [1, 3],
        [2, 4],
      ],
    ]);
    expect(torch.column_stack([a, b]).tolist()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(torch.block_diag(a, torch.tensor([[5]])).tolist()).toEqual([
      [1, 2, 0],
      [0, 0, 5],
    ]);
    expect(torch.cartesian_prod(a, b).tolist()).toEqual([
      [1, 3],
      [1, 4],
      [2, 3],
      [2, 4],
    ]);
    expect(torch.combinations(long([1, 2, 3])).tolist()).toEqual([
      [1, 2],
      [1, 3],
      [2, 3],
    ]);
    expect(torch.combinations(long([1, 2]), 2, true).tolist()).toEqual([
      [1, 1],
      [1, 2],
      [2, 2],
    ]);
    expect(lists(torch.meshgrid(a, b, { indexing: "xy" }))).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      [
        [3, 3],
        [4, 4],
      ],
    ]);
    expect(lists(torch.broadcast_tensors(a, b.unsqueeze(1)))).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      [
        [3, 3],
        [4, 4],
      ],
    ]);
    expect(torch.atleast_3d(a).shape).toEqual([1, 2, 1]);
    expect(lists(torch.atleast_2d(torch.tensor(1), a))).toEqual([[[1]], [[1, 2]]]);
  });

  test("repeating and moving round", () => {
    const a = torch.tensor([1, 2]);
    expect(a.repeat(2, 2).tolist()).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ]);
    expect(torch.tile(x(), [2]).shape).toEqual([2, 6]);
    expect(a.repeat_interleave(2).tolist()).toEqual([1, 1, 2, 2]);
    expect(a.repeat_interleave(long([0, 3])).tolist()).toEqual([2, 2, 2]);
    expect(torch.repeat_interleave(long([1, 2])).tolist()).toEqual([0, 1, 1]);
    expect(torch.roll(x(), [1, -1], [0, 1]).tolist()).toEqual([
      [4, 5, 3],
      [1, 2, 0],
    ]);
    expect(torch.roll(x(), 1).tolist()).toEqual([
      [5, 0, 1],
      [2, 3, 4],
    ]);
    expect(torch.rot90(x()).tolist()).toEqual([
      [2, 5],
      [1, 4],
      [0, 3],
    ]);
    expect(x().fliplr().tolist()).toEqual([
      [2, 1, 0],
      [5, 4, 3],
    ]);
    expect(() => a.repeat_interleave(long([1, 2, 3]))).toThrow("same size");
    expectGradients((y) => y.repeat_interleave(long([2, 0, 1])), [sample(3)]);
    expectGradients((y) => y.roll(2, 0).tile(2, 1), [sample(3)]);
  });

  test("diagonals and triangles", () => {
    expect(torch.diag(torch.tensor([1, 2]), 1).tolist()).toEqual([
      [0, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ]);
    expect(torch.diag(x(), 1).tolist()).toEqual([1, 5]);
    expect(torch.diag_embed(torch.tensor([[1, 2]]), 0, 0, 2).tolist()).toEqual([[[1, 0]], [[0, 2]]]);
    expect(x().tril().tolist()).toEqual([
      [0, 0, 0],
      [3, 4, 0],
    ]);
    expect(x().triu(1).tolist()).toEqual([
      [0, 1, 2],
      [0, 0, 5],
    ]);
    expect(torch.trace(x()).item()).toBe(4);
    expect(torch.zeros(3, 2).fill_diagonal_(7).tolist()).toEqual([
      [7, 0],
      [0, 7],
      [0, 0],
    ]);
    expect(torch.diagonal_scatter(torch.zeros(2, 2), torch.ones(1), 1).tolist()).toEqual([
      [0, 1],
      [0, 0],
    ]);
    expect(torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 1, -1).tolist()).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(torch.slice_scatter(torch.zeros(4), torch.ones(2), { start: 1, step: 2 }).tolist()).toEqual([0, 1, 0, 1]);
    expectGradients((y) => y.diagonal(-1), [sample(3, 3)]);
    expectGradients((a, b) => torch.diagonal_scatter(a, b), [sample(2, 3), sample(2)]);
  });
});
