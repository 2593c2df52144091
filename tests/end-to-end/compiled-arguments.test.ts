/** Arguments and results of compiled functions behave as those of the function itself. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

describe.each(["cpu", "cpu:js"])("arguments of a compiled function on %s", (device) => {
  const tensor = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { device });

  it("that require grad are told apart", () => {
    const f = torch.compile((w: torch.Tensor) => w.mul(2));
    const [a, b] = [tensor([1, 1]).requires_grad_(), tensor([5, 5]).requires_grad_()];
    expect(f(a).tolist()).toEqual([2, 2]);
    expect(f(b).tolist()).toEqual([10, 10]);
    expect(f(a.mul(4)).tolist()).toEqual([8, 8]);
    expect(f(b.mul(4)).tolist()).toEqual([40, 40]);
  });

  it("may be written in place", () => {
    const f = torch.compile((x: torch.Tensor) => {
      x.mul_(2);
      return x.sum();
    });
    const x = tensor([1, 2]);
    for (const factor of [2, 4, 8]) {
      expect(f(x).item()).toBe(3 * factor);
      expect(x.tolist()).toEqual([factor, 2 * factor]);
    }
    const base = tensor([1, 1, 1]);
    expect(f(base.at("0:2")).item()).toBe(4);
    expect(base.tolist()).toEqual([2, 2, 1]);
  });

  it("are themselves when they are returned", () => {
    const f = torch.compile((x: torch.Tensor) => x.add_(1));
    const x = tensor([1]);
    expect(f(x)).toBe(x);
    expect(f(x)).toBe(x);
    expect(x.item()).toBe(3);
  });
});

describe.each(["cpu", "cpu:js"])("state of a compiled function on %s", (device) => {
  const tensor = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { device });

  it("can be returned as it was before", () => {
    const a = tensor([0, 0]);
    const f = torch.compile((x: torch.Tensor) => {
      const old = a.clone();
      a.add_(x);
      return old;
    });
    const results = [0, 1, 2].map(() => f(tensor([1, 2])));
    expect(results.map((result) => result.tolist())).toEqual([
      [0, 0],
      [1, 2],
      [2, 4],
    ]);
    expect(a.tolist()).toEqual([3, 6]);
  });

  it("can be copied and exchanged", () => {
    const [a, b] = [tensor([1]), tensor([2])];
    const swap = torch.compile(() => {
      const keep = a.clone();
      a.copy_(b);
      b.copy_(keep);
    });
    swap();
    expect([a.item(), b.item()]).toEqual([2, 1]);
    swap();
    expect([a.item(), b.item()]).toEqual([1, 2]);
    const copy = torch.compile(() => void a.copy_(b));
    copy();
    b.add_(5);
    expect([a.item(), b.item()]).toEqual([2, 7]);
    copy();
    expect(a.item()).toBe(7);
  });

  it("is as it was when a check fails", () => {
    const table = new nn.Parameter(tensor([[1], [2]]));
    const step = torch.compile((index: torch.Tensor) => {
      table.grad = null;
      nn.functional.embedding(index, table).sum().backward();
      torch.no_grad(() => table.sub_(table.grad!));
    });
    const index = (i: number): torch.Tensor => tensor([BigInt(i)]);
    step(index(0));
    expect(table.tolist()).toEqual([[0], [2]]);
    expect(() => step(index(7))).toThrow(torch.IndexError);
    expect(table.tolist()).toEqual([[0], [2]]);
    step(index(1));
    expect(table.tolist()).toEqual([[0], [1]]);
  });

  it("is compared under verify, and so are numbers", () => {
    let scale = 3;
    const f = torch.compile((x: torch.Tensor) => x.mul(scale), { verify: 2 });
    f(tensor([1]));
    scale = 5;
    expect(() => f(tensor([1]))).toThrow(/another program/);
  });
});
