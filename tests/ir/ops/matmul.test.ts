import { expect, test } from "vitest";
import * as torch from "cresset";
import { expectClose, expectGradients, flat, onEachDevice, sample } from "./support.ts";

/** Sum of products by three loops over the last two dimensions. */
function reference(a: torch.Tensor, b: torch.Tensor): number[] {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const batch = a.shape.slice(0, -2).reduce((count, size) => count * size, 1);
  const [x, y] = [flat(a), flat(b)];
  return Array.from({ length: batch * m * n }, (_, i) => {
    const [t, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
    let sum = 0;
    for (let j = 0; j < k; j++) sum += x[t * m * k + row * k + j]! * y[t * k * n + j * n + column]!;
    return sum;
  });
}

onEachDevice("matrix products", () => {
  test.each([
    [[3], [3], []],
    [[2, 3], [3], [2]],
    [[3], [3, 4], [4]],
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [[5, 2, 3], [3], [5, 2]],
    [[3], [5, 3, 4], [5, 4]],
    [
      [5, 2, 3],
      [3, 4],
      [5, 2, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [5, 1, 2, 3],
      [6, 3, 4],
      [5, 6, 2, 4],
    ],
    [
      [1, 2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [2, 0],
      [0, 4],
      [2, 4],
    ],
    [
      [0, 3],
      [3, 4],
      [0, 4],
    ],
  ])("matmul of %j and %j has shape %j", (left, right, shape) => {
    const [a, b] = [sample(...left), sample(...right)];
    const product = a.matmul(b);
    expect(product.shape).toEqual(shape);
    if (left.length >= 2 && right.length >= 2) {
      const batch = shape.slice(0, -2);
      const wide = (x: torch.Tensor): torch.Tensor => x.expand([...batch, ...x.shape.slice(-2)]);
      expectClose(product, reference(wide(a), wide(b)), 1e-12);
    }
    if (product.numel() > 0 && product.numel() < 30) expectGradients((x, y) => x.matmul(y), [a, b]);
  });

  test("inner sizes that differ are explained", () => {
    expect(() => torch.randn(8, 3, 64).matmul(torch.randn(8, 5, 64))).toThrow(
      "[matmul/inner-dims] matmul: inner sizes differ: input float32[8, 3, 64] @ other float32[8, 5, 64].\n  The last size of input (64) must equal the second-to-last of other (5). other.transpose(-2, -1) would fit.",
    );
    expect(() => torch.ones(2, 3).mm(torch.ones(2, 3))).toThrow(
      "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
    );
    expect(() => torch.ones(2, 3, 4).matmul(torch.ones(3, 4, 5))).toThrow(
      "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    );
  });

  test("0-d operands and operands of two types are refused", () => {
    expect(() => torch.tensor(1).matmul(torch.ones(2))).toThrow("at least 1D");
    expect(() => torch.ones(2, 2).mm(torch.ones(2, 2, { dtype: "float64" }))).toThrow("same dtype");
  });

  test("integers multiply exactly", () => {
    expect(torch.arange(6).reshape(2, 3).matmul(torch.arange(3)).tolist()).toEqual([5, 14]);
  });

  test("the family of named products", () => {
    const [a, b] = [
      torch.tensor([
        [1, 2],
        [3, 4],
      ]),
      torch.tensor([
        [5, 6],
        [7, 8],
      ]),
    ];
    expect(a.mm(b).tolist()).toEqual([
      [19, 22],
      [43, 50],
    ]);
    expect(a.mv(torch.tensor([1, 1])).tolist()).toEqual([3, 7]);
    expect(torch.dot(torch.tensor([1, 2]), torch.tensor([3, 4])).item()).toBe(11);
    expect(torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4])).tolist()).toEqual([
      [3, 4],
      [6, 8],
    ]);
    expect(torch.inner(a, b).tolist()).toEqual([
      [17, 23],
      [39, 53],
    ]);
    expect(torch.bmm(a.unsqueeze(0), b.unsqueeze(0)).tolist()).toEqual([
      [
        [19, 22],
        [43, 50],
      ],
    ]);
    expect(torch.addmm(torch.ones(2), a, b, { beta: 2, alpha: 0.5 }).tolist()).toEqual([
      [11.5, 13],
      [23.5, 27],
    ]);
    expect(torch.addbmm(torch.zeros(2, 2), torch.stack([a, a]), torch.stack([b, b])).tolist()).toEqual([
      [38, 44],
      [86, 100],
    ]);
    expect(torch.chain_matmul(a, b, a).tolist()).toEqual(a.mm(b).mm(a).tolist());
    expect(torch.linalg.multi_dot([torch.tensor([1, 1]), a, b]).tolist()).toEqual([62, 72]);
    expect(torch.kron(torch.tensor([1, 2]), torch.tensor([1, 10])).tolist()).toEqual([1, 10, 2, 20]);
  });

  test("with beta 0 the summand is not read", () => {
    expect(torch.addmm(torch.full([1], NaN), torch.ones(1, 1), torch.ones(1, 1), { beta: 0 }).tolist()).toEqual([[1]]);
  });

  test("addmm_ writes into its first argument", () => {
    const x = torch.ones(2, 2);
    expect(x.addmm_(torch.eye(2), torch.eye(2))).toBe(x);
    expect(x.tolist()).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });
});

onEachDevice("einsum", () => {
  test.each([
    [
      "ij,jk->ik",
      [
        [2, 3],
        [3, 4],
      ],
      [2, 4],
    ],
    [
      "ij,jk",
      [
        [2, 3],
        [3, 4],
      ],
      [2, 4],
    ],
    ["ii", [[3, 3]], []],
    ["ii->i", [[3, 3]], [3]],
    ["ij->ji", [[2, 3]], [3, 2]],
    ["ij->", [[2, 3]], []],
    ["i,j->ij", [[2], [3]], [2, 3]],
    [
      "bij,bjk->bik",
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
      [2, 3, 5],
    ],
    [
      "...ij,...jk->...ik",
      [
        [6, 1, 2, 3],
        [5, 3, 4],
      ],
      [6, 5, 2, 4],
    ],
    [
      "b n h, n m -> b m",
      [
        [2, 3, 2],
        [3, 4],
      ],
      [2, 4],
    ],
    ["i,i,i->", [[4], [4], [4]], []],
    [
      "ab,cd,ef->acf",
      [
        [2, 2],
        [3, 2],
        [2, 4],
      ],
      [2, 3, 4],
    ],
  ])("%s", (equation, shapes, expected) => {
    const operands = shapes.map((shape) => sample(...shape));
    const result = torch.einsum(equation, ...operands);
    expect(result.shape).toEqual(expected);
    if (result.numel() < 30) expectGradients((...xs) => torch.einsum(equation, xs), operands);
  });

  test("what it sums is what loops sum", () => {
    const [a, b] = [sample(2, 3), sample(3, 2)];
    expectClose(torch.einsum("ij,jk->ki", a, b), flat(a.mm(b).t()), 1e-12);
    expect(torch.einsum("ii->", torch.arange(9).reshape(3, 3)).item()).toBe(12);
    expectClose(torch.tensordot(sample(2, 3, 4), sample(3, 4, 5)), flat(sample(2, 12).mm(sample(12, 5))), 1e-12);
    expect(torch.tensordot(sample(3, 4), sample(4, 3), [[0], [1]]).shape).toEqual([4, 4]);
  });

  test.each([
    ["ij,jk->iz", "does not appear"],
    ["ij,k", "does not match the number of dimensions"],
    ["ij,jk->ii", "more than once"],
    ["ij", "more operands were provided"],
    ["i1,jk", "must be in [a-zA-Z]"],
  ])("%s is refused: %s", (equation, reason) => {
    expect(() => torch.einsum(equation, torch.ones(2, 2), torch.ones(2, 2))).toThrow(reason);
  });
});

onEachDevice("products of several types", () => {
  test("outer products and products with a number promote", () => {
    const [whole, wide] = [torch.tensor([1n, 2n]), torch.tensor([1.5, 2], { dtype: torch.float64 })];
    for (const product of [torch.outer(whole, wide), torch.ger(whole, wide), whole.outer(wide)]) {
      expect(product.dtype).toBe(torch.float64);
      expect(product.tolist()).toEqual([
        [1.5, 2],
        [3, 4],
      ]);
    }
    const out = torch.empty(2, 2);
    expect(torch.outer(whole, wide, { out })).toBe(out);
    expect(out.tolist()).toEqual([
      [1.5, 2],
      [3, 4],
    ]);
    expect(torch.addr(torch.ones(2, 2), whole, wide).dtype).toBe(torch.float64);
    const half = torch.inner(torch.ones(2).half(), torch.tensor(2n));
    expect([half.dtype, half.tolist()]).toEqual([torch.float16, [2, 2]]);
    expect(() => torch.inner(whole, wide)).toThrow("dtype");
  });

  test.each(["addmm", "addmv", "addr", "addbmm", "baddbmm"] as const)(
    "the first argument of %s has a gradient of zero where beta is",
    (name) => {
      const sizes = {
        addmm: [
          [2, 2],
          [2, 2],
          [2, 2],
        ],
        addmv: [[2], [2, 2], [2]],
        addr: [[2, 2], [2], [2]],
        addbmm: [
          [2, 2],
          [3, 2, 2],
          [3, 2, 2],
        ],
        baddbmm: [
          [3, 2, 2],
          [3, 2, 2],
          [3, 2, 2],
        ],
      }[name] as [number[], number[], number[]];
      const c = torch.full(sizes[0], NaN, { requires_grad: true });
      const a = torch.ones(sizes[1], { requires_grad: true });
      const value = torch[name](c, a, torch.ones(sizes[2]), { beta: 0 });
      value.sum().backward();
      expect(value.isnan().any().item()).toBe(false);
      expect(torch.equal(c.grad!, torch.zeros(sizes[0]))).toBe(true);
      expect(a.grad!.min().item()).toBeGreaterThan(0);
    },
  );
});
