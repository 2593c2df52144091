/** Printing: what `print(x)` shows in PyTorch. Values are computed and read for it, so `console.log(x)` does not use it. */
import { isFloat } from "../ir/dtype.ts";
import { bfloat16Value, float16Value } from "../runtime/half-floats.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { signature, type CallOf } from "./arguments.ts";
import { Buffer, Parameter } from "./nn/parameter.ts";
import {
  formatTensor,
  printSettings,
  type PrintOptionChanges,
  type PrintOptions,
  type PrintProfile,
} from "./printing/index.ts";
import { settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** Computes the values and prints them as PyTorch does, on the console. */
    print(): Promise<void>;
    /** What `print` prints: PyTorch's `repr(x)`. Synchronous, so on CPU devices only. */
    repr(): string;
    /** The same on every device, as a promise. */
    reprAsync(): Promise<string>;
  }
}

const half = { float16: float16Value, bfloat16: bfloat16Value } as const;

function textOf(tensor: Tensor, contents: TypedArray): string {
  const dtype = tensor.dtype.name;
  const data =
    dtype === "float16" || dtype === "bfloat16" ? Float32Array.from(contents as Uint16Array, half[dtype]) : contents;
  const { grad_fn, requires_grad, shape, device } = tensor;
  const text = formatTensor(
    {
      data,
      shape,
      dtype,
      requires_grad,
      device: device.index === null ? device.type : `${device.type}:${device.index}`,
      defaultDtype: isFloat(settings.defaultDType) ? settings.defaultDType : "float32",
      ...(grad_fn === null ? {} : { grad_fn: grad_fn.name() }),
    },
    printSettings.get_printoptions(),
  );
  if (tensor instanceof Parameter) return `Parameter containing:\n${text}`;
  return tensor instanceof Buffer ? `Buffer containing:\n${text}` : text;
}

Object.defineProperties(Tensor.prototype, {
  repr: {
    value(this: Tensor): string {
      return textOf(this, this.readSync_("repr"));
    },
  },
  reprAsync: {
    async value(this: Tensor): Promise<string> {
      return textOf(this, await this.read_());
    },
  },
  print: {
    async value(this: Tensor): Promise<void> {
      console.log(await this.reprAsync()); // oxlint-disable-line no-console -- what it is for
    },
  },
});

const printOptions = signature<
  [
    precision: number | null,
    threshold: number | null,
    edgeitems: number | null,
    linewidth: number | null,
    profile: PrintProfile | null,
    sci_mode: boolean | null,
  ]
>()("precision?, threshold?, edgeitems?, linewidth?, profile?, sci_mode?");

/**
 * How tensors are printed from here on. Absent: as before, except `sci_mode`, which is chosen from the values again.
 * https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
 * @throws ArgumentError for an option that makes no sense
 */
export function set_printoptions(...args: CallOf<typeof printOptions>): void {
  printSettings.set_printoptions(printOptions.bind("set_printoptions", args));
}

/**
 * How tensors are printed: what `set_printoptions` was told.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.get_printoptions.html
 */
export const get_printoptions = (): PrintOptions => printSettings.get_printoptions();

/** Runs `body` under changed options and then puts the old ones back; an async one when its promise settles. */
export const printoptions = <Result>(changes: PrintOptionChanges, body: () => Result): Result =>
  printSettings.printoptions(changes, body);
