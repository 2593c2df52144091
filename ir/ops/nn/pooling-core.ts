/** Windows of pooling operators: geometry, sums over windows with their adjoint, and maxima with their positions. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator, type GradientRequest } from "../../operator.ts";
import { elementCount, formatShape, type Shape } from "../../shape.ts";
import { axesBetween, lowestOf, perDimension, range } from "./support.ts";

export interface Pooling {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Positions along each spatial dimension. */
  readonly output: readonly number[];
  /** What surrounds the input so that windows of this size and stride are exactly `output` many; negative: cropped. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface PoolingArguments {
  readonly kernel_size: readonly number[];
  readonly stride: readonly number[] | null;
  readonly padding: readonly number[];
  readonly dilation?: readonly number[];
  readonly ceil_mode: boolean;
}

/** @throws ShapeError, ArgumentError when the window does not fit the input */
export function poolingOf(name: string, input: Node, rank: number, args: PoolingArguments): Pooling {
  const lead = input.shape.length - rank;
  const ranks = `${rank + 1}D or ${rank + 2}D (batch mode) tensor`;
  const expected = `Expected ${ranks} with optional 0 dim batch size for input, but got:${formatShape(input.shape)}`;
  // PyTorch's max_pool1d is a kernel of its own, with words of its own.
  const alone = name === "max_pool1d";
  const positive = (what: string, values: readonly number[]): string =>
    `${name}() ${what} must be greater than zero, but got ${values.join(", ")}`;
  if (lead < 1 || lead > 2)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: ${rank === 1 ? expected : `non-empty ${ranks} expected for input, but got:${formatShape(input.shape)}`}.`,
    );
  const kernel = perDimension(name, "kernel_size", args.kernel_size, rank);
  const stride =
    args.stride === null || args.stride.length === 0 ? kernel : perDimension(name, "stride", args.stride, rank);
  const padding = perDimension(name, "padding", args.padding, rank);
  const dilation = perDimension(name, "dilation", args.dilation ?? [1], rank);
  if (alone ? kernel.some((k) => k <= 0) : stride.every((s) => s > 0) && kernel.some((k) => k <= 0))
    throw new ArgumentError(
      `${name}/kernel`,
      alone
        ? positive("kernel_size", kernel)
        : `${name}: kernel size should be greater than zero, but got [${kernel.join(", ")}].`,
    );
  if (stride.some((s) => s <= 0))
    throw new ArgumentError(
      `${name}/stride`,
      alone ? positive("stride", stride) : `${name}: stride should not be zero, but got [${stride.join(", ")}].`,
    );
  if (dilation.some((d) => d <= 0))
    throw new ArgumentError(
      `${name}/dilation`,
      alone
        ? positive("dilation", dilation)
        : `${name}: dilation should be greater than zero, but got dilation [${dilation.join(", ")}].`,
    );
  if (padding.some((p) => p < 0))
    throw new ArgumentError(
      `${name}/padding`,
      `${name}: pad must be non-negative, but got pad: ${padding.find((p) => p < 0)}.`,
    );
  const wide = padding.findIndex((p, i) => p > ((kernel[i]! - 1) * dilation[i]! + 1) / 2);
  if (wide >= 0) {
    throw new ArgumentError(
      `${name}/padding`,
      `${name}: pad should be at most half of effective kernel size, but got pad=${padding[wide]}, kernel_size=${kernel[wide]} and dilation=${dilation[wide]}.`,
    );
  }
  if (input.shape.slice(1).includes(0) || (lead === 1 && input.shape.includes(0)))
    throw new ShapeError(
      `${name}/empty`,
      `${name}: ${rank === 3 ? `Expected input's non-batch dimensions to have positive length, but input has a shape of ${formatShape(input.shape)}` : expected}.`,
    );
  const sizes = input.shape.slice(lead);
  // Of three dimensions PyTorch refuses this of means alone, whatever the padding.
  if (rank === 3 && !name.startsWith("max") && sizes.some((size, i) => size < kernel[i]!))
    throw new ShapeError(
      `${name}/kernel`,
      `${name}: input image ${named("", sizes)} smaller than kernel size ${named("k", kernel)}.`,
    );
  // A line is an image of one row.
  const planes = (lengths: readonly number[]): string =>
    [input.shape[lead - 1], ...(rank === 1 ? [1] : []), ...lengths].join("x");
  const output = sizes.map((size, i) => {
    const span = size + 2 * padding[i]! - dilation[i]! * (kernel[i]! - 1) - 1;
    const count = (args.ceil_mode ? Math.ceil(span / stride[i]!) : Math.floor(span / stride[i]!)) + 1;
    // The last window must start inside the input or its left padding.
    return args.ceil_mode && (count - 1) * stride[i]! >= size + padding[i]! ? count - 1 : count;
  });
  if (output.some((count) => count < 1))
    throw new ShapeError(
      `${name}/size`,
      alone
        ? `max_pool1d() Invalid computed output size: ${output[0]}, for an input of size ${formatShape(input.shape)}.`
        : `${name}: Given input size: (${planes(sizes)}). Calculated output size: (${planes(output)}). Output size is too small.`,
    );
  const high = sizes.map(
    (size, i) => (output[i]! - 1) * stride[i]! + dilation[i]! * (kernel[i]! - 1) + 1 - padding[i]! - size,
  );
  return { kernel, stride, padding, dilation, output, low: padding, high };
}

const named = (prefix: string, lengths: readonly number[]): string =>
  `(${["T", "H", "W"].map((axis, i) => `${prefix}${axis}: ${lengths[i]}`).join(" ")})`;

const around = (lead: number, values: readonly number[]): number[] => [...new Array<number>(lead).fill(0), ...values];

interface WindowSumAttrs {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly interior: readonly number[];
}

/** Sums over windows of the padded input; the adjoint is again such a sum. */
const windowSum = defineOp({
  name: "window_sum",
  signature: "window_sum(Tensor input, int[] kernel, int[] stride, int[] low, int[] high, int[] interior) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "Sum over each window of the input padded with zeros.",
    shape: "[*, *S] -> [*, *positions]",
    source: "torch.nn.functional.avg_pool2d",
  },
  gradient: (g, request) => [windowSumGradient(g, request)],
  record(g, { input, kernel, stride, low, high, interior }) {
    const rank = kernel.length;
    const lead = input.shape.length - rank;
    const padded = g.pad(input, around(lead, low), around(lead, high), 0, around(lead, interior));
    const windows = g.window(
      padded,
      kernel,
      stride,
      kernel.map(() => 1),
    );
    const total = g.sum(windows, axesBetween(lead + rank, lead + 2 * rank));
    return g.reshape(total, total.shape.slice(0, lead + rank));
  },
});
export const sumWindows = (g: GraphBuilder, input: Node, attrs: WindowSumAttrs): Node =>
  recordOperator(g, windowSum, { input, ...attrs }, isNode) as Node;

function windowSumGradient(g: GraphBuilder, { inputs, attrs, grads }: GradientRequest): Node {
  const input = inputs[0]!;
  const grad = grads[0]!;
  const { kernel, stride, low, high, interior } = attrs as unknown as WindowSumAttrs;
  const rank = kernel.length;
  const lead = input.shape.length - rank;
  const total = input.shape
    .slice(lead)
    .map((size, i) => low[i]! + high[i]! + size + Math.max(0, size - 1) * interior[i]!);
  const apart = stride.every((s, i) => s === kernel[i]);
  const spread = apart
    ? repeatWindows(g, grad, kernel, lead)
    : sumWindows(g, grad, {
        kernel,
        stride: kernel.map(() => 1),
        low: kernel.map((k) => k - 1),
        high: total.map((size, i) => size - ((grad.shape[lead + i]! - 1) * stride[i]! + 1)),
        interior: stride.map((s) => s - 1),
      });
  // Undo the padding: what was cropped away gets zeros.
  const missing = total.map((size, i) => size - spread.shape[lead + i]!);
  const wide = g.pad(
    spread,
    around(
      lead,
      low.map((n) => Math.max(0, -n)),
    ),
    around(
      lead,
      high.map((n, i) => missing[i]! + Math.max(0, -n)),
    ),
    0,
  );
  return g.slice(
    wide,
    around(
      lead,
      low.map((n) => Math.max(0, n)),
    ),
    input.shape,
    [...new Array<number>(lead).fill(1), ...interior.map((n) => n + 1)],
  );
}

/** Each element repeated over a window of its own. */
export function repeatWindows(g: GraphBuilder, x: Node, kernel: readonly number[], lead: number): Node {
  const first = x.shape.slice(0, lead);
  const sizes = x.shape.slice(lead);
  const line = g.reshape(x, [...first, ...sizes.flatMap((size) => [size, 1])]);
  const repeated = g.expandTo(line, [...first, ...sizes.flatMap((size, i) => [size, kernel[i]!])]);
  return g.reshape(repeated, [...first, ...sizes.map((size, i) => size * kernel[i]!)]);
}

const maxPool = defineOp({
  name: "max_pool",
  signature: "max_pool(Tensor input, int[] kernel, int[] stride, int[] dilation, int[] low, int[] high) -> Tensor[2]",
  places: [],
  composite: true,
  onnx: "MaxPool",
  doc: {
    summary: "Maximum of each window, with its position in the window, row-major.",
    shape: "[*, *S] -> [*, *positions], int32[*, *positions]",
    source: "torch.nn.functional.max_pool2d",
  },
  gradient: (g, request) => [maxPoolGradient(g, request)],
  record(g, { input, kernel, stride, dilation, low, high }) {
    const rank = kernel.length;
    const lead = input.shape.length - rank;
    const padded = g.pad(input, around(lead, low), around(lead, high), lowestOf(input.dtype));
    const windows = g.window(padded, kernel, stride, dilation);
    const shape = windows.shape.slice(0, lead + rank);
    const flat = g.reshape(windows, [...shape, elementCount(kernel)]);
    const last = lead + rank;
    return [
      g.reshape(g.reduce("reduce_max", flat, [last]), shape),
      g.reshape(g.cast(g.argReduce("argmax", flat, last), "int32"), shape),
    ];
  },
});

function maxPoolGradient(g: GraphBuilder, { inputs, outputs, attrs, grads }: GradientRequest): Node | null {
  const input = inputs[0]!;
  if (!grads[0]) return null;
  const grad = g.restingOn(grads[0], input);
  const { kernel, stride, dilation, low, high } = attrs as unknown as Omit<Pooling, "output" | "padding">;
  const lead = input.shape.length - kernel.length;
  const positions = outputs[1]!;
  const apart =
    stride.every((s, i) => s === kernel[i]) &&
    dilation.every((d) => d === 1) &&
    low.every((n) => n === 0) &&
    high.every((n) => n <= 0);
  if (apart) {
    // Windows side by side: every element looks at its own window's position; nothing is scattered.
    const own = kernel.length;
    const place = g.reshape(
      g.iota(elementCount(kernel), "int32"),
      kernel.flatMap((k) => [1, k]),
    );
    const spread = (x: Node): Node =>
      g.reshape(x, [...x.shape.slice(0, lead), ...x.shape.slice(lead).flatMap((size) => [size, 1])]);
    const routed = g.where(g.eq(spread(positions), place), spread(grad), 0);
    const sizes = range(own).map((i) => grad.shape[lead + i]! * kernel[i]!);
    return g.pad(
      g.reshape(routed, [...input.shape.slice(0, lead), ...sizes]),
      around(lead, low),
      around(
        lead,
        high.map((n) => -n),
      ),
      0,
    );
  }
  const sizes = input.shape.slice(lead);
  const places = placesOf(g, positions, lead, { kernel, stride, dilation, low });
  let values = grad;
  places.forEach((place, i) => {
    // Windows with holes may have nothing but padding: they give no gradient to anybody.
    if (dilation[i]! > 1 && low[i]! > 0) values = g.where(g.reshape(g.lt(place, sizes[i]!), grad.shape), values, 0);
  });
  return scatterFlat(g, input, values, rowMajor(g, places, sizes, grad.shape), lead);
}

/** Adds values into zeros of the input's shape at row-major positions of its spatial dimensions. */
export function scatterFlat(g: GraphBuilder, input: Node, values: Node, positions: Node, lead: number): Node {
  const rows = elementCount(input.shape.slice(0, lead));
  const area = elementCount(input.shape.slice(lead));
  const count = rows === 0 ? 0 : elementCount(values.shape) / rows;
  const zeros = g.full([rows, area], 0, values.dtype);
  return g.reshape(
    g.scatterAlong("add", zeros, g.reshape(values, [rows, count]), 1, g.reshape(positions, [rows, count])),
    input.shape,
  );
}

/**
 * Where in the input positions in windows are, along each dimension: in the shape that a window's reduction leaves, and so
 * computed where that is.
 */
function placesOf(
  g: GraphBuilder,
  positions: Node,
  lead: number,
  { kernel, stride, dilation, low }: Pick<Pooling, "kernel" | "stride" | "dilation" | "low">,
): Node[] {
  const inWindow = g.reshape(positions, [...positions.shape, 1]);
  return kernel.map((k, i) => {
    const inner = elementCount(kernel.slice(i + 1));
    const lines = g.div(inWindow, inner);
    const offset = i === 0 ? lines : g.binary("rem", lines, k);
    const start = g.sub(g.mul(g.iotaAlong(inWindow.shape, lead + i, "int32"), stride[i]!), low[i]!);
    return behindPadding(g, g.add(start, g.mul(offset, dilation[i]!)), dilation[i]!, low[i]!);
  });
}

/** Places along each dimension as row-major positions: int32, which holds those of any plane in memory. */
function rowMajor(g: GraphBuilder, places: readonly Node[], sizes: readonly number[], shape: Shape): Node {
  const flat = places.reduce((before, place, i) => g.add(g.mul(before, sizes[i]!), place));
  return g.reshape(flat, shape);
}

/** Where all of a window is -inf, as its padding is, its maximum is the first that is no padding. */
function behindPadding(g: GraphBuilder, along: Node, dilation: number, low: number): Node {
  if (low <= 0) return along;
  const before = g.binary("max", g.neg(along), 0);
  return g.add(along, dilation === 1 ? before : g.mul(g.div(g.add(before, dilation - 1), dilation), dilation));
}

/** The maximum of each window and, when asked for, its row-major position in the input. */
export function maximumPool(g: GraphBuilder, input: Node, pooling: Pooling): { values: Node; positions: () => Node } {
  const { kernel, stride, dilation, low, high } = pooling;
  const [values, inWindow] = recordOperator(
    g,
    maxPool,
    { input, kernel, stride, dilation, low, high },
    isNode,
  ) as readonly [Node, Node];
  const lead = input.shape.length - kernel.length;
  return {
    values,
    positions: () => {
      const places = placesOf(g, inWindow, lead, pooling);
      return g.cast(rowMajor(g, places, input.shape.slice(lead), values.shape), "int64");
    },
  };
}
