/** Which tensors an operator keeps for its backward pass: PyTorch 2.13's, overwriting which is refused. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { isNode } from "../../ir/builder.ts";
import { onOperator, type Operator } from "../../ir/operator.ts";
import { parseSignature } from "../../ir/signature.ts";

type Tensors = readonly torch.Tensor[];
interface Row {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly call: (...tensors: torch.Tensor[]) => torch.Tensor | Tensors;
  /** The arguments that may not be overwritten, then the results. */
  readonly kept: readonly [readonly number[], readonly number[]];
  /** Which arguments require grad: all where it is left out. */
  readonly grads?: readonly number[];
}

const { linalg, nn } = torch;
const F = nn.functional;
const positive = (a: torch.Tensor): torch.Tensor => a.matmul(a.mT).add(torch.eye(3));
const rows: readonly Row[] = [
  { name: "remainder", shapes: [[3], [3]], call: (x, y) => x.remainder(y), kept: [[0, 1], []] },
  { name: "remainder", shapes: [[3], [3]], call: (x, y) => x.remainder(y), kept: [[], []], grads: [0] },
  { name: "div", shapes: [[3], [3]], call: (x, y) => x.div(y), kept: [[1], []], grads: [0] },
  {
    name: "div, rounded",
    shapes: [[3], [3]],
    call: (x, y) => x.div(y, { rounding_mode: "floor" }),
    kept: [[0, 1], []],
  },
  { name: "addcdiv", shapes: [[3], [3], [3]], call: (x, y, z) => x.addcdiv(y, z), kept: [[2], []], grads: [0] },
  { name: "copysign", shapes: [[3], [3]], call: (x, y) => x.copysign(y), kept: [[], [0]], grads: [1] },
  { name: "complex", shapes: [[3], [3]], call: (x, y) => torch.complex(x, y), kept: [[0], []], grads: [0] },
  { name: "polar", shapes: [[3], [3]], call: (x, y) => torch.polar(x, y), kept: [[], [0]] },
  { name: "tanhshrink", shapes: [[3]], call: (x) => F.tanhshrink(x), kept: [[], []] },
  { name: "l1_loss", shapes: [[3], [3]], call: (x, y) => F.l1_loss(x, y), kept: [[], []] },
  {
    name: "pairwise_distance",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    call: (x, y) => F.pairwise_distance(x, y),
    kept: [[], [0]],
  },
  { name: "trapezoid", shapes: [[3], [3]], call: (y, x) => torch.trapezoid(y, x), kept: [[], []] },
  { name: "quantile", shapes: [[3]], call: (x) => x.quantile(0.3), kept: [[], []] },
  {
    name: "kron",
    shapes: [
      [2, 2],
      [2, 2],
    ],
    call: (x, y) => torch.kron(x, y),
    kept: [[], []],
  },
  { name: "avg_pool1d", shapes: [[1, 1, 4]], call: (x) => F.avg_pool1d(x, 2), kept: [[0], []] },
  { name: "max_pool2d", shapes: [[1, 1, 4, 4]], call: (x) => F.max_pool2d(x, 2), kept: [[0], []] },
  {
    name: "conv1d",
    shapes: [[1, 1, 4], [1, 1, 2], [1]],
    call: (x, w, b) => F.conv1d(x, w, b),
    kept: [[0, 1], []],
    grads: [2],
  },
  {
    name: "conv_transpose1d",
    shapes: [
      [1, 1, 4],
      [1, 1, 2],
    ],
    call: (x, w) => F.conv_transpose1d(x, w),
    kept: [[0, 1], []],
    grads: [1],
  },
  {
    name: "layer_norm",
    shapes: [[2, 3], [3], [3]],
    call: (x, w, b) => F.layer_norm(x, [3], w, b),
    kept: [[0, 1, 2], []],
    grads: [2],
  },
  { name: "std_mean", shapes: [[3]], call: (x) => torch.std_mean(x), kept: [[0], [0]] },
  { name: "cholesky", shapes: [[3, 3]], call: (a) => linalg.cholesky(a), kept: [[], [0]] },
  { name: "inv", shapes: [[3, 3]], call: (a) => linalg.inv(a), kept: [[], [0]] },
  { name: "det", shapes: [[3, 3]], call: (a) => linalg.det(a), kept: [[0], [0]] },
  {
    name: "solve",
    shapes: [
      [3, 3],
      [3, 1],
    ],
    call: (a, b) => linalg.solve(a, b),
    kept: [[0], [0]],
  },
  // What depends on the other arguments.
  { name: "float_power", shapes: [[2], [2]], call: (a, b) => torch.float_power(a, b), kept: [[], [0]] },
  {
    name: "smooth_l1_loss beta 0",
    shapes: [[2], [2]],
    call: (a, b) => F.smooth_l1_loss(a, b, { beta: 0 }),
    kept: [[], []],
  },
  { name: "smooth_l1_loss", shapes: [[2], [2]], call: (a, b) => F.smooth_l1_loss(a, b), kept: [[0, 1], []] },
  {
    name: "kl_div log_target",
    shapes: [[2], [2]],
    call: (a, b) => F.kl_div(a, b, { log_target: true }),
    kept: [[], []],
  },
  { name: "kl_div", shapes: [[2], [2]], call: (a, b) => F.kl_div(a, b), kept: [[0, 1], []] },
  {
    name: "poisson_nll_loss",
    shapes: [[2], [2]],
    call: (a, b) => F.poisson_nll_loss(a, b),
    kept: [[1], []],
    grads: [0],
  },
  {
    name: "poisson_nll_loss log",
    shapes: [[2], [2]],
    call: (a, b) => F.poisson_nll_loss(a, b, { log_input: false, full: true }),
    kept: [[1], []],
  },
  { name: "norm nuc", shapes: [[3, 3]], call: (a) => torch.norm(a, "nuc"), kept: [[], []] },
  { name: "matrix_norm nuc", shapes: [[3, 3]], call: (a) => linalg.matrix_norm(a, "nuc"), kept: [[], []] },
  { name: "cond", shapes: [[3, 3]], call: (a) => linalg.cond(a), kept: [[], []] },
  { name: "matrix_power -2", shapes: [[3, 3]], call: (a) => linalg.matrix_power(a, -2), kept: [[], []] },
  { name: "matrix_power -1", shapes: [[3, 3]], call: (a) => linalg.matrix_power(a, -1), kept: [[], [0]] },
  { name: "matrix_power 3", shapes: [[3, 3]], call: (a) => linalg.matrix_power(a, 3), kept: [[0], []] },
  {
    name: "multi_dot",
    shapes: [
      [3, 3],
      [3, 3],
      [3, 3],
    ],
    call: (a, b, c) => linalg.multi_dot([a, b, c]),
    kept: [[], []],
    grads: [2],
  },
  {
    name: "multi_dot",
    shapes: [
      [3, 3],
      [3, 3],
      [3, 3],
    ],
    call: (a, b, c) => linalg.multi_dot([a, b, c]),
    kept: [[1, 2], []],
    grads: [0],
  },
  {
    name: "tensordot",
    shapes: [
      [1, 1, 1],
      [2, 1, 2],
    ],
    call: (a, b) =>
      torch.tensordot(a, b, [
        [0, 1],
        [2, 0],
      ]),
    kept: [[0], []],
  },
  {
    name: "tensordot",
    shapes: [
      [2, 2, 1],
      [2, 1, 2],
    ],
    call: (a, b) =>
      torch.tensordot(a, b, [
        [0, 1],
        [2, 0],
      ]),
    kept: [[0, 1], []],
  },
  { name: "ndtr", shapes: [[2]], call: (a) => torch.special.ndtr(a), kept: [[], []] },
  {
    name: "attention",
    shapes: [
      [4, 3, 8],
      [4, 6, 8],
      [4, 6, 8],
    ],
    call: (a, b, c) => F.scaled_dot_product_attention(a, b, c),
    kept: [[2], []],
  },
  {
    name: "attention",
    shapes: [
      [4, 3, 8],
      [4, 6, 8],
      [4, 6, 8],
    ],
    call: (a, b, c) => F.scaled_dot_product_attention(a, b, c),
    kept: [[], []],
    grads: [2],
  },
  {
    name: "instance_norm",
    shapes: [[3, 2, 4], [2]],
    call: (a, b) => F.instance_norm(a, { weight: b }),
    kept: [[0], []],
  },
  { name: "qr", shapes: [[3, 3]], call: (a) => linalg.qr(a), kept: [[], [0, 1]] },
  { name: "eigh", shapes: [[3, 3]], call: (a) => linalg.eigh(a), kept: [[], [0, 1]] },
];

