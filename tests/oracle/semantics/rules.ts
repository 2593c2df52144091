/** Snippets about grad modes, dtypes, and calls that must be refused. */
import type { Snippet } from "./types.ts";

const grad = { requires_grad: true };

export const rules: Record<string, Snippet> = {
  "enable_grad in no_grad"(torch) {
    const x = torch.ones(2, grad);
    const y = torch.no_grad(() => torch.enable_grad(() => x.mul(2)));
    return [y.requires_grad];
  },
  set_grad_enabled(torch) {
    const x = torch.ones(2, grad);
    torch.set_grad_enabled(false);
    let y;
    try {
      y = x.mul(2);
    } finally {
      torch.set_grad_enabled(true);
    }
    const z = x.mul(2);
    return [y.requires_grad, z.requires_grad];
  },
  inference_mode(torch) {
    const x = torch.ones(2, grad);
    const y = torch.inference_mode(() => x.mul(2));
    return [y.requires_grad];
  },
  "requires_grad on int": (torch) => torch.tensor([1n, 2n], grad),
  "requires_grad_ on int": (torch) => torch.tensor([1n, 2n]).requires_grad_(),

  "bool of many": (torch) => torch.ones(2).is_nonzero(),
  "bool of empty": (torch) => torch.ones(0).is_nonzero(),
  "len of 0-d": (torch) => [...torch.tensor(1n)].length,

  "int division"(torch) {
    const x = torch.tensor([-7n, 7n]);
    return [x.floor_divide(2), x.remainder(3), x.div(2), torch.div(x, 2, { rounding_mode: "trunc" })];
  },
  "int overflow": (torch) => [
    torch.tensor([2147483647n], { dtype: torch.int32 }).add(1),
    torch.tensor([200n], { dtype: torch.uint8 }).add(100),
    torch.tensor([127n], { dtype: torch.int8 }).add(1),
  ],
  "float to int casts": (torch) => [
    torch.tensor([1.9, -1.9, 0.5]).int(),
    torch.tensor([1.9, -1.9]).long(),
    torch.tensor([0, 0.1, NaN]).bool(),
  ],
  "sum of bool": (torch) => [torch.tensor([true, true, false]).sum(), torch.tensor([true, true]).sum().dtype],
  "mean of int": (torch) => torch.tensor([1n, 2n]).mean(),
  "in-place dtype error"(torch) {
    const x = torch.ones(2, { dtype: torch.int64 });
    x.mul_(1.5);
    return x;
  },
  "in-place float on int tensor"(torch) {
    const x = torch.ones(2, { dtype: torch.int64 });
    x.add_(0.5);
    return x;
  },

  "view incompatible": (torch) => torch.zeros(2, 3).t().view(6),
  "too many indices": (torch) => torch.arange(3).at(0, 0),
  "bool mask shape mismatch": (torch) => torch.arange(3).at(torch.tensor([true, false])),
  "squeeze non-1": (torch) => torch.zeros(2, 3).squeeze(0).shape,
  "reshape bad": (torch) => torch.arange(6).reshape(4, 2),
  "dim out of range": (torch) => torch.zeros(2, 3).sum(2),
  "cat mismatch": (torch) => torch.cat([torch.zeros(2, 3), torch.zeros(2, 2)]),
  "stack mismatch": (torch) => torch.stack([torch.zeros(2), torch.zeros(3)]),
  "mm mismatch": (torch) => torch.zeros(2, 3).mm(torch.zeros(2, 3)),
};
