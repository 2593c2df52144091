/** cond against its branches, with gradients, and what it refuses. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { expectClose, leaf } from "./support.ts";

type Tensor = torch.Tensor;

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
