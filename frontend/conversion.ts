/** Tensors in another element type, on another device, or in another layout. */
import { isComplex, dtypes, isDType, type DType } from "../ir/dtype.ts";
import { ArgumentError, ShapeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { supports, type Device } from "../runtime/device.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator, withSite } from "./call.ts";
import { viewsOfComplex } from "./complex-memory.ts";
import { landed, moved } from "./device-moves.ts";
import { currentDevice, device as DeviceObject, type DeviceLike, type DeviceText } from "./devices.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import { contiguous_format, memory_format } from "./formats.ts";
import { inFormat, laidOut, orderLike } from "./laid-out.ts";
import { legacyDType, type LegacyTensor } from "./legacy-tensors.ts";
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
export type ToTarget = Tensor | DTypeLike | DeviceObject | DeviceText | number | ToOptions | null | undefined;
type ToMore = (DTypeLike | ToOptions | boolean | null | undefined)[];
/** A device that is not known before the program runs: of a string that is, the compiler says whether it is a name. */
type ToldAtRunTime<Text extends DeviceLike> = string extends Text ? Text : never;

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
  return order === null ? result : laidOut(result.node_(), result.storage_.device, order);
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
/** `torch.FloatTensor`: the older name of a tensor's type. */
export function legacyNameOf(tensor: Tensor): string {
  const name = legacyTypes[tensor.dtype.name];
  return tensor.device.type === "webgpu" ? name.replace("torch.", "torch.cuda.") : name;
}
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
  return isComplex(source.type_) ? source.viewBy_(viewsOfComplex().complexStep("conj", source)!) : source;
}

/** A memory format, positional or by name. */
export type FormatOption = memory_format | { readonly memory_format?: memory_format | null | undefined };

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * This tensor in another element type or on another device; itself when nothing changes.
     *
     * Shape: `[*] -> [*]`
     *
     * @throws DeviceError for a move away from a device that is read by promises only: `toAsync` does that
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
     */
    to(target: ToTarget, ...more: ToMore): Tensor;
    /** To a device that the program is told. */
    to<Text extends DeviceLike>(device: ToldAtRunTime<Text>, ...more: ToMore): Tensor;
    /**
     * The same between any devices, as a promise.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
     */
    toAsync(target: ToTarget, ...more: ToMore): Promise<Tensor>;
    /** To a device that the program is told. */
    toAsync<Text extends DeviceLike>(device: ToldAtRunTime<Text>, ...more: ToMore): Promise<Tensor>;
    /**
     * This tensor in float32; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.float.html
     */
    float(options?: FormatOption): Tensor;
    /**
     * This tensor in float64; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.double.html
     */
    double(options?: FormatOption): Tensor;
    /**
     * This tensor in float16; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.half.html
     */
    half(options?: FormatOption): Tensor;
    /**
     * This tensor in bfloat16; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.bfloat16.html
     */
    bfloat16(options?: FormatOption): Tensor;
    /**
     * This tensor in int64; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.long.html
     */
    long(options?: FormatOption): Tensor;
    /**
     * This tensor in int32; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.int.html
     */
    int(options?: FormatOption): Tensor;
    /**
     * This tensor in int16; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.short.html
     */
    short(options?: FormatOption): Tensor;
    /**
     * This tensor in int8; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.char.html
     */
    char(options?: FormatOption): Tensor;
    /**
     * This tensor in uint8; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.byte.html
     */
    byte(options?: FormatOption): Tensor;
    /**
     * This tensor in bool; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.bool.html
     */
    bool(options?: FormatOption): Tensor;
    /**
     * This tensor in complex64; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cfloat.html
     */
    cfloat(options?: FormatOption): Tensor;
    /**
     * This tensor in complex128; itself when it is.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cdouble.html
     */
    cdouble(options?: FormatOption): Tensor;
    /**
     * On the CPU: `cpu` for a tensor of another device.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cpu.html
     */
    cpu(options?: FormatOption): Tensor;
    /**
     * The same from any device, as a promise.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cpu.html
     */
    cpuAsync(): Promise<Tensor>;
    /**
     * On the GPU.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cuda.html
     */
    cuda(device?: DeviceLike | null): Tensor;
    /**
     * On the GPU.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cuda.html
     */
    webgpu(): Tensor;
    /**
     * The name of this kind of tensor, as PyTorch gives it; with an argument, this tensor converted.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.type.html
     */
    type(): string;
    type(dtype: DTypeLike | LegacyTensor | string): Tensor;
    /**
     * In the element type of another tensor.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.type_as.html
     */
    type_as(other: Tensor): Tensor;
    /**
     * Itself when its elements lie in row-major order, else such a copy.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html
     */
    contiguous(options?: FormatOption): Tensor;
    /** Whether both have the same shape. */
    is_same_size(other: Tensor): boolean;
    /**
     * Whether the elements can be negative.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_signed.html
     */
    is_signed(): boolean;
    /**
     * -1 on the CPU, else the ordinal.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.get_device.html
     */
    get_device(): number;
    /** How many dimensions there are. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.ndimension.html */
    ndimension(): number;
    /**
     * Whether the elements are on the GPU.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_cuda.html
     */
    readonly is_cuda: boolean;
    /** Whether the elements are in this process's memory. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_cpu.html */
    readonly is_cpu: boolean;
    /**
     * False: there are no quantised tensors yet.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_quantized.html
     */
    readonly is_quantized: boolean;
    /**
     * False: there are no sparse tensors yet.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_sparse.html
     */
    readonly is_sparse: boolean;
    /** False: every tensor has elements. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_meta.html */
    readonly is_meta: boolean;
    /**
     * Dimensions in reverse order.
     *
     * Shape: `[a, ..., z] -> [z, ..., a]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.T.html
     */
    readonly T: Tensor;
    /**
     * The last two dimensions exchanged.
     *
     * Shape: `[*, m, n] -> [*, n, m]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.mT.html
     */
    readonly mT: Tensor;
    /**
     * Conjugate transpose of a matrix.
     *
     * Shape: `[m, n] -> [n, m]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.H.html
     */
    readonly H: Tensor;
    /**
     * Conjugate transposes of matrices.
     *
     * Shape: `[*, m, n] -> [*, n, m]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.mH.html
     */
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
  type(this: Tensor, wanted?: DTypeLike | LegacyTensor | string | { readonly dtype?: DTypeLike }): string | Tensor {
    if (isPlainObject(wanted)) return to(this, wanted);
    if (wanted === undefined) {
      return legacyNameOf(this);
    }
    const legacy =
      typeof wanted === "string" ? legacyType(wanted) : typeof wanted === "function" ? legacyDType(wanted) : null;
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
  is_cpu: (tensor) => tensor.device.type === "cpu",
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
