/** What is part of the graph of gradients where PyTorch 2.13 has no derivative, and what is not. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { expectGradients, sample } from "./support.ts";

const { special } = torch;
const leaf = (): torch.Tensor => torch.tensor([0.5, 1.5], { requires_grad: true });

describe("results that need a derivative which there is not", () => {
  test.each<[string, () => torch.Tensor]>([
    ["derivative for aten::floor_divide is not implemented", () => torch.floor_divide(leaf(), 2)],
    ["derivative for aten::floor_divide is not implemented", () => torch.floor_divide(torch.ones(2), leaf())],
    ["derivative for aten::floor_divide is not implemented", () => torch.floor_divide(leaf().half(), 0.3)],
    ["derivative for aten::floor_divide is not implemented", () => leaf().mul(1).floor_divide_(2)],
    ["derivative for aten::heaviside is not implemented", () => torch.heaviside(leaf(), torch.ones(2))],
    ["derivative for aten::heaviside is not implemented", () => torch.heaviside(torch.ones(2), leaf())],
    ["the derivative for 'zeta' is not implemented", () => special.zeta(leaf(), 2)],
    ["the derivative for 'zeta' is not implemented", () => special.zeta(leaf(), leaf())],
    ["the derivative for 'igamma: input' is not implemented", () => special.gammainc(leaf(), torch.ones(2))],
    ["the derivative for '_unique2' is not implemented", () => leaf().unique()],
  ])("%s", (words, make) => {
    const value = make();
    expect(value.requires_grad).toBe(true);
    expect(() => value.sum().backward()).toThrow(words);
  });

  test("zeta has one by its second argument", () => {
    expectGradients(
      (q) => special.zeta(torch.tensor([2, 3, 4.5], { dtype: torch.float64 }), q),
      [sample(3).abs().add(1)],
    );
  });
});

const unary = [
  "airy_ai",
  "bessel_j0",
  "bessel_y1",
  "modified_bessel_i0",
  "modified_bessel_k1",
  "spherical_bessel_j0",
] as const;
const polynomials = [
  "chebyshev_polynomial_t",
  "shifted_chebyshev_polynomial_w",
  "hermite_polynomial_he",
  "legendre_polynomial_p",
] as const;
describe("results outside of the graph", () => {
  test.each(unary)("%s", (name) => expect(special[name](leaf()).requires_grad).toBe(false));
  test.each(polynomials)("%s", (name) => {
    expect(special[name](leaf(), 2).requires_grad).toBe(false);
    expect(special[name](torch.ones(2), leaf()).requires_grad).toBe(false);
  });
});

test("mean and inverse deviation of native_group_norm have gradients", () => {
  const statistics = (x: torch.Tensor): readonly torch.Tensor[] =>
    torch.native_group_norm(x, null, null, 2, 4, 3, 2, 1e-5);
  expectGradients((x) => statistics(x)[1]!, [sample(2, 4, 3)]);
  expectGradients((x) => statistics(x)[2]!, [sample(2, 4, 3)]);
  const weight = torch.ones(4, { requires_grad: true });
  expect(torch.native_group_norm(torch.ones(2, 4, 3), weight, null, 2, 4, 3, 2, 1e-5)[1].requires_grad).toBe(true);
});
