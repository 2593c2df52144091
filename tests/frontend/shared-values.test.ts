/** Tensors that a program gave one value: each keeps it, whatever is written into the others. */
import { describe, expect, test } from "vitest";
import * as torch from "cresset";

describe.each(["cpu", "cpu:js"])("values of several tensors on %s", (device) => {
  test("outlive the one that was read, whether steps are recorded or compiled", () => {
    const step = (x: torch.Tensor) => (): torch.Tensor => x.add_(1).sum();
    for (const write of [step, (x: torch.Tensor) => torch.compile(step(x))]) {
      const made = torch.ones(2, { device }).mul(2);
      const copy = made.clone();
      made.add(copy).tolist();
      copy.add(0).tolist();
      const [first, second] = [torch.ones(2, { device }), torch.ones(2, { device })];
      first.zero_();
      second.zero_();
      first.tolist();
      for (const next of [write(made), write(first)]) for (let i = 0; i < 5; i++) next().item();
      expect([made.tolist(), copy.add(1).tolist()]).toEqual([
        [7, 7],
        [3, 3],
      ]);
      expect([first.tolist(), second.add(1).tolist()]).toEqual([
        [5, 5],
        [1, 1],
      ]);
    }
  });

  test("a copy of what is known does not wait for it", () => {
    const x = torch.tensor([1, 2], { device, requires_grad: true });
    const kept = x.detach().clone();
    const held = torch.zeros(2, { device }).copy_(x.detach());
    for (let i = 0; i < 5; i++) torch.no_grad(() => x.add_(1)).tolist();
    expect([kept.tolist(), held.tolist()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe.each(["cpu", "cpu:js"])("a copy of weights that are trained on %s", (device) => {
  const ways: readonly (readonly [string, (w: torch.Tensor) => torch.Tensor])[] = [
    ["detached first", (w) => w.detach().clone()],
    ["detached later", (w) => w.clone().detach()],
    ["with its gradient", (w) => w.clone()],
    ["without recording", (w) => torch.no_grad(() => w.clone())],
    ["of its data", (w) => w.data.clone()],
  ];
  const types = [torch.float32, torch.complex64];
  const cases = ways.flatMap(([name, copy]) => types.map((dtype) => ({ name, copy, dtype })));

  test.each(cases)("is what they were, $name, $dtype", ({ copy, dtype }) => {
    const w = torch.tensor([1, 1], { device, dtype, requires_grad: true });
    const before = copy(w);
    const optimizer = new torch.optim.SGD([w], { lr: 0.5 });
    for (let i = 0; i < 5; i++) {
      w.grad = torch.ones(2, { device, dtype });
      optimizer.step();
    }
    expect(w.detach().real.tolist()).toEqual([-1.5, -1.5]);
    expect(before.detach().real.tolist()).toEqual([1, 1]);
  });

  test.each(cases)("can be used in each step, $name, $dtype", ({ copy, dtype }) => {
    const w = torch.tensor([1, 1], { device, dtype, requires_grad: true });
    const before = copy(w).detach();
    const other = torch.zeros(1, { device });
    for (let i = 0; i < 5; i++) {
      torch.no_grad(() => w.add_(before));
      other.add_(1).item();
    }
    expect(w.detach().real.tolist()).toEqual([6, 6]);
    expect(before.real.tolist()).toEqual([1, 1]);
  });
});

describe.each(["cpu", "cpu:js"])("a pending value whose operands are gone on %s", (device) => {
  const lostFrom = (x: torch.Tensor): torch.Tensor => {
    const pending = x.mul(2);
    // What nothing else is computed of would be kept.
    pending.add(1);
    for (let i = 0; i < 4; i++) {
      x.add_(1);
      x.tolist();
    }
    return pending;
  };

  test("fails who reads it, and nobody else", () => {
    const [x, written, other] = [
      torch.tensor([1, 1], { device, dtype: torch.float32 }),
      torch.zeros(2, { device }),
      torch.ones(2, { device }),
    ];
    const layer = new torch.nn.Linear(2, 1, { device });
    const lost = lostFrom(x);
    written.add_(lost);
    const returned = layer.forward(lost);
    other.add_(1);
    expect(x.sub(3).tolist()).toEqual([2, 2]);
    expect(other.mul(3).tolist()).toEqual([6, 6]);
    for (const failing of [lost, written, returned]) {
      other.add_(1);
      expect(() => failing.tolist()).toThrow("was not read in time");
    }
    const compiled = torch.compile((y: torch.Tensor) => other.add_(y).sum());
    for (let i = 0; i < 3; i++) expect(compiled(x).item()).toBe(20 + 10 * i);
    expect(other.tolist()).toEqual([20, 20]);
    written.zero_();
    expect(written.add(1).tolist()).toEqual([1, 1]);
  });
});

test("a tensor that was computed beside something else outlives what is written to its copies", () => {
  const x = torch.arange(6).to(torch.bfloat16);
  torch.ones(1).tolist();
  expect(x.mul(2).tolist()).toEqual([0, 2, 4, 6, 8, 10]);
  for (let i = 0; i < 4; i++) expect(x.clone().mul_(i).sum().item()).toBe(15 * i);
  const empty = torch.zeros([0]).requires_grad_();
  expect(torch.prod(empty).item()).toBe(1);
  expect(torch.lerp(x, x.flip(0), 0.37).at(0).item()).toBe(1.8515625);
});

test.each([true, false])("of equal new tensors one may be trained while the others wait: compiled %s", (isCompiled) => {
  const make = (): torch.Tensor[] => [torch.zeros(2), torch.ones(3), torch.full([3], 2)];
  const [trained, waiting] = [make(), make()];
  for (const tensor of trained) tensor.tolist();
  const plain = (x: torch.Tensor): void => trained.forEach((tensor) => tensor.mul_(2).add_(x));
  const step = isCompiled ? torch.compile(plain) : plain;
  for (let i = 0; i < 8; i++) {
    step(torch.tensor(1));
    trained[0]!.tolist();
  }
  expect(waiting.map((tensor) => tensor.tolist())).toEqual(make().map((tensor) => tensor.tolist()));
});
