/** torch.func and vmap: against closed forms, nested in each other. */
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { Tensor } from "../../frontend/index.ts";

const { func, vmap } = torch;
const f64 = { dtype: "float64" } as const;
const vector = (...values: number[]): Tensor => torch.tensor(values, f64);
const expectClose = (actual: Tensor, expected: Tensor | number[] | number): void => {
  const wanted = expected instanceof Tensor ? expected : torch.tensor(expected, f64);
  expect(actual.shape).toEqual(wanted.shape);
  expect(
    torch.allclose(actual, wanted, { rtol: 1e-10, atol: 1e-12 }),
    `${String(actual)} is not ${String(wanted)}`,
  ).toBe(true);
};
const cubes = (x: Tensor): Tensor => x.pow(3).sum();

describe("torch.func", () => {
  test("grad is a function of the same arguments", () => {
    const x = vector(1, 2, 3);
    const slope = func.grad(cubes)(x);
    expectClose(slope, [3, 12, 27]);
    expect(slope.requires_grad).toBe(false);
    expect(x.grad).toBe(null);
  });

  test("derivatives have gradients by what their function closes over", () => {
    const gradientAfter = (derivative: (by: (y: Tensor) => Tensor) => Tensor): number[] => {
      const x = vector(1, 1).requires_grad_();
      derivative((y) => x.mul(y).mul(y).mul(y))
        .sum()
        .backward();
      return x.grad!.tolist() as number[];
    };
    const at = vector(2, 3);
    const sum = (by: (y: Tensor) => Tensor) => (y: Tensor) => by(y).sum();
    expect(gradientAfter((by) => func.grad(sum(by))(at))).toEqual([12, 27]);
    expect(gradientAfter((by) => func.grad_and_value(sum(by))(at)[1])).toEqual([8, 27]);
    expect(gradientAfter((by) => func.jacrev(by)(at))).toEqual([12, 27]);
    expect(gradientAfter((by) => func.jacfwd(by)(at))).toEqual([12, 27]);
    expect(gradientAfter((by) => func.hessian(sum(by))(at))).toEqual([12, 18]);
    expect(gradientAfter((by) => func.jvp(by, [at], [vector(1, 1)])[1])).toEqual([12, 27]);
    expect(gradientAfter((by) => func.vjp(by, at)[1](vector(1, 1))[0])).toEqual([12, 27]);
    expect(gradientAfter((by) => vmap(func.grad(sum(by)))(torch.stack([at, at])))).toEqual([24, 54]);
    const inner = func.grad((y: Tensor) => func.grad(cubes)(vector(1, 1)).sum().mul(y.sum()));
    expect(inner(at).requires_grad).toBe(false);
  });

  test("examples' gradients by what all share have no history", () => {
    const loss = (w: torch.Tensor, x: torch.Tensor): torch.Tensor => w.mul(x).pow(2).sum();
    const [w, batch] = [torch.ones(2), torch.ones(3, 2)];
    const each = (weights: torch.Tensor): torch.Tensor => vmap(func.grad(loss), { in_dims: [null, 0] })(weights, batch);
    expect([each(w).requires_grad, each(w.clone().requires_grad_()).requires_grad]).toEqual([false, true]);
    expect(vmap((x: torch.Tensor) => x.detach())(batch.clone().requires_grad_()).requires_grad).toBe(false);
  });

  test("gradients nest", () => {
    const third = func.grad(func.grad(func.grad((x: Tensor) => x.pow(4))));
    expectClose(third(torch.tensor(2, f64)), 48);
    // By what the inner function closes over, too.
    const mixed = func.grad((x: Tensor) => func.grad((y: Tensor) => x.mul(x).mul(y))(torch.tensor(5, f64)));
    expectClose(mixed(torch.tensor(3, f64)), 6);
  });

  test("a result is differentiable where an argument is", () => {
    const x = vector(1, 2).requires_grad_();
    func.grad(cubes)(x).sum().backward();
    expectClose(x.grad!, [6, 12]);
  });

  test("argnums choose, structures stay", () => {
    const f = (a: Tensor, { w, b }: { w: Tensor; b: Tensor }): Tensor => a.mul(w).add(b).sum();
    const [byA, byTree] = func.grad(f, { argnums: [0, 1] })(vector(1, 2), { w: vector(3, 4), b: vector(5, 6) });
    expectClose(byA, [3, 4]);
    expectClose(byTree.w, [1, 2]);
    expectClose(byTree.b, [1, 1]);
    const [gradient, [value, aux]] = func.grad_and_value((x: Tensor) => [cubes(x), x.mul(2)] as const, {
      has_aux: true,
    })(vector(2));
    expectClose(gradient, [12]);
    expectClose(value, 8);
    expectClose(aux, [4]);
  });

  test("argnums and has_aux stand by position, too", () => {
    const f = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();
    const [a, b] = [vector(1, 2), vector(3, 4)];
    const [byA, byB] = func.grad(f, [0, 1])(a, b);
    expectClose(byA, b);
    expectClose(byB, a);
    expectClose(func.grad(f, 1)(a, b), a);
    const [[, alsoByB], value] = func.grad_and_value(f, [0, 1])(a, b);
    expectClose(alsoByB, a);
    expectClose(value, 11);
    for (const jacobian of [func.jacrev, func.jacfwd]) expectClose(jacobian(f, [0, 1])(a, b)[1], a);
    const blocks = func.hessian(f, [0, 1])(a, b);
    expectClose(blocks[0]![1]!, torch.eye(2, f64));
    expectClose(blocks[1]![1]!, torch.zeros([2, 2], f64));
    const [gradient, aux] = func.grad((x: Tensor) => [cubes(x), x.mul(2)] as const, 0, true)(a);
    expectClose(gradient, [3, 12]);
    expectClose(aux, [2, 4]);
    expect(() => func.grad(f, 0.5)(a, b)).toThrow("argnums must be int or Tuple[int, ...]");
    // @ts-expect-error there is no such option
    expect(() => func.grad(f, 0, { aux: true })).toThrow("unexpected keyword argument 'aux'");
  });

  test("jacfwd of what does not change smoothly is of zeros of its kind", () => {
    const x = vector(1, 2, 0);
    const never = func.jacfwd((a: Tensor) => a.logical_not())(x);
    expect(never.dtype).toBe(torch.bool);
    expect(never.tolist()).toEqual(Array.from({ length: 3 }, () => [false, false, false]));
    const [counts, slopes] = func.jacfwd((a: Tensor) => [a.count_nonzero(), a.sum()])(x) as Tensor[];
    expect(counts!.dtype).toBe(torch.int64);
    expect(counts!.tolist()).toEqual([0, 0, 0]);
    expectClose(slopes!, [1, 1, 1]);
  });

  test("vjp and jvp take a function with something beside its output", () => {
    const f = (x: Tensor): readonly [Tensor, Tensor] => [x.pow(3), x.mul(2)];
    const x = vector(1, 2);
    const [output, pull, aux] = func.vjp(f, x, { has_aux: true });
    expectClose(output, [1, 8]);
    expectClose(pull(vector(1, 1))[0], [3, 12]);
    expectClose(aux, [2, 4]);
    expect(aux.requires_grad).toBe(false);
    const [, tangent, beside] = func.jvp(f, [x], [vector(1, 1)], { has_aux: true });
    expectClose(tangent, [3, 12]);
    expectClose(beside, [2, 4]);
    expect(() => func.jvp((y: Tensor) => y.detach(), [x], [x], { strict: true })).toThrow("independent of the inputs");
    expect(() => func.jvp((y: Tensor) => y, x as never, x as never)).toThrow("Expected primals to be a tuple");
  });

  test("argnums and chunk sizes that mean nothing are refused", () => {
    expect(() => func.grad(cubes, { argnums: [] })(vector(1))).toThrow("argnums must be non-empty");
    expect(() => func.grad(cubes, { argnums: [0, 0] })(vector(1))).toThrow("must be unique");
    expect(() => func.jacrev(cubes, { chunk_size: 0 })(vector(1))).toThrow("greater than 0");
    expect(() => vmap(cubes, { chunk_size: 0 })(vector(1))).toThrow("greater than 0");
  });

  test("vjp and jvp are transposes", () => {
    const a = torch.tensor([[1, 2, 3], [4, 5, 6]], f64); // prettier-ignore
    const f = (x: Tensor): Tensor => a.matmul(x).sin();
    const x = vector(0.1, 0.2, 0.3);
    const [u, v] = [vector(1, -2), vector(0.5, 1, 2)];
    const [output, pullback] = func.vjp(f, x);
    const [same, along] = func.jvp(f, [x], [v]);
    expectClose(output, same);
    expectClose(pullback(u)[0].dot(v), along.dot(u));
    const slopes = a.matmul(x).cos().unsqueeze(1).mul(a);
    expectClose(func.jacrev(f)(x), slopes);
    expectClose(func.jacfwd(f)(x), slopes);
    expect(() => func.jvp(f, [x], [u])).toThrow("jvp: the tangents have {[0]: [2]}, expected {[0]: [3]}");
  });

  test("the Hessian of a quartic", () => {
    const x = vector(1, 2);
    expectClose(func.hessian((y: Tensor) => y.pow(4).sum())(x), torch.diag(vector(12, 48)));
    const quadratic = (y: Tensor): Tensor => y.at(0).mul(y.at(1));
    expectClose(func.hessian(quadratic)(x), torch.tensor([[0, 1], [1, 0]], f64)); // prettier-ignore
  });

  test("what cannot be differentiated is refused", () => {
    expect(() => func.grad((x: Tensor) => x)(vector(1, 2))).toThrow("Expected f(*args) to return a scalar Tensor");
    expect(() => func.grad(cubes, { argnums: 1 })(vector(1))).toThrow("Got argnum=1, but only 1 positional inputs");
    expect(() => func.grad(cubes)(torch.tensor([1, 2], { dtype: "int64" }))).toThrow(
      "to be floating point or complex, but got: torch.int64",
    );
  });
});