/** Whether the backward pass is refused after a write to the argument or the result of that number. */
function refuses({ shapes, call, grads }: Row, target: number): boolean {
  torch.manual_seed(0);
  const tensors = shapes.map((shape, i) => {
    const made = torch.rand([...shape]).add(0.5);
    const value = shape.length === 2 && shape[0] === 3 && shape[1] === 3 ? positive(made).detach() : made;
    return grads === undefined || grads.includes(i) ? value.requires_grad_().mul(1) : value;
  });
  const given = call(...tensors);
  const results = given instanceof torch.Tensor ? [given] : [...given];
  const losses = results.filter((result) => result.requires_grad).map((result) => result.mul(1).abs().sum());
  const written = [...tensors, ...results][target]!;
  torch.no_grad(() => written.detach().copy_(written.detach().clone()));
  try {
    losses.reduce((sum, loss) => sum.add(loss)).backward();
    return false;
  } catch (error) {
    if (/modified by an inplace operation/.test(String(error))) return true;
    throw error;
  }
}

describe("what is saved for backward", () => {
  test.each(rows)("$name, grads $grads", (row) => {
    const [inputs, results] = row.kept;
    const count = row.shapes.length;
    const wanted = [...inputs, ...results.map((place) => count + place)];
    const resultCount = row.name === "qr" || row.name === "eigh" || row.name === "std_mean" ? 2 : 1;
    const refused = Array.from({ length: count + resultCount }, (_, i) => i).filter((i) => refuses(row, i));
    expect(refused).toEqual(wanted);
  });

  test("what operators state are their arguments and results", () => {
    const wrong: string[] = [];
    let stated = 0;
    onOperator(({ name, signature, saves, results }: Operator) => {
      if (saves === undefined || typeof saves === "function") return;
      stated++;
      const parameters = new Set(parseSignature(signature).parameters.map((parameter) => parameter.name));
      const places = new Set<string>(results ?? ["result"]);
      for (const item of saves) {
        if (isNode(item)) continue;
        const names = typeof item === "string" ? [item] : [item.name, ...item.for];
        for (const part of names)
          if (!parameters.has(part) && !(typeof item === "string" && places.has(part))) wrong.push(`${name}: ${part}`);
      }
    });
    expect(wrong).toEqual([]);
    expect(stated).toBeGreaterThan(80);
  });

  test("polygamma_ keeps what it overwrites", () => {
    const leaf = torch.tensor([1, 2], { requires_grad: true });
    const x = leaf.mul(1);
    x.polygamma_(0);
    x.sum().backward();
    const expected = torch.tensor([1, 2]).polygamma(1);
    expect(torch.allclose(leaf.grad!, expected)).toBe(true);
  });
});
