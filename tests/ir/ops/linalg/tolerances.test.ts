import { expect, test } from "vitest";
import * as torch from "cresset";

test("tolerances beyond the batch repeat the matrices", () => {
  const matrices = torch.tensor([
    [
      [2, 0],
      [0, 1],
    ],
    [
      [4, 0],
      [0, 1],
    ],
  ]);
  const rtol = torch.tensor([[0.1], [0.3], [0.6]]);
  expect(torch.linalg.matrix_rank(matrices, { rtol }).tolist()).toEqual([
    [2, 2],
    [2, 1],
    [1, 1],
  ]);
  const inverse = torch.linalg.pinv(matrices, { rtol });
  expect(inverse.shape).toEqual([3, 2, 2, 2]);
  const corners = inverse.select(-1, 1).select(-1, 1);
  expect(
    torch.allclose(
      corners,
      torch.tensor([
        [1, 1],
        [1, 0],
        [0, 0],
      ]),
    ),
  ).toBe(true);
});
