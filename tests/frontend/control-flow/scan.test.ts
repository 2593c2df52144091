/** scan against the same steps written out, with gradients, and what it refuses. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { expectClose, gradientsOf, leaf } from "./support.ts";

const { nn } = torch;
type Tensor = torch.Tensor;

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
    expect(() => scan((h: Tensor, s: Tensor) => [outer.add_(s), h], outer, x)).toThrow(/scan\.test\.ts/);
  });
});
