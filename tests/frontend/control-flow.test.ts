/** scan, cond and while_loop against the same steps written out, with gradients, and what they refuse. */
import * as torch from "cresset";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureSwiftShader, webgpuAvailable } from "../support/webgpu.ts";
import { recorder } from "../../frontend/recorder.ts";

const { nn } = torch;
type Tensor = torch.Tensor;

const expectClose = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(torch.allclose(actual, expected, { atol: 1e-5 })).toBe(true);
};
const leaf = (...shape: number[]): Tensor => torch.randn(...shape).requires_grad_();
/** The gradients of a sum of squares. */
const gradientsOf = (outputs: readonly Tensor[], leaves: readonly Tensor[]): readonly Tensor[] =>
  torch.autograd.grad([outputs.map((x) => x.mul(x).sum()).reduce((a, b) => a.add(b))], [...leaves]);

describe.each(["cpu", "cpu:js"])("scan on %s", (device) => {
  const { scan } = torch;
  test.each([false, true])("is a loop written out, with its gradients (reverse: %s)", (reverse) => {
    torch.manual_seed(0);
    const [w, h0] = [leaf(3, 3).to(device), leaf(2, 3).to(device)];
    const x = leaf(5, 2, 3).to(device);
    const step = (h: Tensor, slice: Tensor): [Tensor, Tensor] => {
      const next = h.matmul(w).add(slice).tanh();
      return [next, next.mul(h)];
    };
    const [last, ys] = scan(step, h0, x, { reverse });
    let h = h0;
    const outputs: Tensor[] = [];
    for (let i = 0; i < 5; i++) {
      const t = reverse ? 4 - i : i;
      const [next, y] = step(h, x.at(t));
      h = next;
      outputs[t] = y;
    }
    expectClose(last, h);
    expectClose(ys, torch.stack(outputs));
    const expected = gradientsOf([h, torch.stack(outputs)], [w, h0, x]);
    gradientsOf([last, ys], [w, h0, x]).forEach((grad, i) => expectClose(grad, expected[i]!));
  });

  test("takes trees, and goes along any dimension", () => {
    const [x, y] = [torch.randn(2, 4, { device }), torch.randn(4, { device })];
    const [last, out] = scan(
      (carry: { sum: Tensor; count: Tensor }, [a, b]: Tensor[]) => [
        { sum: carry.sum.add(a!), count: carry.count.add(1) },
        { product: a!.mul(b!), pair: [carry.count] },
      ],
      { sum: torch.zeros(2, { device }), count: torch.tensor(0n, { device }) },
      [x, y.unsqueeze(0)],
      { dim: 1 },
    ) as unknown as [{ sum: Tensor; count: Tensor }, { product: Tensor; pair: Tensor[] }];
    expectClose(last.sum, x.sum(1));
    expect(last.count.item()).toBe(4);
    expectClose(out.product, x.mul(y).t());
    expect(out.pair[0]!.tolist()).toEqual([0, 1, 2, 3]);
  });
});

