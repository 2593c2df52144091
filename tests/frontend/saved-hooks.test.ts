/** `torch.autograd.graph`: hooks on what operators save, on gradients of several tensors. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { graph } = torch.autograd;
type Tensor = torch.Tensor;
const F = torch.nn.functional;

/** The shapes that operators save while `body` runs. */
function packedShapes(body: () => unknown): (readonly number[])[] {
  const shapes: (readonly number[])[] = [];
  graph.saved_tensors_hooks(
    (tensor) => (shapes.push([...tensor.shape]), tensor),
    (tensor) => tensor,
    body,
  );
  return shapes;
}

describe.each(["cpu", "cpu:js"])("hooks on saved tensors on %s", (device) => {
  const leaf = (...values: number[]): Tensor => torch.tensor(values, { device, requires_grad: true });

  test("pack is given what each operator saves, and unpack's results are what gradients are computed with", () => {
    const a = leaf(1, 2);
    const b = leaf(3, 4);
    const packed: string[] = [];
    const unpacked: string[] = [];
    const y = graph.saved_tensors_hooks(
      (tensor) => {
        packed.push(`${String(tensor.tolist())} ${tensor.requires_grad} ${torch.is_grad_enabled()}`);
        return { tensor };
      },
      ({ tensor }) => {
        unpacked.push(String(tensor.tolist()));
        return tensor.mul(10);
      },
      () => a.mul(b),
    );
    expect(packed).toEqual(["1,2 true false", "3,4 true false"]);
    expect(unpacked).toEqual([]);
    y.sum().backward();
    expect(unpacked.toSorted()).toEqual(["1,2", "3,4"]);
    expect([a.grad!.tolist(), b.grad!.tolist()]).toEqual([
      [30, 40],
      [10, 20],
    ]);
  });

  test("operators save what PyTorch's save", () => {
    const x = torch.ones([2, 3], { device, requires_grad: true });
    const w = torch.ones([4, 3], { device, requires_grad: true });
    const constant = torch.ones([2, 3], { device });
    expect(packedShapes(() => x.sum())).toEqual([]);
    expect(packedShapes(() => x.add(constant))).toEqual([]);
    expect(packedShapes(() => x.mul(constant))).toEqual([[2, 3]]);
    expect(packedShapes(() => x.exp())).toEqual([[2, 3]]);
    expect(packedShapes(() => x.softmax(1))).toEqual([[2, 3]]);
    expect(packedShapes(() => x.pow(3))).toEqual([[2, 3]]);
    expect(packedShapes(() => F.linear(x, w))).toEqual([
      [2, 3],
      [4, 3],
    ]);
    expect(packedShapes(() => torch.no_grad(() => x.mul(w.at("0:2"))))).toEqual([]);
  });

  test("a value that an operator computes on its way is computed from what comes out of the hooks", () => {
    const x = leaf(0.5);
    const y = graph.saved_tensors_hooks(
      () => null,
      () => torch.tensor([2], { device }),
      () => F.softplus(x),
    );
    y.backward();
    expect(x.grad!.item()).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });

  test("gradients of gradients go through the hooks, with the saved tensor's history", () => {
    const doubled = [(tensor: Tensor) => tensor.mul(2), (tensor: Tensor) => tensor] as const;
    const a = leaf(1.5);
    const cube = graph.saved_tensors_hooks(...doubled, () => a.pow(3));
    const [slope] = torch.autograd.grad(cube, [a], { create_graph: true });
    const [curvature] = torch.autograd.grad(slope, [a]);
    expect([slope.item(), curvature.item()]).toEqual([3 * 9, 6 * 3]);

    // A rule that is recorded saves the gradient that it was given and its operator's inputs.
    const b = leaf(4);
    const product = a.mul(b);
    const seed = leaf(5);
    const second = graph.saved_tensors_hooks(...doubled, () =>
      torch.autograd.grad(product, [a], seed, { create_graph: true }),
    )[0];
    expect(torch.autograd.grad(second, [b, seed]).map((grad) => grad.item())).toEqual([10, 8]);
  });

  test("what went through hooks may be overwritten", () => {
    const x = leaf(1, 2);
    const b = torch.tensor([3, 4], { device });
    const y = graph.saved_tensors_hooks(
      (tensor) => tensor.clone(),
      (tensor) => tensor,
      () => x.mul(b),
    );
    b.zero_();
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([3, 4]);
  });

  test("a Function's saved tensors go through them", () => {
    class Square extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, x: Tensor) {
        ctx.save_for_backward(x);
        return x.mul(x);
      }
      static override backward(ctx: torch.autograd.FunctionCtx, grad: Tensor) {
        return grad.mul(ctx.saved_tensors[0]).mul(2);
      }
    }
    const x = leaf(3);
    const y = graph.saved_tensors_hooks(
      (tensor) => tensor.mul(10),
      (tensor) => tensor,
      () => Square.apply(x),
    );
    const [g] = torch.autograd.grad(y, [x], { create_graph: true });
    expect(g.item()).toBe(60);
    expect(torch.autograd.grad(g, [x])[0].item()).toBe(2);
  });

  test("of nested hooks the innermost is used, and a scope ends with its disposal", () => {
    const seen: string[] = [];
    const hooks = (name: string): [(t: Tensor) => Tensor, (t: Tensor) => Tensor] => [
      (tensor) => (seen.push(name), tensor),
      (tensor) => tensor,
    ];
    const x = leaf(1);
    graph.saved_tensors_hooks(...hooks("outer"), () => {
      x.exp();
      const inner = graph.saved_tensors_hooks(...hooks("inner"));
      x.exp();
      inner[Symbol.dispose]();
      x.exp();
    });
    x.exp();
    expect(seen).toEqual(["outer", "inner", "outer"]);
  });

  test("what a hook may not do", () => {
    const x = leaf(1, 2);
    const same = (tensor: Tensor): Tensor => tensor;
    expect(() =>
      graph.saved_tensors_hooks(
        (t) => t.add_(1),
        same,
        () => x.mul(1).mul(x.mul(2)),
      ),
    ).toThrow(/pack hook is modifying its input in place/);
    const wrong = graph.saved_tensors_hooks(
      same,
      () => 3 as unknown as Tensor,
      () => x.exp(),
    );
    expect(() => wrong.sum().backward()).toThrow(/unpack_hook expected to be a Tensor but got result of type number/);
    expect(() => graph.disable_saved_tensors_hooks("not here", () => graph.saved_tensors_hooks(same, same))).toThrow(
      /not here/,
    );
    expect(() => graph.saved_tensors_hooks(same, same, () => graph.disable_saved_tensors_hooks("not here"))).toThrow(
      /not here/,
    );
    graph.saved_tensors_hooks(same, same, () => x.exp());
  });

  test("a compiled function is recorded for the hooks around it", () => {
    const x = leaf(2);
    const step = torch.compile(() => {
      const [g] = torch.autograd.grad(x.mul(x.detach()).sum(), [x]);
      return g;
    });
    const scaled = [(tensor: Tensor) => tensor.mul(5), (tensor: Tensor) => tensor] as const;
    expect(step().item()).toBe(2);
    expect(graph.saved_tensors_hooks(...scaled, () => step().item())).toBe(10);
    expect(step().item()).toBe(2);
  });

  test("save_on_cpu keeps the values of then", () => {
    const x = leaf(1, 2);
    const b = torch.tensor([3, 4], { device });
    const y = graph.save_on_cpu({ pin_memory: true }, () => x.mul(b));
    b.zero_();
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([3, 4]);
  });

  test("allow_mutation_on_saved_tensors keeps what is overwritten, however often", () => {
    const x = leaf(1, 2);
    graph.allow_mutation_on_saved_tensors(() => {
      const b = torch.tensor([3, 4], { device });
      const y = x.mul(b).sin_().mul(b);
      for (let i = 0; i < 5; i++) {
        b.add_(1);
        b.tolist();
      }
      y.sum().backward();
    });
    [1, 2].forEach((v, i) => {
      const b = 3 + i;
      expect((x.grad!.tolist() as number[])[i]).toBeCloseTo(Math.cos(v * b) * b * b, 5);
    });
    expect(() => graph.allow_mutation_on_saved_tensors(() => graph.allow_mutation_on_saved_tensors())).toThrow(
      /cannot be nested/,
    );
    const outside = graph.allow_mutation_on_saved_tensors(() => x.mul(x));
    expect(() => outside.sum().backward()).toThrow(/outside of the 'allow_mutation_on_saved_tensors' context/);
    const cleared = (): void =>
      graph.allow_mutation_on_saved_tensors((context) => {
        const y = x.mul(x).sum();
        context.clear();
        y.backward();
      });
    expect(cleared).toThrow(/outside of the 'allow_mutation_on_saved_tensors' context/);
  });

  test("a hook on several tensors is called once a pass, with all gradients or the first", () => {
    const [a, b, unused] = [leaf(1, 2), leaf(3, 4), leaf(5, 6)];
    const all: unknown[] = [];
    const any: unknown[] = [];
    const handle = graph.register_multi_grad_hook([a, b, unused], (grads) => {
      all.push(grads.map((grad) => grad?.tolist() ?? null));
    });
    const other = graph.register_multi_grad_hook([a, b, unused], (grad) => any.push(grad.tolist()), { mode: "any" });
    const run = (): void => a.mul(b).sum().backward();
    run();
    run();
    unused.mul(2).sum().backward();
    handle.remove();
    other.remove();
    run();
    const both = [[3, 4], [1, 2], null];
    expect(all).toEqual([both, both, [null, null, [2, 2]]]);
    expect(any).toHaveLength(3);
    expect(any[2]).toEqual([2, 2]);
    expect(() => graph.register_multi_grad_hook([a], () => {}, { mode: "some" as "all" })).toThrow(/Expects mode/);
    expect(() => graph.register_multi_grad_hook([torch.ones(1)], () => {})).toThrow(/doesn't require gradient/);
  });
});
