/** A tensor as `print(tensor)` shows it in PyTorch 2.13, from its values; for tensors `str` and `repr` are the same text. */
import type { ElementTexts } from "./element-text.ts";
import { boolTexts, complexTexts, floatTexts, integerTexts } from "./element-text.ts";
import { reprTuple } from "./format-values.ts";
import type { PrintOptions } from "./print-options.ts";

export interface PrintableTensor {
  /** Row-major elements of `shape`; complex ones as re, im, re, im. Not read for device "meta". */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
  readonly shape: readonly number[];
  /** "float32", "int64", "bool", "complex64", ... */
  readonly dtype: string;
  readonly requires_grad?: boolean;
  /** "AddBackward0": shown as `grad_fn=<AddBackward0>`, and then `requires_grad` is not. */
  readonly grad_fn?: string;
  /** Shown unless it is "cpu" (or absent). */
  readonly device?: string;
  /** `torch.get_default_dtype()`; a tensor of this dtype does not name it. */
  readonly defaultDtype?: string;
}

const opening = "tensor(";

export function formatTensor(value: PrintableTensor, options: PrintOptions): string {
  const { shape, dtype, device = "cpu", defaultDtype = "float32" } = value;
  const isMeta = device === "meta";
  const isEmpty = shape.includes(0);
  const defaultComplex = defaultDtype === "float64" ? "complex128" : "complex64";
  // Without elements to show, only the default dtype can be left unsaid.
  const unsaid = isMeta || isEmpty ? [defaultDtype] : [defaultDtype, defaultComplex, "int64", "bool"];
  const hidesAll = !isEmpty && options.edgeitems === 0;

  const suffixes: string[] = [];
  if (device !== "cpu" && device !== "cpu:0") suffixes.push(`device='${device}'`);
  if (isMeta || (isEmpty && shape.length !== 1) || hidesAll) suffixes.push(`size=${reprTuple(shape)}`);
  if (!unsaid.includes(dtype)) suffixes.push(`dtype=torch.${dtype}`);
  if (value.grad_fn !== undefined) suffixes.push(`grad_fn=<${value.grad_fn}>`);
  else if (value.requires_grad === true) suffixes.push("requires_grad=True");

  const body = isMeta ? "..." : isEmpty ? "[]" : formatBody(value, options);
  return appendSuffixes(opening + body, suffixes, options.linewidth);
}

/** The part between the parentheses without suffixes; the tensor has at least one element. */
function formatBody({ data, shape, dtype }: PrintableTensor, options: PrintOptions): string {
  const summarised = shape.reduce((count, size) => count * size, 1) > options.threshold;
  const kept = (size: number): number => (summarised && size > 2 * options.edgeitems ? options.edgeitems : size);
  const { texts, width } = elementTexts(data, visibleOffsets(shape, kept), dtype, options);
  const last = shape.length - 1;
  let next = 0;

  const row = (size: number, indent: number): string => {
    const edge = kept(size);
    const items = texts.slice(next, (next += edge < size ? 2 * edge : size));
    if (edge < size) items.splice(edge, 0, edge === 0 ? "..." : " ...");
    const perLine = Math.max(1, Math.floor((options.linewidth - indent) / (width + 2)));
    const lines: string[] = [];
    for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
    return `[${lines.join(`,\n${" ".repeat(indent + 1)}`)}]`;
  };
  const block = (dim: number, indent: number): string => {
    const size = shape[dim]!;
    if (dim === last) return row(size, indent);
    const edge = kept(size);
    const parts: string[] = [];
    for (let i = 0; i < (edge < size ? 2 * edge : size); i++) parts.push(block(dim + 1, indent + 1));
    if (edge < size) parts.splice(edge, 0, "...");
    return `[${parts.join(`,${"\n".repeat(last - dim)}${" ".repeat(indent + 1)}`)}]`;
  };
  return shape.length === 0 ? texts[0]! : block(0, opening.length);
}

/** Row-major offsets of the elements that are shown; a dimension keeps `kept(size)` at either end, or all. */
function visibleOffsets(shape: readonly number[], kept: (size: number) => number): number[] {
  let offsets = [0];
  for (const size of shape) {
    const edge = kept(size);
    const indices: number[] = [];
    for (let i = 0; i < size; i++) {
      if (i === edge && edge < size) i = size - edge;
      if (i < size) indices.push(i);
    }
    offsets = offsets.flatMap((offset) => indices.map((index) => offset * size + index));
  }
  return offsets;
}

function elementTexts(
  data: PrintableTensor["data"],
  offsets: readonly number[],
  dtype: string,
  options: PrintOptions,
): ElementTexts {
  if (dtype.startsWith("complex")) {
    const interleaved = offsets.flatMap((offset) => [Number(data[2 * offset]), Number(data[2 * offset + 1])]);
    return complexTexts(interleaved, options);
  }
  const values = offsets.map((offset) => data[offset]!);
  if (dtype === "bool") return boolTexts(values);
  if (dtype.startsWith("float") || dtype.startsWith("bfloat")) return floatTexts(values.map(Number), options);
  return integerTexts(values);
}

function appendSuffixes(text: string, suffixes: readonly string[], linewidth: number): string {
  let out = text;
  // PyTorch counts two columns more than the line has.
  let column = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > linewidth) {
      out += `,\n${" ".repeat(opening.length)}${suffix}`;
      column = opening.length + suffix.length;
    } else {
      out += `, ${suffix}`;
      column += suffix.length + 2;
    }
  }
  return `${out})`;
}