describe("scan", () => {
  const { scan } = torch;
  const add = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.add(b), a];

  test("in a compiled function is recorded once, and its program does not grow", () => {
    const kernels = [3, 300].map((length) => {
      let recorded = 0;
      const f = torch.compile((x: Tensor) => {
        recorded++;
        return scan((h: Tensor, slice: Tensor) => [h.add(slice).tanh(), h], torch.zeros(4), x)[0];
      });
      const x = torch.randn(length, 4);
      f(x).tolist();
      f(x).tolist();
      expect(recorded).toBe(1);
      return f.statistics.kernels;
    });
    expect(kernels[1]).toBe(kernels[0]);
  });

  test("nests, and calls modules", () => {
    const linear = new nn.Linear(3, 3);
    const x = torch.randn(2, 4, 3);
    const inner = (h: Tensor, row: Tensor): [Tensor, Tensor] => [linear(h).add(row), h];
    const [last] = scan((h: Tensor, rows: Tensor) => [scan(inner, h, rows)[0], h], torch.zeros(3), x);
    let h = torch.zeros(3);
    for (const row of x.reshape(8, 3)) h = linear(h).add(row);
    expectClose(last, h);
    expectClose(gradientsOf([last], [linear.weight])[0]!, gradientsOf([h], [linear.weight])[0]!);
  });

  test("an index out of range in its function is found when its results are read", () => {
    const table = torch.randn(3, 2);
    const look = (index: bigint[]): Tensor =>
      scan(
        (h: Tensor, i: Tensor) => [h.add(table.index_select(0, i)), h],
        torch.zeros(1, 2),
        torch.tensor(index).unsqueeze(1),
      )[0];
    expectClose(look([0n, 2n]), table.at(0).add(table.at(2)).unsqueeze(0));
    expect(() => look([0n, 3n]).tolist()).toThrow("out of range");
    expectClose(look([1n, 1n]), table.at(1).mul(2).unsqueeze(0));
  });

  test("leaves nothing of its function to be computed", () => {
    const bn = new nn.Linear(2, 2);
    const kept: Tensor[] = [];
    const [last] = scan(
      (h: Tensor, x: Tensor) => {
        kept.push(bn(x));
        return [h.add(x), h];
      },
      torch.zeros(2),
      torch.ones(3, 2),
    );
    expect(last.tolist()).toEqual([3, 3]);
    expect(kept).toHaveLength(1);
  });

  const x = torch.ones(3, 2);
  const outer = torch.zeros(2);
  test.each<[string, () => unknown]>([
    ["a value is read", () => scan((h: Tensor, s: Tensor) => [s.sum().item() === 2 ? h : s, h], outer, x)],
    [
      "add_ writes a float32[2] that comes from outside",
      () => scan((h: Tensor, s: Tensor) => [outer.add_(s), h], outer, x),
    ],
    ["it might be modifying the input", () => scan((h: Tensor, s: Tensor) => [h.add_(s), s], outer, x)],
    ["random numbers are drawn", () => scan((h: Tensor, s: Tensor) => [h, s.add(torch.rand(2))], outer, x)],
    ["backward() accumulates", () => scan((h: Tensor, s: Tensor) => (s.sum().backward(), [h, s]), outer, x)],
    ["init is float32[2], carry is float32[1, 2]", () => scan((h: Tensor) => [h.unsqueeze(0), h], outer, x)],
    ["to have same metadata", () => scan((h: Tensor) => [h.double(), h], outer, x)],
    ["to have the same structure", () => scan(((h: Tensor) => [[h, h], h]) as never, outer, x)],
    ["must return [carry, y]", () => scan(((h: Tensor) => h) as never, outer, x)],
    ["only consist of tensor leaves, but got number", () => scan(add, 0 as never, x)],
    ["the function is async", () => scan((async (h: Tensor) => [h, h]) as never, outer, x)],
    ["combine_fn to be callable", () => scan(null as never, outer, x)],
    ["scan dimension > 0", () => scan(add, outer, torch.ones(0, 2))],
    ["the same size along dimension 0", () => scan((h: Tensor) => [h, h], outer, [x, torch.ones(2)])],
    ["Dimension out of range", () => scan(add, outer, x, { dim: 2 })],
  ])("refuses: %s", (message, call) => {
    expect(call).toThrow(message);
    expect(outer.tolist()).toEqual([0, 0]);
  });

  test("an error names the user's line of the write", () => {
    expect(() => scan((h: Tensor, s: Tensor) => [outer.add_(s), h], outer, x)).toThrow(/control-flow\.test\.ts/);
  });
});

describe.each(["cpu", "cpu:js"])("cond on %s", (device) => {
  const { cond } = torch;
  test.each([true, false])("chooses by a tensor, with the gradients of the chosen branch (%s)", (chosen) => {
    const [x, y] = [leaf(3).to(device), leaf(3).to(device)];
    const branches = [(a: Tensor, b: Tensor) => [a.mul(b.exp())], (a: Tensor) => [a.add(1)]] as const;
    const pred = torch.tensor([chosen], { device });
    const [result] = cond(pred, branches[0], branches[1], [x, y]);
    const [expected] = branches[chosen ? 0 : 1](x, y);
    expectClose(result!, expected!);
    const grads = torch.autograd.grad([result!.sum()], [x, y], { allow_unused: true });
    expectClose(grads[0]!, chosen ? y.exp() : torch.ones(3, { device }));
    expectClose(grads[1] ?? torch.zeros(3, { device }), chosen ? x.mul(y.exp()) : torch.zeros(3, { device }));
  });
});