describe("vmap", () => {
  const batch = torch.arange(12, f64).reshape(4, 3);

  test("maps over a dimension, and shares what has none", () => {
    const w = vector(1, 10, 100);
    expectClose(vmap((x: Tensor, y: Tensor) => x.dot(y), { in_dims: [0, null] })(batch, w), batch.matmul(w));
    expectClose(vmap((x: Tensor) => x.sum(), 1)(batch), batch.sum(0));
    expectClose(vmap((x: Tensor) => x.mul(2), 0, 1)(batch), batch.t().mul(2));
    const { a, b } = vmap(({ x }: { x: Tensor }) => ({ a: x.sum(), b: x.exp() }))({ x: batch });
    expectClose(a, batch.sum(1));
    expectClose(b, batch.exp());
  });

  test("can be nested and differentiated", () => {
    const outer = vmap((x: Tensor) => vmap((y: Tensor) => y.mul(x).sum(), { in_dims: 0 })(batch));
    expectClose(outer(batch), batch.matmul(batch.t()));
    const x = batch.clone().requires_grad_();
    vmap((row: Tensor) => row.pow(2).sum())(x)
      .sum()
      .backward();
    expectClose(x.grad!, batch.mul(2));
    expectClose(vmap(func.grad(cubes))(batch), batch.pow(2).mul(3));
  });

  test("says what is wrong", () => {
    expect(() => vmap((x: Tensor, y: Tensor) => x.add(y))(batch, vector(1, 2))).toThrow("same size in the mapped dim");
    expect(() => vmap((x: Tensor) => x, { in_dims: [0, 1] })(batch)).toThrow("in_dims is not compatible");
    expect(() => vmap((x: Tensor) => x, { in_dims: null })(batch)).toThrow("Expected at least one Tensor to vmap over");
    expect(() => vmap((x: Tensor) => x)(torch.tensor(1))).toThrow("dimensionality 0");
    expect(() => vmap((x: Tensor) => x, 0, 0, "other" as never)).toThrow("randomness");
    expect(() => vmap((x: Tensor) => x.add(torch.rand(3)))(batch)).toThrow("called random operation");
  });
});

