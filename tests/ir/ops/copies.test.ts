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
