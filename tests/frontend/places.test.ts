import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, it, vi } from "vitest";
import { withFlags } from "../../frontend/debug.ts";
import { membersOf, Places } from "../../frontend/compile/places.ts";

describe.each([3, 200])("of %i items", (count) => {
  const items = Array.from({ length: count }, (_, i) => ({ i }));

  it("each has the number that it came with, however often it comes", () => {
    const places = new Places<object>();
    for (const item of [...items, ...items]) places.of(item);
    expect(places.items).toEqual(items);
    expect(items.map((item) => places.find(item))).toEqual(items.map(({ i }) => i));
    expect(places.find({})).toBe(-1);
  });

  it("a list's members are told from others", () => {
    const isMember = membersOf<object>(items);
    expect(items.every(isMember)).toBe(true);
    expect(isMember({ i: 0 })).toBe(false);
  });
});

/** How long the lists are that a program looks through, in all. */
function lookedThrough(program: () => void): number {
  let total = 0;
  const spies = (["includes", "indexOf", "find"] as const).map((name) => {
    const own = Array.prototype[name] as (...args: unknown[]) => unknown;
    return vi.spyOn(Array.prototype, name).mockImplementation(function (this: unknown[], ...args: unknown[]) {
      total += this.length;
      return own.apply(this, args) as never;
    });
  });
  try {
    program();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return total;
}

describe("compiled functions do not look through all of their parameters for each", () => {
  const count = 400;

  it("when steps are recorded and replayed", () => {
    const weights = Array.from({ length: count }, (_, i) => torch.full([2], i).requires_grad_());
    const optimizer = new torch.optim.SGD(weights, { lr: 0.1, momentum: 0.9 });
    const step = torch.compile(() => {
      optimizer.zero_grad();
      torch.cat(weights).pow(2).sum().backward();
      optimizer.step();
    });
    torch.cat(weights).tolist();
    // Most of it in the kernels' own lists.
    expect(lookedThrough(() => withFlags({ verify: false }, step))).toBeLessThan(count * 6000);
    step();
    expect(lookedThrough(step)).toBeLessThan(count * 20);
  });

  it("when it is given a list", () => {
    const list = Array.from({ length: count }, (_, i) => torch.tensor([i, 1]));
    const sum = torch.compile((parts: readonly Tensor[]) => torch.stack(parts).sum());
    sum(list);
    sum(list);
    expect(lookedThrough(() => void sum(list))).toBeLessThan(count * 20);
  });
});
