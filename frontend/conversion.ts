/** Tensors in another element type, on another device, or in another layout. */
import { dtypes, isDType, type DType } from "../ir/dtype.ts";
import { ArgumentError, ShapeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { supports, type Device } from "../runtime/device.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator, withSite } from "./call.ts";
import { complexStep } from "./complex-views.ts";
import { landed, moved } from "./device-moves.ts";
import { currentDevice, device as DeviceObject, type DeviceLike } from "./devices.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import { contiguous_format, memory_format } from "./formats.ts";
import { inFormat, laidOut, orderLike } from "./laid-out.ts";
import { formatOf } from "./memory-layout.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { warnOnce } from "./warnings.ts";

export interface ToOptions {
  readonly dtype?: DTypeLike | null | undefined;
  readonly device?: DeviceLike | null | undefined;
  /** Accepted for PyTorch's sake: a copy is made when its value is read. */
  readonly non_blocking?: boolean | undefined;
  /** A new tensor even when nothing changes. */
  readonly copy?: boolean | undefined;
  readonly memory_format?: memory_format | null | undefined;
}
export type ToTarget = Tensor | DTypeLike | DeviceLike | ToOptions | null | undefined;

interface Destination {
  readonly dtype: DType;
  readonly device: Device;
  readonly copy: boolean;
  readonly format: unknown;
}

function converted(source: Tensor, { dtype, device, copy, format }: Destination): Tensor {
  const from = source.storage_.device;
  if (dtype === source.dtype.name && device === from) {
    if (copy) return callOperator("clone", [source, { memory_format: format }]) as Tensor;
    return format === null ? source : inFormat(source, formatOf(format)!);
  }
  // Converted where the smaller type travels.
  const early = dtypes[dtype].bytes <= source.itemsize && supports(from.name, dtype);
  const narrowed = early ? cast(source, dtype) : source;
  return laidLike(source, cast(moved(narrowed, device), dtype), format);
}

/** What was made of a tensor lies in memory as that does, or as a format says. */
function laidLike(source: Tensor, result: Tensor, format: unknown): Tensor {
  const order = orderLike(source, format, "to");
  return order === null ? result : laidOut(result.node_(), result.storage_.device, order, "to");
}

function cast(source: Tensor, dtype: DType): Tensor {
  if (source.dtype.name === dtype) return source;
  const { device } = source.storage_;
  enterScope(device.name);
  return Tensor.ofNode(graph.cast(source.node_(), dtype), device);
}

const isDeviceSpelling = (value: unknown): value is DeviceLike =>
  value instanceof DeviceObject ||
  typeof value === "number" ||
  (typeof value === "string" && /^(cpu|cuda|webgpu)(:\w+)?$/.test(value));

/** `to(dtype)`, `to(device, dtype)`, `to(other)`, `to({ dtype, device, copy })`. */
function destination(source: Tensor, args: readonly unknown[]): Destination {
  let dtype = source.dtype.name;
  let device = source.storage_.device;
  let copy = false;
  let format: unknown = null;
  let flags = 0;
  for (const arg of args) {
    if (arg === undefined || arg === null) continue;
    if (arg instanceof Tensor) {
      dtype = arg.dtype.name;
      device = arg.storage_.device;
    } else if (typeof arg === "boolean") {
      // non_blocking, then copy
      if (flags++ === 1) copy = arg;
    } else if (arg instanceof memory_format) format = arg;
    else if (isDeviceSpelling(arg)) device = currentDevice(arg);
    else if (isPlainObject(arg)) {
      const options = arg as ToOptions & { readonly other?: Tensor };
      if (options.other instanceof Tensor) {
        dtype = options.other.dtype.name;
        device = options.other.storage_.device;
      }
      if (options.dtype !== undefined && options.dtype !== null) dtype = dtypeName(options.dtype, "to");
      if (options.device !== undefined && options.device !== null) device = currentDevice(options.device);
      copy ||= options.copy === true;
      format = options.memory_format ?? format;
    } else if (typeof arg === "string" && !isDType(arg.replace("torch.", "")))
      throw new ArgumentError(
        "to/target",
        `to: "${arg}" is neither a device nor a dtype.`,
        'Devices are "cpu", "cpu:js" and "webgpu"; dtypes are those of torch, such as torch.float32.',
      );
    else dtype = dtypeName(arg, "to");
  }
  if (format !== null && !(format instanceof memory_format)) orderLike(source, format, "to");
  return { dtype, device, copy, format };
}

function to(source: Tensor, ...args: readonly unknown[]): Tensor {
  return withSite(() => converted(source, destination(source, args)));
}

async function toAsync(source: Tensor, ...args: readonly unknown[]): Promise<Tensor> {
  const wanted = destination(source, args);
  const { dtype, device, format } = wanted;
  if (device === source.storage_.device) return converted(source, wanted);
  const values = await source.read_();
  return laidLike(source, cast(landed(source, values.slice(), device), dtype), format);
}

/** PyTorch's names of tensor types by element type. */
const legacyTypes: Readonly<Record<DType, string>> = {
  float32: "torch.FloatTensor",
  float64: "torch.DoubleTensor",
  float16: "torch.HalfTensor",
  bfloat16: "torch.BFloat16Tensor",
  int8: "torch.CharTensor",
  int16: "torch.ShortTensor",
  int32: "torch.IntTensor",
  int64: "torch.LongTensor",
  uint8: "torch.ByteTensor",
  bool: "torch.BoolTensor",
  complex64: "torch.ComplexFloatTensor",
  complex128: "torch.ComplexDoubleTensor",
};
export function legacyType(name: string): DType | null {
  const plain = name.replace("torch.cuda.", "torch.").replace("torch.webgpu.", "torch.");
  return (Object.keys(legacyTypes) as DType[]).find((dtype) => legacyTypes[dtype] === plain) ?? null;
}

/** Dimensions reversed. */
function reversed(source: Tensor): Tensor {
  if (source.ndim !== 2 && source.ndim !== 0)
    warnOnce(
      `tensor.T: the use of x.T on tensors of dimension other than 2 to reverse their shape is deprecated, got ${source.ndim} dimensions. Use x.mT for batches of matrices, or x.permute(...).`,
    );
  return callOperator("permute", [source, source.shape.map((_, i) => source.ndim - 1 - i)]) as Tensor;
}
function lastTwoSwapped(source: Tensor, name: string): Tensor {
  if (source.ndim === 0 && name !== "H") return source;
  if (source.ndim < 2)
    throw new ShapeError(
      `${name}/rank`,
      `tensor.${name} is only supported on matrices or batches of matrices. Got ${source.ndim}-D tensor.`,
      "unsqueeze() adds a dimension.",
    );
  return callOperator("transpose", [source, -2, -1]) as Tensor;
}
function conjugated(source: Tensor): Tensor {
  const step = complexStep("conj", source);
  return step === null ? source : source.viewBy_(step);
}

/** A memory format, positional or by name. */
export type FormatOption = memory_format | { readonly memory_format?: memory_format | null | undefined };

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * This tensor in another element type or on another device; itself when nothing changes.
     * https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
     * @throws DeviceError for a move away from a device that is read by promises only: `toAsync` does that
     */
    to(target: ToTarget, ...more: (DTypeLike | ToOptions | boolean | null | undefined)[]): Tensor;
    toAsync(target: ToTarget, ...more: (DTypeLike | ToOptions | boolean | null | undefined)[]): Promise<Tensor>;
    float(options?: FormatOption): Tensor;
    double(options?: FormatOption): Tensor;
    half(options?: FormatOption): Tensor;
    bfloat16(options?: FormatOption): Tensor;
    long(options?: FormatOption): Tensor;
    int(options?: FormatOption): Tensor;
    short(options?: FormatOption): Tensor;
    char(options?: FormatOption): Tensor;
    byte(options?: FormatOption): Tensor;
    bool(options?: FormatOption): Tensor;
    cfloat(options?: FormatOption): Tensor;
    cdouble(options?: FormatOption): Tensor;
    /** On the CPU: `cpu` for a tensor of another device. */
    cpu(options?: FormatOption): Tensor;
    cpuAsync(): Promise<Tensor>;
    /** On the GPU. */
    cuda(device?: DeviceLike | null): Tensor;
    webgpu(): Tensor;
    /** The name of this kind of tensor, as PyTorch gives it; with an argument, this tensor converted. */
    type(): string;
    type(dtype: DTypeLike | string): Tensor;
    /** In the element type of another tensor. */
    type_as(other: Tensor): Tensor;
    /** Itself when its elements lie in row-major order, else such a copy. */
    contiguous(options?: FormatOption): Tensor;
    is_same_size(other: Tensor): boolean;
    is_signed(): boolean;
    /** -1 on the CPU, else the ordinal. */
    get_device(): number;
    ndimension(): number;
    readonly is_cuda: boolean;
    readonly is_quantized: boolean;
    readonly is_sparse: boolean;
    readonly is_meta: boolean;
    /** Dimensions in reverse order. */
    readonly T: Tensor;
    /** The last two dimensions exchanged. */
    readonly mT: Tensor;
    /** Conjugate transpose of a matrix. */
    readonly H: Tensor;
    /** Conjugate transposes of matrices. */
    readonly mH: Tensor;
  }
}

