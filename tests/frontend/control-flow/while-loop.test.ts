/** while_loop against the same turns written out, with gradients, and what it refuses. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { expectClose } from "./support.ts";
import { recorder } from "../../../frontend/recorder.ts";

type Tensor = torch.Tensor;

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
