/** What is written into a leaf's memory, by whatever way, has no history: differentiation begins at the leaf. */
import * as torch from "cresset";
import { expect, test, vi } from "vitest";

type Tensor = torch.Tensor;
const ways: Readonly<Record<string, (p: Tensor) => void>> = {
  data: (p) => void p.data.mul_(2),
  detach: (p) => void p.detach().mul_(2),
  "a part of data": (p) => void p.data.select(0, 0).mul_(2),
};

test.each(Object.entries(ways))("a leaf that was written through %s can be frozen", (_, write) => {
  const p = torch.ones(2, 2, { requires_grad: true });
  write(p);
  p.requires_grad_(false);
  expect([p.requires_grad, p.mul(2).requires_grad]).toEqual([false, false]);
});

test.each(Object.entries(ways))("what a leaf is a view of needs no gradient after a write through %s", (_, write) => {
  const base = torch.ones(6);
  const p = base.narrow(0, 0, 4).view(2, 2).requires_grad_();
  write(p);
  expect([base.requires_grad, p.requires_grad, p.is_leaf]).toEqual([false, true, true]);
  p.sum().backward();
  expect(p.grad!.tolist()).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test("what a detached view was written has its own history, and the leaf has none", () => {
  const [x, w] = [torch.ones(2, { requires_grad: true }), torch.ones(2, { requires_grad: true })];
  const detached = x.detach();
  detached.mul_(w.mul(2));
  detached.sum().backward();
  expect([x.tolist(), x.is_leaf, w.grad!.tolist(), x.grad]).toEqual([[2, 2], true, [2, 2], null]);
  x.requires_grad_(false);
  expect(x.requires_grad).toBe(false);
});

test("a compiled step that clamps parameters through data is replayed", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const p = torch.ones(2, { requires_grad: true });
  const step = torch.compile((x: Tensor) => {
    p.grad = null;
    p.mul(x).sum().backward();
    torch.no_grad(() => p.sub_(p.grad!));
    p.data.clamp_(-1.5, 1.5);
  });
  for (let i = 0; i < 4; i++) step(torch.ones(2));
  expect([warn.mock.calls, step.explain_recompiles().length, p.tolist()]).toEqual([[], 0, [-1.5, -1.5]]);
  warn.mockRestore();
});

test("a view of a leaf is not written in place, though the leaf is a view itself", () => {
  const leaf = torch.zeros(6).view(2, 3).requires_grad_();
  expect(() => leaf.select(0, 0).add_(1)).toThrow("a view of a leaf Variable that requires grad is being used");
  expect(() => leaf.t().select(0, 0).add_(1)).toThrow("a view of a leaf Variable that requires grad is being used");
  torch.no_grad(() => leaf.select(0, 0).add_(1));
  leaf.detach().select(0, 1).add_(1);
  expect(leaf.tolist()).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ]);
});
