/** Members of a tensor: what it is, reading, conversion, subscripts. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function facts(x: Tensor): void {
  is<readonly number[]>()(x.shape);
  is<readonly number[]>()(x.size());
  is<number>()(x.size(0));
  is<number>()(x.size({ dim: -1 }));
  is<readonly number[]>()(x.stride());
  is<number>()(x.stride(0));
  is<number>()(x.dim());
  is<number>()(x.numel());
  is<number>()(x.element_size());
  is<torch.device>()(x.device);
  is<"cpu" | "webgpu">()(x.device.type);
  is<torch.layout>()(x.layout);
  is<boolean>()(x.is_contiguous(torch.channels_last));
  is<boolean>()(x.is_contiguous({ memory_format: torch.channels_last }));
  is<boolean>()(x.requires_grad);
  is<Tensor | null>()(x.grad);
  is<Tensor | null>()(x._base);
  is<boolean>()(torch.is_tensor(x));
  for (const row of x) is<Tensor>()(row);
  // @ts-expect-error shapes are not changed
  x.shape[0] = 2;
  // @ts-expect-error the type is not changed by assignment
  x.dtype = torch.float64;
  // @ts-expect-error there is no such member
  void x.shapes;
  // @ts-expect-error a layout is no memory format
  x.is_contiguous(torch.strided);
}

export async function reading(x: Tensor): Promise<void> {
  type Item = number | boolean | bigint | torch.Complex;
  is<Item>()(x.item());
  is<Item>()(await x.itemAsync());
  is<ReturnType<typeof x.tolist>>()(await x.tolistAsync());
  const list = x.tolist({ bigint: true });
  if (Array.isArray(list)) is<boolean>()(list.length > 0);
  is<ReturnType<typeof x.numpy>>()(await x.numpyAsync());
  is<string>()(x.repr());
  is<void>()(await x.print());
  is<boolean>()(x.equal(x));
  is<boolean>()(await x.allcloseAsync(x, { rtol: 1e-3 }));
  is<boolean>()(x.allclose(x, 1e-3, 1e-5));
  // @ts-expect-error a misspelled option
  x.tolist({ bigints: true });
  // @ts-expect-error a misspelled option
  x.allclose(x, { rtoll: 1e-3 });
}

export function conversion(x: Tensor): void {
  is<Tensor>()(x.to(torch.float64));
  is<Tensor>()(x.to("float64"));
  is<Tensor>()(x.to("webgpu", torch.float16));
  is<Tensor>()(x.to("cuda:0"));
  const told: string = x.device.toString();
  is<Tensor>()(x.to(told));
  // @ts-expect-error neither a type nor a device
  x.to("float99");
  // @ts-expect-error neither a type nor a device
  void x.toAsync("gpu");
  is<Tensor>()(x.to({ dtype: "int32", device: "cpu", copy: true }));
  is<Tensor>()(x.to(x));
  is<Promise<Tensor>>()(x.toAsync("cpu"));
  is<Tensor>()(x.float());
  is<Tensor>()(x.contiguous({ memory_format: torch.channels_last }));
  is<string>()(x.type());
  is<Tensor>()(x.type(torch.int64));
  is<Tensor>()(x.view(torch.int32));
  is<Tensor>()(x.clone({ memory_format: torch.contiguous_format }));
  // @ts-expect-error a misspelled option
  x.to({ dtyp: "int32" });
  // @ts-expect-error no such type
  x.to({ dtype: "int33" });
  // @ts-expect-error a name is no memory format
  x.clone({ memory_format: "channels_last" });
  // @ts-expect-error there is no such conversion
  void x.floats;
}

export function subscripts(x: Tensor): void {
  is<Tensor>()(x.at(0, "1:3", "...", null, true, torch.slice(1, 3), x, [0, 1]));
  is<Tensor>()(x.set_at([0, "1:3"], 1));
  is<Tensor>()(x.set_at("...", x));
  is<Tensor>()(x.set_at([x], [1, 2]));
  is<Tensor>()(x.at({ start: 1, step: 2 }));
  // @ts-expect-error a misspelled bound
  x.at({ begin: 1 });
  // @ts-expect-error a word is no value
  x.set_at([0], "1");
}

export function inPlace<T extends torch.nn.Parameter>(parameter: T, x: Tensor): void {
  is<T>()(parameter.add_(x));
  is<T>()(parameter.mul_(2));
  is<T>()(parameter.clamp_({ min: 0 }));
  is<T>()(parameter.copy_(x));
  is<T>()(parameter.fill_(0));
  is<T>()(parameter.zero_());
  is<T>()(parameter.requires_grad_(false));
  is<T>()(parameter.normal_());
  is<T>()(parameter.squeeze_());
  is<T>()(parameter.index_add_(0, x, x));
  is<T>()(parameter.set_at([0], 1));
  is<Tensor>()(parameter.add(x));
  is<Tensor>()(parameter.detach());
  // @ts-expect-error what is written in place has no out
  parameter.add_(x, { out: x });
}
