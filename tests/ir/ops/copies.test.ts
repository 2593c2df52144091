/** Views as copies. */
import * as torch from "cresset";
import { expect, it } from "vitest";

const x = (): torch.Tensor => torch.arange(6).to("float32").reshape(2, 3).t();

it("a copy has the view's elements, row by row in memory of its own", () => {
  const source = x();
  const copy = torch.permute_copy(source, [1, 0]);
  expect([copy.tolist(), copy.stride()]).toEqual([source.permute(1, 0).tolist(), [3, 1]]);
  copy.zero_();
  expect(source.tolist()).toEqual(x().tolist());
  expect(torch.unsqueeze_copy(source, -1).stride()).toEqual([2, 1, 1]);
});

it("copies of parts are several tensors, and each has a gradient", () => {
  const source = x().requires_grad_();
  const parts = torch.unbind_copy(source, 1);
  parts[1]!.mul_(2).sum().backward();
  expect(parts.map(({ shape }) => shape)).toEqual([[3], [3]]);
  expect(source.grad!.tolist()).toEqual([[0, 2], [0, 2], [0, 2]]); // prettier-ignore
  expect(torch.unsafe_chunk(x(), 2).map((part) => part.tolist())).toEqual(x().chunk(2).map((part) => part.tolist())); // prettier-ignore
});

it("a copy is written to where out= says, and refuses what its view refuses", () => {
  const out = torch.empty(0);
  torch.select_copy(x(), 0, 1, { out });
  expect(out.tolist()).toEqual([1, 4]);
  expect(() => torch.select_copy(x(), 0, 9)).toThrow("out of range");
});

it("copies of slices, of other shapes and of strides lie in memory of their own", () => {
  const a = torch.arange(12).float().reshape(3, 4);
  const copies = [
    torch.slice_copy(a, 1, 1, null, 2),
    torch.view_copy(a.t(), [6, 2]),
    torch.view_copy(a, torch.int32),
    torch.as_strided_copy(a, [2, 2], [1, 5], 1),
    ...torch.split_with_sizes_copy(a, [1, 3], 1),
    torch.unsafe_split_with_sizes(a, [1, 2])[1]!,
    torch.alias_copy(a),
  ];
  expect(copies.slice(0, 2).map((copy) => copy.tolist())).toEqual([
    [[1, 3], [5, 7], [9, 11]],
    [[0, 4], [8, 1], [5, 9], [2, 6], [10, 3], [7, 11]],
  ]); // prettier-ignore
  expect(copies[2]!.tolist()).toEqual(a.view(torch.int32).tolist());
  expect(copies[3]!.tolist()).toEqual([[1, 6], [2, 7]]); // prettier-ignore
  expect(copies.slice(4).map((copy) => copy.tolist())).toEqual([a.at(":, :1"), a.at(":, 1:"), a.at("1:"), a].map((part) => part.tolist())); // prettier-ignore
  for (const copy of copies) copy.zero_();
  expect(a.tolist()).toEqual(torch.arange(12).float().reshape(3, 4).tolist());
  expect(() => torch.slice_copy(a, 0, 0, 2, 0)).toThrow("must be positive");
  expect(() => torch.slice_copy(torch.tensor(1))).toThrow("cannot be applied to a 0-dim tensor");
});

it("a copy without history has none, any other has that of its source", () => {
  const a = torch.ones(2, 2).requires_grad_();
  expect([torch.detach_copy(a), torch.alias_copy(a), torch.as_strided_copy(a, [2], [1])].map((copy) => copy.requires_grad)).toEqual([false, true, true]); // prettier-ignore
});