describe("cond", () => {
  const { cond } = torch;
  const yes = torch.tensor(true);

  test("takes a bool, closes over tensors, and gives trees", () => {
    const x = torch.ones(2);
    const pick = (pred: Tensor | boolean): unknown =>
      cond(
        pred,
        () => ({ a: x.add(1) }),
        () => ({ a: x.mul(5) }),
      ).a.tolist();
    expect([pick(true), pick(false), pick(yes), pick(yes.logical_not())]).toEqual([
      [2, 2],
      [5, 5],
      [2, 2],
      [5, 5],
    ]);
  });

  test("only the chosen branch's conditions count", () => {
    const table = torch.randn(3, 2);
    const look = (index: bigint, pred: boolean): Tensor =>
      cond(
        torch.tensor(pred),
        (i: Tensor) => table.index_select(0, i),
        (i: Tensor) => i.float().add(torch.zeros(1, 2)),
        [torch.tensor([index])],
      );
    expect(look(7n, false).tolist()).toEqual([[7, 7]]);
    expect(() => look(7n, true).tolist()).toThrow("out of range");
    expectClose(look(1n, true), table.at(1).unsqueeze(0));
  });

  test("in a compiled function chooses at each call", () => {
    const f = torch.compile((x: Tensor) =>
      cond(
        x.sum().gt(0),
        (v: Tensor) => v.mul(2),
        (v: Tensor) => v.neg(),
        [x],
      ),
    );
    expect([f(torch.tensor([1, 2])).tolist(), f(torch.tensor([-1, -2])).tolist()]).toEqual([
      [2, 4],
      [1, 2],
    ]);
    expect(f.statistics.compileCount).toBe(1);
  });

  test.each<[string, () => unknown]>([
    [
      "a value is read",
      () =>
        cond(
          yes,
          () => torch.tensor(yes.add(0).item() ? 1 : 2),
          () => torch.tensor(1),
        ),
    ],
    [
      "comes from outside",
      () =>
        cond(
          yes,
          (x: Tensor) => x.add_(1),
          (x: Tensor) => x,
          [torch.ones(2)],
        ),
    ],
    [
      "single-element tensor, but got",
      () =>
        cond(
          torch.tensor([true, false]),
          () => yes,
          () => yes,
        ),
    ],
    [
      "to be bool or tensor, but got number",
      () =>
        cond(
          1 as never,
          () => yes,
          () => yes,
        ),
    ],
    [
      "to be bool, but got",
      () =>
        cond(
          torch.tensor(1),
          () => yes,
          () => yes,
        ),
    ],
    [
      "true_fn's result is float32[2], false_fn's result is float32[3]",
      () =>
        cond(
          yes,
          () => torch.ones(2),
          () => torch.ones(3),
        ),
    ],
    ["true_fn to be callable", () => cond(yes, null as never, () => yes)],
  ])("refuses: %s", (message, call) => {
    expect(call).toThrow(message);
  });
});

