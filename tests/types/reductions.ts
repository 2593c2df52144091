/** Reductions, orders and scans: dimensions, named results. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function sums(x: Tensor): void {
  is<Tensor>()(x.sum());
  is<Tensor>()(x.sum(0));
  is<Tensor>()(x.sum([0, 1], true, { dtype: torch.float64 }));
  is<Tensor>()(torch.mean(x, { dim: 1, keepdim: true }));
  is<Tensor>()(torch.mean(x, { axis: [0, 1] }));
  is<Tensor>()(torch.std(x, 0, { correction: 0 }));
  is<Tensor>()(x.var({ dim: [0], unbiased: false }));
  is<Tensor>()(torch.norm(x, "fro", [0, 1]));
  is<Tensor>()(torch.norm(x, 2));
  is<Tensor>()(torch.logsumexp(x, 0));
  is<Tensor>()(torch.quantile(x, 0.5, 0, { interpolation: "midpoint" }));
  is<Tensor>()(torch.quantile(x, x));
  is<Tensor>()(x.cumsum(0, { dtype: "int64" }));
  is<Tensor>()(torch.all(x, 0));
  // @ts-expect-error a dimension is a number
  x.sum("0");
  // @ts-expect-error a misspelled option
  x.sum(0, { keep_dim: true });
  // @ts-expect-error no such norm
  torch.norm(x, "frob");
  // @ts-expect-error no such interpolation
  torch.quantile(x, 0.5, { interpolation: "cubic" });
  // @ts-expect-error a dimension is missing
  x.cumsum();
  // @ts-expect-error two dimensions where one is taken
  x.cumsum([0, 1]);
}

export function named(x: Tensor): void {
  const { values, indices } = torch.max(x, 1);
  const best: readonly Tensor[] = [values, x.topk(3, { largest: false }).values, x.kthvalue(2, 0).values];
  is<Tensor>()(indices);
  const [least, where] = x.min(1, { keepdim: true });
  is<Tensor>()(least);
  is<readonly Tensor[]>()(best);
  is<Tensor>()(where);
  is<Tensor>()(x.max());
  is<Tensor>()(torch.max(x, x));
  is<Tensor>()(torch.sort(x).indices);
  is<Tensor>()(torch.sort(x, { descending: true, stable: true })[0]);
  is<Tensor>()(x.median(0).indices);
  is<Tensor>()(x.median());
  is<Tensor>()(torch.mode(x).indices);
  is<Tensor>()(torch.cummax(x, 0).indices);
  const { min, max } = torch.aminmax(x);
  is<Tensor>()(min);
  is<Tensor>()(max);
  const [deviation, mean] = torch.std_mean(x, 0);
  is<Tensor>()(deviation);
  is<Tensor>()(mean);
  is<Tensor>()(torch.max(x, 1, { out: [x, x] })[0]);
  // @ts-expect-error there are two results
  is<Tensor>()(torch.max(x, 1)[2]);
  // @ts-expect-error no such result
  void x.sort().value;
  // @ts-expect-error both results are stored
  torch.max(x, 1, { out: x });
  // @ts-expect-error a misspelled option
  torch.sort(x, { descend: true });
  // @ts-expect-error the count is missing
  x.topk();
}

export function counts(x: Tensor): void {
  is<Tensor>()(torch.unique(x));
  is<readonly [output: Tensor, inverse_indices: Tensor]>()(torch.unique(x, { return_inverse: true }));
  is<readonly [output: Tensor, counts: Tensor]>()(x.unique({ return_counts: true, dim: 0 }));
  is<readonly [output: Tensor, inverse_indices: Tensor, counts: Tensor]>()(
    torch.unique_consecutive(x, { return_inverse: true, return_counts: true }),
  );
  is<Tensor>()(x.nonzero());
  is<readonly Tensor[]>()(x.nonzero({ as_tuple: true }));
  is<Promise<Tensor>>()(x.nonzeroAsync());
  is<Tensor>()(torch.bincount(x, { minlength: 3 }));
  is<Tensor>()(torch.histc(x, 10, 0, 1));
  const { hist, bin_edges } = torch.histogram(x, 10);
  is<Tensor>()(hist);
  is<Tensor>()(bin_edges);
  is<Tensor>()(torch.searchsorted(x, x, { side: "left" }));
  is<Tensor>()(torch.bucketize(x, x, { right: true }));
  // @ts-expect-error a misspelled option
  torch.unique(x, { sorted: true, return_invers: true });
  // @ts-expect-error a misspelled option
  x.nonzero({ as_tuples: true });
  // @ts-expect-error no such side
  torch.searchsorted(x, x, { side: "middle" });
}
