/** Padding of the last dimensions with a constant, or with the input's own elements. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import type { ScalarArgument } from "../../signature.ts";
import { describe } from "../support.ts";
import { filler as numberOf } from "../fitting.ts";

/** Before and after each dimension, from the list that starts at the last dimension. */
function amounts(name: string, input: Node, pad: readonly number[]): { low: number[]; high: number[] } {
  const rank = input.shape.length;
  if (pad.length % 2 !== 0)
    throw new ArgumentError(`${name}/odd`, `${name}: Padding length must be divisible by 2, got ${formatShape(pad)}.`);
  if (pad.length / 2 > rank)
    throw new ArgumentError(
      `${name}/length`,
      `${name}: Padding length should be less than or equal to two times the input dimension but got padding length ${pad.length} and input of dimension ${rank}.`,
    );
  const low = new Array<number>(rank).fill(0);
  const high = new Array<number>(rank).fill(0);
  for (let i = 0; i < pad.length / 2; i++) {
    low[rank - 1 - i] = pad[2 * i]!;
    high[rank - 1 - i] = pad[2 * i + 1]!;
  }
  const size = input.shape.map((length, i) => length + low[i]! + high[i]!);
  if (size.some((length) => length < 0))
    throw new ShapeError(
      `${name}/negative`,
      `${name}: The input size ${formatShape(input.shape)}, plus negative padding ${formatShape(pad)}, resulted in a negative output size, which is invalid.`,
    );
  return { low, high };
}

/** The elements start ... start + size - 1 (or backwards from start) along an axis. */
const piece = (g: GraphBuilder, x: Node, axis: number, start: number, size: number, backwards: boolean): Node =>
  g.sliceAxis(x, axis, start, size, backwards ? -1 : 1);

/** Pads one axis with the input's own elements. */
function extended(g: GraphBuilder, mode: string, x: Node, axis: number, low: number, high: number): Node {
  const size = x.shape[axis]!;
  const cropLow = Math.max(0, -low);
  const cropHigh = Math.max(0, -high);
  const middle = g.sliceAxis(x, axis, cropLow, size - cropLow - cropHigh);
  const [before, after] = [Math.max(0, low), Math.max(0, high)];
  const parts: Node[] = [];
  const edge = (at: number, count: number): Node =>
    g.expandTo(
      g.sliceAxis(x, axis, at, 1),
      x.shape.map((n, i) => (i === axis ? count : n)),
    );
  if (before > 0) {
    parts.push(
      mode === "replicate"
        ? edge(0, before)
        : mode === "reflect"
          ? piece(g, x, axis, before, before, true)
          : piece(g, x, axis, size - cropHigh - before, before, false),
    );
  }
  parts.push(middle);
  if (after > 0) {
    parts.push(
      mode === "replicate"
        ? edge(size - 1, after)
        : mode === "reflect"
          ? piece(g, x, axis, size - 2, after, true)
          : piece(g, x, axis, cropLow, after, false),
    );
  }
  return g.concat(parts, axis);
}

export function padded(
  g: GraphBuilder,
  input: Node,
  pad: readonly number[],
  mode: string,
  value: ScalarArgument | number | null,
): Node {
  const { low, high } = amounts("pad", input, pad);
  if (mode === "constant") {
    const filler = value === null ? 0 : typeof value === "number" ? value : numberOf(g, "pad", value, input.dtype);
    return g.pad(input, low, high, filler);
  }
  if (mode !== "reflect" && mode !== "replicate" && mode !== "circular")
    throw new ArgumentError(
      "pad/mode",
      `pad: Unrecognised padding mode ${mode}.`,
      "Use 'constant', 'reflect', 'replicate' or 'circular'.",
    );
  if (value !== null && typeof value !== "number" && Number(value.value) !== 0)
    throw new ArgumentError("pad/value", `pad: Padding mode '${mode}' doesn't take in value argument.`);
  const count = pad.length / 2;
  const rank = input.shape.length;
  if (rank !== count + 1 && rank !== count + 2)
    throw new ArgumentError(
      "pad/rank",
      `pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: padding of length ${pad.length} needs ${count + 1} or ${count + 2} dimensions, got ${describe(input)}.`,
    );
  let result = input;
  for (let i = 0; i < count; i++) {
    const axis = rank - 1 - i;
    const size = input.shape[axis]!;
    const widest = Math.max(low[axis]!, high[axis]!);
    if (mode === "reflect" && widest >= size)
      throw new ShapeError(
        "pad/reflect",
        `pad: Padding size should be less than the corresponding input dimension, but got: padding (${low[axis]}, ${high[axis]}) at dimension ${axis} of input ${formatShape(input.shape)}.`,
      );
    if (mode === "circular" && widest > size)
      throw new ShapeError("pad/circular", "pad: Padding value causes wrapping around more than once.");
    if (size === 0)
      throw new ShapeError("pad/empty", `pad: Expected input with non-zero sizes, got ${describe(input)}.`);
    result = extended(g, mode, result, axis, low[axis]!, high[axis]!);
  }
  return result;
}

export const pad = defineOp({
  name: "pad",
  signature:
    "pad(Tensor input, int[] pad, 'constant'|'reflect'|'replicate'|'circular' mode='constant', Scalar? value=None) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary:
      "Pads (or with negative amounts crops) the last dimensions: [before, after] of the last, then of the one before it, and so on.",
    shape: "[*] -> [*]",
    source: "torch.nn.functional.pad",
  },
  gradient: "through decomposition",
  record: (g, args) => padded(g, args.input, args.pad, args.mode, args.value),
});

export const constantPadNd = defineOp({
  name: "constant_pad_nd",
  signature: "constant_pad_nd(Tensor input, int[] pad, Scalar value=0) -> Tensor",
  places: ["torch"],
  doc: { summary: "pad with a constant.", shape: "[*] -> [*]", source: "torch.nn.functional.pad" },
  gradient: "through decomposition",
  record: (g, args) => padded(g, args.input, args.pad, "constant", args.value),
});

const stepOfMode: Readonly<Record<string, string>> = { reflect: "reflection_pad", replicate: "replication_pad" };

nameSteps(
  {},
  {
    pad: ({ mode, pad }) =>
      mode === "constant"
        ? "constant_pad_nd"
        : Object.hasOwn(stepOfMode, String(mode))
          ? `${stepOfMode[String(mode)]!}${(pad as unknown[]).length / 2}d`
          : "CopySlices",
  },
);
