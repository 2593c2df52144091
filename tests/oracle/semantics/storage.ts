/** Snippets about views, in-place writes, what they do to gradients, and which operations copy. */
import type { Snippet, Torch } from "./types.ts";

const grad = { requires_grad: true };

/** `torch.arange(float(end))`: a whole number alone would make int64. */
function floatRange(torch: Torch, end: number, options: { requires_grad?: boolean } = {}) {
  return torch.arange(end, { dtype: torch.tensor(0).dtype, ...options });
}

export const storage: Record<string, Snippet> = {
  "leaf in-place"(torch) {
    const x = torch.ones(2, grad);
    x.add_(1);
    return x;
  },
  "leaf in-place no_grad"(torch) {
    const x = torch.ones(2, grad);
    torch.no_grad(() => x.add_(1));
    return x;
  },
  "saved output modified"(torch) {
    const x = torch.ones(2, grad);
    const a = x.exp();
    a.mul_(2);
    a.sum().backward();
    return x.grad;
  },
  "in-place before save is fine"(torch) {
    const x = torch.ones(2, grad);
    const a = x.mul(2);
    a.add_(1);
    const b = a.mul(a);
    b.sum().backward();
    return x.grad;
  },
  "view of base modified"(torch) {
    const x = floatRange(torch, 4, grad);
    const a = x.mul(1);
    const v = a.at(torch.slice(null, 2));
    a.mul_(3);
    v.sum().backward();
    return [v, x.grad];
  },
  "setitem grad"(torch) {
    const x = floatRange(torch, 3, grad);
    const a = torch.zeros(3);
    a.set_at([1], x.at(2).mul(5));
    a.sum().backward();
    return [a, x.grad];
  },
  "masked assignment grad"(torch) {
    const x = torch.tensor([-1, 2, -3], grad);
    const a = x.clone();
    a.set_at([a.lt(0)], 0);
    a.mul(a).sum().backward();
    return [a, x.grad];
  },
  "detach shares memory"(torch) {
    const x = torch.ones(3, grad);
    const d = x.detach();
    d.set_at([0], 5);
    return [x, d.requires_grad, x.requires_grad];
  },
  "copy_ grad"(torch) {
    const x = torch.ones(3, grad);
    const a = torch.zeros(3);
    a.copy_(x.mul(2));
    a.mul(a).sum().backward();
    return x.grad;
  },
  "transpose shares memory"(torch) {
    const x = floatRange(torch, 6).view(2, 3);
    const y = x.t();
    y.set_at([2, 0], -1);
    return [x, y];
  },
  "slice in-place"(torch) {
    const x = torch.arange(10);
    x.at(torch.slice(2, 8, 2)).add_(100);
    return x;
  },
  "reshape copies when needed"(torch) {
    const x = floatRange(torch, 6).view(2, 3).t();
    const y = x.reshape(6);
    y.set_at([0], 50);
    return [x, y];
  },
  "advanced index copies"(torch) {
    const x = floatRange(torch, 5);
    const y = x.at(torch.tensor([0n, 2n]));
    y.set_at([0], 9);
    return x;
  },
  "index_put accumulate"(torch) {
    const x = torch.zeros(3);
    x.index_put_([torch.tensor([0n, 0n, 2n])], torch.tensor([1, 2, 3]), { accumulate: true });
    return x;
  },
  "unbind views"(torch) {
    const x = floatRange(torch, 6).view(2, 3);
    for (const row of x.unbind(0)) row.mul_(2);
    return x;
  },
  "diagonal view"(torch) {
    const x = torch.zeros(3, 3);
    x.diagonal().fill_(5);
    return x;
  },
  "as_strided view"(torch) {
    const x = floatRange(torch, 9);
    const y = x.as_strided([2, 2], [3, 1], 1);
    y.mul_(10);
    return [x, y];
  },
  "overlapping read order"(torch) {
    const x = floatRange(torch, 5);
    x.set_at([torch.slice(1, null)], x.at(torch.slice(null, -1)).clone());
    return x;
  },
  "alias chain"(torch) {
    const x = torch.zeros(2, 3, 4);
    const y = x.permute(2, 0, 1).at(torch.slice(1, 3));
    y.at(torch.slice(null, null), 1).add_(floatRange(torch, 3));
    return x;
  },
  "in-place then read old result"(torch) {
    const x = torch.ones(3);
    const y = x.mul(2);
    x.add_(10);
    const z = x.mul(2);
    return [x, y, z];
  },
  "set_ data"(torch) {
    const x = torch.ones(2, grad);
    x.data = torch.tensor([5, 6]);
    return x;
  },
};
