/** Matrices with NaN or infinities, of which no factors exist. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const { linalg, ones, tensor } = torch;
const matrix = (value: number) =>
  tensor([
    [value, 1],
    [1, 1],
  ]);
const why = "The algorithm failed to converge because the input matrix contained non-finite values";

describe.each([NaN, Infinity])("a matrix with %s", (value) => {
  const a = matrix(value);
  it.each([
    ["svd", "svd", () => linalg.svd(a)[1]],
    ["svd of complex numbers", "svd", () => linalg.svd(a.to(torch.complex64))[1]],
    ["svdvals", "svd", () => linalg.svdvals(a)],
    ["matrix_rank", "svd", () => linalg.matrix_rank(a)],
    ["nuclear norm", "svd", () => linalg.matrix_norm(a, "nuc")],
    ["cond", "svd", () => linalg.cond(a)],
    ["lstsq", "svd", () => linalg.lstsq(a, ones(2, 1)).solution],
    ["eigh", "eigh", () => linalg.eigh(a)[0]],
    ["pinv of a hermitian matrix", "pinv", () => linalg.pinv(a, { hermitian: true })],
  ])("%s refuses it", (_, name, compute) => {
    const result = compute();
    expect(() => result.tolist()).toThrow(torch.LinAlgError);
    expect(() => compute().tolist()).toThrow(`linalg.${name}: ${why}`);
  });
});

it("pinv refuses NaN, and of infinite matrices it is NaN", () => {
  expect(() => linalg.pinv(matrix(NaN)).tolist()).toThrow(`linalg.svd: ${why}`);
  expect(linalg.pinv(matrix(Infinity)).isnan().all().item()).toBe(true);
});

it("the first matrix of a batch is named", () => {
  const batch = torch.stack([torch.eye(2), matrix(NaN), matrix(NaN)]);
  expect(() => linalg.svdvals(batch).tolist()).toThrow(`linalg.svd: (Batch element 1): ${why}`);
});

it("what a triangle leaves out may be anything", () => {
  const a = tensor([
    [2, NaN],
    [0, 3],
  ]);
  expect(linalg.eigvalsh(a).tolist()).toEqual([2, 3]);
});
