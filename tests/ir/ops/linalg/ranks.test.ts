import * as torch from "cresset";
import { expect, test } from "vitest";

const { linalg } = torch;
const diagonal = torch.diag(torch.tensor([1, 0.5, 0.05]));

test("matrix_rank takes one tolerance, which is absolute", () => {
  expect(linalg.matrix_rank(diagonal, { tol: 0.1 }).item()).toBe(2);
  expect(linalg.matrix_rank(diagonal, 0.1, true).item()).toBe(2);
  expect(linalg.matrix_rank(diagonal, torch.tensor([0.1, 0.9])).tolist()).toEqual([2, 1]);
  expect(linalg.matrix_rank(diagonal).item()).toBe(3);
  // @ts-expect-error -- one or the other
  expect(() => linalg.matrix_rank(diagonal, { tol: 0.1, rtol: 0.2 })).toThrow("unexpected keyword argument");
});

test.each([
  [[4, 0], "reduced", [4, 0], [0, 0]],
  [[4, 0], "complete", [4, 4], [4, 0]],
  [[0, 4], "complete", [0, 0], [0, 4]],
  [[0, 4, 2], "reduced", [0, 4, 2], [0, 2, 2]],
  [[0, 4, 2], "complete", [0, 4, 4], [0, 4, 2]],
] as const)("qr of %j without elements, %s", (shape, mode, q, r) => {
  for (const dtype of ["float32", "complex64"] as const) {
    const [Q, R] = linalg.qr(torch.zeros(shape, { dtype }), { mode });
    expect([Q.shape, R.shape]).toEqual([q, r]);
  }
});