const shorthands: Readonly<Record<string, DType>> = {
  float: "float32",
  double: "float64",
  half: "float16",
  bfloat16: "bfloat16",
  long: "int64",
  int: "int32",
  short: "int16",
  char: "int8",
  byte: "uint8",
  bool: "bool",
  cfloat: "complex64",
  cdouble: "complex128",
};

type Method = (this: Tensor, ...args: never[]) => unknown;
const methods: Record<string, Method> = {
  to(this: Tensor, ...args: readonly unknown[]): Tensor {
    return to(this, ...args);
  },
  toAsync(this: Tensor, ...args: readonly unknown[]): Promise<Tensor> {
    return toAsync(this, ...args);
  },
  cpu(this: Tensor, options?: unknown): Tensor {
    const format = { memory_format: formatOf(options) };
    return this.device.type === "cpu" ? to(this, format) : to(this, "cpu", format);
  },
  async cpuAsync(this: Tensor): Promise<Tensor> {
    return this.device.type === "cpu" ? this : toAsync(this, "cpu");
  },
  cuda(this: Tensor, device?: DeviceLike | null): Tensor {
    return to(this, device ?? "webgpu");
  },
  webgpu(this: Tensor): Tensor {
    return to(this, "webgpu");
  },
  type(this: Tensor, wanted?: DTypeLike | string | { readonly dtype?: DTypeLike }): string | Tensor {
    if (isPlainObject(wanted)) return to(this, wanted);
    if (wanted === undefined) {
      const name = legacyTypes[this.dtype.name];
      return this.device.type === "webgpu" ? name.replace("torch.", "torch.cuda.") : name;
    }
    const legacy = typeof wanted === "string" ? legacyType(wanted) : null;
    return to(this, legacy ?? dtypeName(wanted, "type"));
  },
  type_as(this: Tensor, other: Tensor): Tensor {
    return to(this, other);
  },
  contiguous(this: Tensor, options?: unknown): Tensor {
    return inFormat(this, formatOf(options) ?? contiguous_format);
  },
  is_same_size(this: Tensor, other: Tensor): boolean {
    return sameShape(this.shape, other.shape);
  },
  is_signed(this: Tensor): boolean {
    return this.dtype.is_signed;
  },
  get_device(this: Tensor): number {
    return this.device.index ?? -1;
  },
  ndimension(this: Tensor): number {
    return this.ndim;
  },
};
for (const [name, dtype] of Object.entries(shorthands)) {
  methods[name] = function (this: Tensor, options?: unknown): Tensor {
    return to(this, dtype, isPlainObject(options) ? options : { memory_format: options });
  };
}
for (const [name, method] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });

const getters: Readonly<Record<string, (tensor: Tensor) => unknown>> = {
  is_cuda: (tensor) => tensor.device.type === "webgpu",
  is_quantized: () => false,
  is_sparse: () => false,
  is_meta: () => false,
  T: reversed,
  mT: (tensor) => lastTwoSwapped(tensor, "mT"),
  mH: (tensor) => conjugated(lastTwoSwapped(tensor, "mH")),
  H(tensor) {
    if (tensor.ndim !== 0 && tensor.ndim !== 2)
      throw new ShapeError(
        "H/rank",
        `tensor.H is only supported on matrices (2-D tensors). Got ${tensor.ndim}-D tensor ${formatShape(tensor.shape)}.`,
        "Use mH for batches of matrices.",
      );
    return tensor.ndim === 0 ? conjugated(tensor) : conjugated(lastTwoSwapped(tensor, "H"));
  },
};
for (const [name, get] of Object.entries(getters)) {
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor): unknown {
      return withSite(() => get(this));
    },
    configurable: true,
  });
}
