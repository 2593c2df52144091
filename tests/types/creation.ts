/** Making tensors: sizes, data, element types, options. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function sizes(): void {
  for (const make of [torch.zeros, torch.ones, torch.empty, torch.rand, torch.randn]) {
    is<Tensor>()(make(2, 3));
    is<Tensor>()(make([2, 3]));
    is<Tensor>()(make(2, 3, 4, 5, 6, { dtype: torch.float64 }));
    is<Tensor>()(make([2, 3], { dtype: "float32", device: "cpu", requires_grad: true, out: null! }));
    is<Tensor>()(make({ size: [2], dtype: torch.half }));
    // @ts-expect-error a misspelled option
    make(2, { dtpye: torch.float32 });
    // @ts-expect-error a misspelled option after a list
    make([2, 3], { dtpye: torch.float32 });
    // @ts-expect-error a size is a number
    make("2");
    // @ts-expect-error no such type
    make(2, { dtype: "float33" });
  }
}

export function data(): void {
  is<Tensor>()(torch.tensor(1));
  is<Tensor>()(
    torch.tensor([
      [1, 2],
      [3n, true],
    ]),
  );
  is<Tensor>()(torch.tensor(new Float32Array(2), { dtype: "float64" }));
  is<Tensor>()(torch.tensor([new torch.Complex(1, 2)]));
  is<Tensor>()(torch.tensor([], { dtype: torch.int64 }));
  is<Tensor>()(torch.as_tensor([1, 2], { dtype: torch.int32 }));
  is<Tensor>()(torch.from_numpy(new Int32Array(2)));
  is<Tensor>()(torch.frombuffer(new ArrayBuffer(8), { dtype: torch.uint8, count: 2, offset: 1 }));
  is<Tensor>()(torch.scalar_tensor(2, { dtype: torch.int8 }));
  // @ts-expect-error words are no numbers
  torch.tensor(["1"]);
  // @ts-expect-error a tensor has one argument and options
  torch.tensor([1], torch.float32);
  // @ts-expect-error a misspelled option
  torch.tensor([1], { require_grad: true });
  // @ts-expect-error a buffer's type is asked for
  torch.frombuffer(new ArrayBuffer(8));
}

export function filled(x: Tensor): void {
  is<Tensor>()(torch.full([2], 1));
  is<Tensor>()(torch.full([2], true, { dtype: torch.bool }));
  is<Tensor>()(torch.full({ size: [2], fill_value: 1n }));
  is<Tensor>()(torch.full([2], { fill_value: x }));
  is<Tensor>()(torch.full_like(x, 1, { memory_format: torch.preserve_format }));
  is<Tensor>()(torch.zeros_like(x, { dtype: torch.float16, layout: torch.strided }));
  is<Tensor>()(torch.rand_like(x, { dtype: torch.float64 }));
  is<Tensor>()(torch.empty_strided([2, 3], [1, 2]));
  is<Tensor>()(x.new_zeros(2, 3));
  is<Tensor>()(x.new_full([2], 1));
  is<Tensor>()(x.new_tensor([1, 2]));
  is<Tensor>()(torch.eye(2, 3, { dtype: torch.int64 }));
  // @ts-expect-error a layout is no memory format
  torch.zeros_like(x, { memory_format: torch.strided });
  // @ts-expect-error a memory format is no layout
  torch.zeros_like(x, { layout: torch.channels_last });
  // @ts-expect-error a value is missing
  torch.full([2]);
  // @ts-expect-error a misspelled option
  torch.eye(2, { dtypes: torch.int64 });
}

export function ranges(x: Tensor): void {
  is<Tensor>()(torch.arange(3));
  is<Tensor>()(torch.arange(1, 3, 0.5, { dtype: "float64" }));
  is<Tensor>()(torch.arange(1n, { end: x, step: 2 }));
  is<Tensor>()(torch.arange({ end: 3, device: "webgpu" }));
  is<Tensor>()(torch.linspace(0, 1, 5));
  is<Tensor>()(torch.linspace(0, 1, { steps: 5, dtype: torch.float64 }));
  is<Tensor>()(torch.logspace(0, 1, { steps: 5, base: 2 }));
  is<Tensor>()(torch.hann_window(8, false, { dtype: torch.float64 }));
  is<Tensor>()(torch.kaiser_window(8, { periodic: false, beta: 5 }));
  // @ts-expect-error an end is a number
  torch.arange("3");
  // @ts-expect-error a misspelled option
  torch.arange(3, { stepp: 2 });
  // @ts-expect-error a misspelled option
  torch.linspace(0, 1, { step: 5 });
  // @ts-expect-error true or false
  torch.hann_window(8, 1);
}

export function random(x: Tensor): void {
  const generator = new torch.Generator();
  is<Tensor>()(torch.randint(10, [2, 3]));
  is<Tensor>()(torch.randint(1, 10, [2, 3], { generator }));
  is<Tensor>()(torch.randperm(4, { generator, dtype: torch.int32 }));
  is<Tensor>()(torch.normal(0, 1, [2]));
  is<Tensor>()(torch.normal(x, 1, { generator }));
  is<Tensor>()(torch.bernoulli(x, { generator }));
  is<Tensor>()(torch.multinomial(x, 2, true));
  is<Tensor>()(x.normal_(0, 1, { generator }));
  is<Tensor>()(x.uniform_({ to: 2 }));
  // @ts-expect-error a misspelled option
  torch.rand(2, { generators: generator });
  // @ts-expect-error a misspelled option
  torch.multinomial(x, 2, { replace: true });
  // @ts-expect-error the number of draws is missing
  torch.multinomial(x);
}

export function types(x: Tensor): void {
  is<torch.dtype>()(x.dtype);
  is<"float32">()(torch.float32.name);
  is<"int64">()(torch.long.name);
  is<boolean>()(x.dtype.is_floating_point);
  is<torch.dtype>()(torch.promote_types(torch.float32, "int64"));
  is<torch.dtype>()(torch.result_type(x, 1));
  is<boolean>()(torch.can_cast("float64", torch.float32));
  is<number>()(torch.finfo(torch.float32).eps);
  is<number>()(torch.iinfo("int8").bits);
  if (x.dtype.name === "bool") return;
  // @ts-expect-error no such type
  if (x.dtype.name === "float8") return;
  // @ts-expect-error no such type
  torch.can_cast("float", "float128");
}
