/** Strides of axes of size 1, as PyTorch 2.13 gives them. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const crossed = torch.zeros(12, 2).t();
const box = torch.zeros(3, 4, 5);

test.each<[string, torch.Tensor, number[], number]>([
  ["unsqueeze(-1) of a transposed tensor", crossed.unsqueeze(-1), [1, 2, 1], 0],
  ["unsqueeze(0)", crossed.unsqueeze(0), [2, 1, 2], 0],
  ["unsqueeze(1)", crossed.unsqueeze(1), [1, 24, 2], 0],
  ["narrow to one row", crossed.narrow(0, 0, 1), [1, 2], 0],
  ["narrow in the middle", box.narrow(1, 2, 1), [20, 5, 1], 10],
  ["a range of one", box.at(":", "1:2"), [20, 5, 1], 5],
  ["expand", torch.zeros(1, 5).expand(4, 5), [0, 1], 0],
  ["a row transposed", torch.zeros(1, 5).t(), [1, 5], 0],
  ["an axis of one moved to the front", torch.zeros(3, 1, 2).transpose(0, 1), [2, 2, 1], 0],
  ["one column, with another axis", crossed.narrow(1, 0, 1).unsqueeze(0), [2, 1, 2], 0],
  ["squeezed", box.narrow(0, 1, 1).squeeze(0), [5, 1], 20],
  ["permuted, with another axis", box.permute(2, 0, 1).unsqueeze(2), [1, 20, 20, 5], 0],
  ["unfold", box.unfold(2, 3, 1), [20, 5, 1, 1], 0],
  ["reshape without the axis", box.narrow(2, 1, 1).reshape(3, 4), [20, 5], 1],
  ["repeated, with another axis", torch.zeros(1, 4).expand(3, -1).unsqueeze(0), [0, 0, 1], 0],
])("%s", (_, view, strides, offset) => {
  expect([view.stride(), view.storage_offset()]).toEqual([strides, offset]);
});
