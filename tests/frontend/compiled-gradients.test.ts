/** Gradients that a compiled function finds, leaves, and gives back are those that the function itself would. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { optim } = torch;
type Tensor = torch.Tensor;
type Compile = typeof torch.compile;

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  const ones = (): Tensor => torch.ones(2, { device, requires_grad: true });
  const full = (value: number): Tensor => torch.full([2], value, { device });
  /** A program does the same whether what it compiles is compiled or not. */
  const same = (program: (compile: Compile) => unknown): void =>
    expect(program(torch.compile)).toEqual(program(((fn: unknown) => fn) as Compile));

  test("gradients are accumulated, used and cleared in one function", () => {
    same((compile) => {
      const w = ones();
      const optimizer = new optim.SGD([w], { lr: 0.1 });
      const step = compile((x: Tensor, isLast: boolean) => {
        w.mul(x).sum().backward();
        if (!isLast) return;
        optimizer.step();
        optimizer.zero_grad();
      });
      return [1, 2, 3, 4, 5, 6].map((i) => {
        step(full(i), i % 2 === 0);
        return [w.tolist(), w.grad?.tolist() ?? null];
      });
    });
  });

  test("a gradient that is cleared at the end is that of whoever holds it", () => {
    same((compile) => {
      const w = ones();
      const step = compile((x: Tensor) => {
        w.mul(x).sum().backward();
        w.grad = null;
      });
      return [1, 2, 3].map((i) => {
        w.sum().backward();
        const held = w.grad!;
        step(full(i));
        return [held.tolist(), w.grad];
      });
    });
  });

  test("a gradient that another takes the place of is that of whoever holds it", () => {
    same((compile) => {
      const w = ones();
      const step = compile((x: Tensor) => {
        w.mul(x).sum().backward();
        w.grad = x.mul(10);
      });
      w.sum().backward();
      return [1, 2, 3].map((i) => {
        const held = w.grad!;
        step(full(i));
        return [held.tolist(), w.grad!.tolist()];
      });
    });
  });
});
