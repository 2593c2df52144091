/** What bodies close over, and slices of it in them. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { recorder } from "../../../frontend/recorder.ts";
import { expectClose } from "./support.ts";

const { nn } = torch;
type Tensor = torch.Tensor;

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

describe("a body with conditions of its own compiles", () => {
  const w = torch.full([3, 3], 0.5).requires_grad_();
  const target = (): Tensor => torch.tensor([1n, 0n]);
  const { cross_entropy, nll_loss } = nn.functional;
  const bodies: Record<string, (x: Tensor) => Tensor> = {
    "a branch that gathers": (x) =>
      torch.cond(
        x.sum().gt(0),
        (scores: Tensor) => nll_loss(scores, target()),
        (scores: Tensor) => cross_entropy(scores.mul(2), target()),
        [x.mm(w)],
      ),
    "a scan that looks up": (x) =>
      torch
        .scan((sum: Tensor, row: Tensor) => [sum.add(row.index_select(0, target())), row], torch.zeros(2), x.mm(w))[0]
        .sum(),
  };
  test.each(Object.entries(bodies))("no more often than others: %s", (_, loss) => {
    const counts = [1, 2, 3, 4, 5].map((factor) => {
      const before = recorder.compileCount;
      w.grad = null;
      loss(torch.full([2, 3], factor)).backward();
      w.grad!.tolist();
      return recorder.compileCount - before;
    });
    expect(counts.slice(2)).toEqual([0, 0, 0]);
  });
});