describe("while_loop", () => {
  const { while_loop, while_loopAsync } = torch;
  const below = (limit: number) => (i: Tensor, _x: Tensor) => i.lt(limit);
  const step = (i: Tensor, x: Tensor): [Tensor, Tensor] => [i.add(1), x.mul(2)];

  test.each(["cpu", "cpu:js"])("turns until its condition is false, on %s", (device) => {
    const start = (): [Tensor, Tensor] => [torch.tensor(0n, { device }), torch.ones(2, { device })];
    const [i, x] = while_loop(below(5), step, start());
    expect([i.item(), x.tolist()]).toEqual([5, [32, 32]]);
    expect(while_loop(below(0), step, start())[1].tolist()).toEqual([1, 1]);
  });

  test("more iterations are no more programs", () => {
    const run = (limit: number): number => {
      const before = recorder.compileCount;
      while_loop((i: Tensor, _x: Tensor) => i.lt(torch.tensor(limit)), step, [torch.tensor(0), torch.ones(2)]);
      return recorder.compileCount - before;
    };
    run(3);
    expect(run(300)).toBe(0);
  });

  test("gradients flow through the iterations that were run", () => {
    const w = torch.tensor([1.5, -2]).requires_grad_();
    const [, x] = while_loop(below(3), (i: Tensor, v: Tensor): [Tensor, Tensor] => [i.add(1), v.mul(w)], [
      torch.tensor(0),
      torch.ones(2),
    ]);
    expectClose(x, w.pow(3));
    expectClose(torch.autograd.grad([x.sum()], [w])[0], w.pow(2).mul(3));
  });

  test.each(["cpu", "cpu:js"])("its turns are one loop, on %s", (device) => {
    const before = recorder.compileCount;
    const [root, turns] = while_loop(
      (r: Tensor) => r.mul(r).sub(2).abs().gt(1e-6),
      (r: Tensor, n: Tensor): [Tensor, Tensor] => [r.add(r.reciprocal().mul(2)).div(2), n.add(1)],
      [torch.tensor(1, { device }), torch.tensor(0n, { device })],
    );
    expect(torch.stack([root, turns]).tolist()).toEqual([expect.closeTo(Math.SQRT2, 6), 4]);
    expect(recorder.compileCount - before).toBe(1);
  });

  const grown = (h: Tensor, x: Tensor): Tensor =>
    while_loop(
      (v: Tensor) => v.sum().lt(10),
      (v: Tensor) => [v.mul(2).add(x)],
      [h],
    )[0];

  test.each(["cpu", "cpu:js"])("may be part of a scan's body, on %s", (device) => {
    const xs = torch.tensor(
      [
        [1, 2],
        [0.5, 0.25],
        [3, -1],
      ],
      { device },
    );
    const start = torch.tensor([0.5, 0.75], { device });
    const [last, ys] = torch.scan((h: Tensor, x: Tensor) => [grown(h, x).mul(0.1), grown(h, x)], start, xs);
    let h = start;
    const written = xs.unbind().map((x) => {
      let v = h;
      while ((v.sum().item() as number) < 10) v = v.mul(2).add(x);
      h = v.mul(0.1);
      return v;
    });
    expectClose(ys, torch.stack(written));
    expectClose(last, h);
  });

  test("carries complex values, and ones that a turn exchanges or leaves", () => {
    const [, z, a, b, kept] = while_loop(
      (i: Tensor) => i.lt(3),
      (i: Tensor, w: Tensor, x: Tensor, y: Tensor, k: Tensor): [Tensor, Tensor, Tensor, Tensor, Tensor] => [
        i.add(1),
        w.mul(torch.complex(torch.tensor(0), torch.tensor(2))),
        y,
        x,
        k,
      ],
      [
        torch.tensor(0n),
        torch.ones(1, { dtype: torch.complex64 }),
        torch.tensor([1, 2]),
        torch.tensor([3, 4]),
        torch.tensor(7),
      ],
    );
    expect(torch.view_as_real(z).add(0).tolist()).toEqual([[0, -8]]);
    expect([a.tolist(), b.tolist(), kept.item()]).toEqual([[3, 4], [1, 2], 7]);
  });

  test("an index out of range in some turn is an error", () => {
    const table = torch.arange(4);
    const walk = (limit: bigint): Tensor =>
      while_loop(
        (i: Tensor) => i.lt(torch.tensor(limit)),
        (i: Tensor, sum: Tensor): [Tensor, Tensor] => [i.add(1), sum.add(table.index_select(0, i.reshape(1)))],
        [torch.tensor(0n), torch.zeros(1, { dtype: torch.int64 })],
      )[1];
    expect(walk(4n).tolist()).toEqual([6]);
    expect(() => walk(5n).tolist()).toThrow(/out of range|out of bounds/);
    expect(walk(3n).tolist()).toEqual([3]);
  });

  test("is part of a compiled function", () => {
    const run = torch.compile((x: Tensor) => grown(x, torch.ones(2)).sum());
    for (const start of [0.5, 1, 20, 0.1]) {
      const x = torch.tensor([start, 1]);
      expect(run(x).item()).toBeCloseTo(grown(x, torch.ones(2)).sum().item() as number, 4);
    }
  });

  test("gradients flow in a compiled function, whatever the number of turns", () => {
    const w = torch.tensor([1.5, 0.5]).requires_grad_();
    const loss = (x: Tensor): Tensor =>
      while_loop(
        (v: Tensor) => v.sum().lt(10),
        (v: Tensor) => [v.mul(w).add(1)],
        [x],
      )[0].sum();
    const step = torch.compile((x: Tensor) => torch.autograd.grad([loss(x)], [w])[0]);
    for (const start of [0, 3, 8]) {
      const x = torch.tensor([start, 1]);
      let v = x;
      while ((v.sum().item() as number) < 10) v = v.mul(w).add(1);
      expect(torch.allclose(step(x), torch.autograd.grad([v.sum()], [w])[0])).toBe(true);
    }
    expect(() => step(torch.tensor([20, 1]))).toThrow("does not require grad");
  });

  test("its twin awaits the condition", async () => {
    const [i] = await while_loopAsync(below(5), step, [torch.tensor(0n), torch.ones(2)]);
    expect(i.item()).toBe(5);
  });

  test.each<[string, () => unknown]>([
    [
      "carried_inputs[0] is float32[], body_output[0] is float32[1]",
      () =>
        while_loop(below(2), ((i: Tensor, x: Tensor) => [i.add(1).reshape(1), x]) as never, [
          torch.tensor(0),
          torch.ones(1),
        ]),
    ],
    [
      "comes from outside",
      () => while_loop(below(2), ((i: Tensor) => [i.add_(1)]) as never, [torch.tensor(0)] as never),
    ],
    [
      "a value is read",
      () =>
        while_loop(
          (i: Tensor) => i.add(1).item() === 0,
          (i: Tensor) => [i],
          [torch.tensor(0)],
        ),
    ],
    ["carried_inputs must be an array", () => while_loop(() => false, step as never, torch.tensor(0) as never)],
    [
      "cond_fn gave a tensor, and then a boolean",
      () => {
        let calls = 0;
        while_loop(
          (i: Tensor) => (calls++ === 0 ? i.lt(2) : true),
          (i: Tensor) => [i.add(1)],
          [torch.tensor(0)],
        );
      },
    ],
    [
      "no gradient inside of a function",
      () => {
        const w = torch.ones(1).requires_grad_();
        const [y] = torch.scan((h: Tensor, x: Tensor) => [grown(h, x), x], w, torch.ones(2, 1));
        y.sum().backward();
      },
    ],
  ])("refuses: %s", (message, call) => {
    expect(call).toThrow(message);
  });
});

