/** Views, joining, splitting, indexing. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function views(x: Tensor): void {
  is<Tensor>()(x.view(2, -1));
  is<Tensor>()(x.view([2, -1]));
  is<Tensor>()(x.reshape({ shape: [2, 3] }));
  is<Tensor>()(torch.permute(x, [1, 0]));
  is<Tensor>()(x.permute(1, 0));
  is<Tensor>()(x.transpose(0, 1));
  is<Tensor>()(torch.squeeze(x, [0, 1]));
  is<Tensor>()(x.unsqueeze({ dim: 0 }));
  is<Tensor>()(x.expand(2, 3));
  is<Tensor>()(torch.flatten(x, 1));
  is<Tensor>()(x.flip([0, 1]));
  is<Tensor>()(torch.roll(x, [1, 2], [0, 1]));
  is<Tensor>()(x.T);
  is<Tensor>()(x.as_strided([2], [1], 0));
  is<Tensor>()(x.unfold(0, 2, 1));
  is<Tensor>()(torch.movedim(x, 0, 1));
  is<Tensor>()(x.tile(2, 2));
  is<Tensor>()(torch.repeat_interleave(x, 2, 0));
  // @ts-expect-error a size is a number
  x.view("2");
  // @ts-expect-error both dimensions are asked for
  x.transpose(0);
  // @ts-expect-error a misspelled option
  x.unsqueeze({ dims: 0 });
}

export function joining(x: Tensor): void {
  is<Tensor>()(torch.cat([x, x], 1));
  is<Tensor>()(torch.cat([x, x], { dim: 1, out: x }));
  is<Tensor>()(torch.stack([x, x]));
  is<readonly Tensor[]>()(torch.split(x, 2, 1));
  is<readonly Tensor[]>()(x.split([1, 2]));
  is<readonly Tensor[]>()(x.chunk(2));
  is<readonly Tensor[]>()(x.unbind());
  is<readonly Tensor[]>()(torch.meshgrid([x, x], { indexing: "ij" }));
  is<readonly Tensor[]>()(torch.broadcast_tensors(x, x));
  is<readonly number[]>()(torch.broadcast_shapes([1, 2], [3, 1]));
  is<Tensor>()(torch.block_diag(x, x));
  is<Tensor>()(torch.einsum("ij,jk->ik", x, x));
  is<Tensor>()(torch.tensordot(x, x, [[0], [1]]));
  is<Tensor>()(torch.tensordot(x, x, { dims: 1 }));
  // @ts-expect-error a tensor is no list of tensors
  torch.stack(x);
  // @ts-expect-error no such order
  torch.meshgrid([x, x], { indexing: "ji" });
  // @ts-expect-error a list has tensors
  torch.cat([1, 2]);
  // @ts-expect-error words are no dimensions
  torch.tensordot(x, x, [["0"], ["1"]]);
}

export function indexing(x: Tensor): void {
  is<Tensor>()(x.gather(0, x));
  is<Tensor>()(x.index_select(0, x));
  is<Tensor>()(x.masked_select(x));
  is<Promise<Tensor>>()(x.masked_selectAsync(x));
  is<Tensor>()(x.masked_fill(x, 0));
  is<Tensor>()(x.scatter(0, x, 1, { reduce: "add" }));
  is<Tensor>()(x.scatter_reduce(0, x, x, "amax", { include_self: false }));
  is<Tensor>()(x.index_reduce(0, x, x, "prod"));
  is<Tensor>()(x.index_put([x, null], x, true));
  is<Tensor>()(torch.take_along_dim(x, x, 0));
  is<Tensor>()(torch.segment_reduce(x, "max", { lengths: x }));
  is<Tensor>()(torch.tril(x, -1));
  is<Tensor>()(torch.tril_indices(3, 3));
  // @ts-expect-error no such reduction
  x.scatter(0, x, 1, { reduce: "mean" });
  // @ts-expect-error no such reduction
  x.scatter_reduce(0, x, x, "add");
  // @ts-expect-error the reduction is missing
  x.index_reduce(0, x, x);
  // @ts-expect-error a misspelled option
  x.scatter_reduce(0, x, x, "sum", { include_selfs: true });
}