describe("models as functions", () => {
  const { nn } = torch;

  test("stack_module_state holds the state of all, for vmap of functional_call", () => {
    const models = [new nn.Linear(3, 2), new nn.Linear(3, 2), new nn.Linear(3, 2)];
    const [params, buffers] = func.stack_module_state(models);
    expect([Object.keys(params), Object.keys(buffers), params["weight"]!.shape]).toEqual([["weight", "bias"], [], [3, 2, 3]]); // prettier-ignore
    expect([params["weight"]!.requires_grad, params["weight"]!.is_leaf]).toEqual([true, true]);
    const x = torch.ones(4, 3);
    const called = vmap((weight: Tensor, bias: Tensor) => func.functional_call(models[0]!, { weight, bias }, [x]));
    const all = called(params["weight"]!, params["bias"]!);
    expect(all.tolist()).toEqual(torch.stack(models.map((model) => model(x))).tolist());
    expect(() => func.stack_module_state([])).toThrow("at least one model, got 0");
    expect(() => func.stack_module_state([models[0]!, new nn.Linear(3, 2).eval()])).toThrow("training/eval mode");
    expect(() => func.stack_module_state([models[0]!, new nn.ReLU()])).toThrow("of the same class");
  });

  test("replace_all_batch_norm_modules_ leaves nothing that a call writes", () => {
    const model = new nn.Sequential(new nn.Conv1d(2, 2, 1), new nn.BatchNorm1d(2));
    expect(func.replace_all_batch_norm_modules_(model)).toBe(model);
    expect([...model.named_buffers()]).toEqual([]);
    expectClose(
      model(torch.rand(4, 2, 3))
        .mean([0, 2])
        .to("float64")
        .round({ decimals: 5 })
        .abs(),
      [0, 0],
    );
  });
});