describe.skipIf(!(await webgpuAvailable()))("on WebGPU", () => {
  const device = "webgpu";
  beforeAll(async () => {
    await ensureSwiftShader();
    await torch.webgpu.init();
  });

  test("scan and cond give values and gradients", async () => {
    const w = torch.tensor([0.5, 2], { device }).requires_grad_();
    const [last, ys] = torch.scan(
      (h: Tensor, x: Tensor) => [h.mul(w).add(x), h],
      torch.zeros(2, { device }),
      torch.ones(3, 2, { device }),
    );
    expect(await last.tolistAsync()).toEqual([1.75, 7]);
    expect(await ys.tolistAsync()).toEqual([
      [0, 0],
      [1, 1],
      [1.5, 3],
    ]);
    const [grad] = torch.autograd.grad([last.sum()], [w]);
    expect(await grad.tolistAsync()).toEqual([2, 5]);
    const chosen = torch.cond(
      last.sum().lt(0),
      () => w.mul(2),
      () => w.neg(),
    );
    expect(await chosen.tolistAsync()).toEqual([-0.5, -2]);
  });

  test("while_loop names its twin, which awaits the condition", async () => {
    const start = (): [Tensor] => [torch.ones(1, { device })];
    const below = (x: Tensor): Tensor => x.lt(20);
    expect(() => torch.while_loop(below, (x) => [x.mul(3)], start())).toThrow("await while_loopAsync");
    const [x] = await torch.while_loopAsync(below, (y) => [y.mul(3)], start());
    expect(await x.tolistAsync()).toEqual([27]);
  });
});

describe.each(["cpu", "cpu:js"])("a tensor that a body closes over, on %s", (device) => {
  test("may be read before the region's results are", () => {
    const x = torch.tensor([1, 2, 3], { device });
    const [ones, two] = [torch.ones(3, { device }), torch.full([3], 2, { device })];
    const sum = torch.cond(
      x.sum().gt(0),
      (value: Tensor) => value.add(ones),
      (value: Tensor) => value.mul(two),
      [x],
    );
    expect([ones.tolist(), two.tolist(), sum.tolist()]).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [2, 3, 4],
    ]);
  });

  test("has its gradient where a branch is the first to use it", () => {
    const leaves = (): [Tensor, Tensor] => [
      torch.ones(2, { device }).mul(0.5).requires_grad_(),
      torch.ones(2, { device }).mul(0.25).requires_grad_(),
    ];
    const chosen = (x: Tensor, y: Tensor): Tensor =>
      torch.cond(
        y.sum().gt(0),
        () => x.mul(y),
        () => x.add(y),
      );
    const gradients = torch.compile((x: Tensor, y: Tensor) => torch.autograd.grad([chosen(x, y).sum()], [x, y]));
    for (let call = 0; call < 2; call++)
      expect(gradients(...leaves()).map((grad) => grad.tolist())).toEqual([[0.25, 0.25], [0.5, 0.5]]); // prettier-ignore
    const [x, y] = leaves();
    const layers = [new nn.Linear(2, 2).to(device), new nn.Linear(2, 2).to(device)] as const;
    for (let step = 1; step < 4; step++) {
      const result = torch.cond(
        torch.ones(2, { device }).sum().gt(0),
        () => layers[0](x.mul(y)),
        () => layers[1](x.add(y)),
      );
      result.sum().backward();
      const [bias, other] = layers.map((layer) => layer.bias!.grad!.tolist());
      expect([bias, other]).toEqual([[step, step], [0, 0]]); // prettier-ignore
      torch.no_grad(() => x.sub_(0.1));
    }
    expect(x.grad!.shape).toEqual([2]);
  });

  test("may be read between the gradients of a branch", () => {
    const x = torch.tensor([1, 2, 3], { device, dtype: "float64", requires_grad: true });
    const branch = torch.cond(
      x.sum().gt(0),
      (value: Tensor) => value.mul(2).sub(value),
      (value: Tensor) => value.sin(),
      [x],
    );
    const [first] = torch.autograd.grad([branch.mul(branch).sum()], [x], { create_graph: true });
    const zero = torch.zeros_like(x);
    const [second] = torch.autograd.grad([first.mul(first).sum()], [x]);
    expect([zero.tolist(), first.tolist(), second.tolist()]).toEqual([
      [0, 0, 0],
      [2, 4, 6],
      [8, 16, 24],
    ]);
  });
});

/** Two graphs that differ only in what a slice is of, which products read through, must not share a kernel. */
test.each(["cpu", "cpu:js"])("a product of a slice reads what the slice is of, on %s", (device) => {
  const { conv1d } = nn.functional;
  const step = (weights: (carry: Tensor, x: Tensor) => Tensor) => (carry: Tensor, x: Tensor) => {
    const next = conv1d(carry.sin().unsqueeze(1), weights(carry, x).narrow(0, 0, 1).unsqueeze(1)).squeeze(1);
    return [next, next] as [Tensor, Tensor];
  };
  const product = (weights: (carry: Tensor, x: Tensor) => Tensor) => (carry: Tensor, x: Tensor) => {
    const next = carry.sin().mul(weights(carry, x).narrow(0, 0, 1));
    return [next, next] as [Tensor, Tensor];
  };
  const start = torch.arange(5, { device, dtype: "float64" }).add(1).reshape(5, 1).requires_grad_();
  const xs = torch.arange(10, { device, dtype: "float64" }).add(2).cos().reshape(2, 5, 1).requires_grad_();
  for (const weights of [(carry: Tensor) => carry.sin(), (carry: Tensor) => carry, (_carry: Tensor, x: Tensor) => x]) {
    const gradients = [step, product].map((form) => {
      const [last] = torch.scan(form(weights), start, xs);
      return torch.autograd.grad([last.sum()], [start, xs], { allow_unused: true });
    });
    gradients[0]!.forEach((grad, i) => {
      const expected = gradients[1]![i];
      expect(grad === null).toBe(expected === null);
      if (grad !== null) expectClose(grad, expected!);
    });
  }
});

test.each(["cpu", "cpu:js"])("a row that is moved and one that is not are two, on %s", (device) => {
  const x = torch.tensor([[[1, 5, 2], [7, 3, 4], [0, 2, 8]]], { device }).requires_grad_(); // prettier-ignore
  const spread = (row: Tensor): Tensor => row.flip(0).amax(1, { keepdim: true }).sub(row);
  const gradients = (value: Tensor): Tensor[] => [
    value.detach(),
    torch.autograd.grad([value.mul(value).sum()], [x])[0],
  ];
  const scanned = (rows: Tensor): Tensor[] =>
    gradients(torch.scan((h: Tensor, row: Tensor) => [spread(row), h], torch.zeros(3, 3, { device }), rows)[0]);
  const expected = gradients(spread(x.at(0)));
  torch
    .compile(scanned)(x)
    .forEach((value, i) => expectClose(value, expected[i]!));
});
