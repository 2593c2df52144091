/** `torch.fft`: Fourier transforms of complex, real and Hermitian data, along one dimension or several. */
import { isComplex } from "../../dtype.ts";
import { nameSteps, when, type StepRule } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { conjugate } from "../../complex/parts.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount } from "../../shape.ts";
import { axisOf, describe, range } from "../support.ts";
import {
  asComplex,
  asReal,
  checkLength,
  dimensionOf,
  dimensionsOf,
  factorOf,
  normOf,
  requireAxes,
  resized,
  resizedAll,
  scaled,
  transformed,
  type Dimensions,
} from "./lines.ts";
import { spectrumsType } from "../out-types.ts";

/** Real values to the half of their spectrum that says all: the other one mirrors it. */
const halved = (g: GraphBuilder, x: Node, axis: number): Node => {
  const n = x.shape[axis]!;
  return g.sliceAxis(transformed(g, x, axis, false), axis, 0, Math.floor(n / 2) + 1);
};

/**
 * Half a spectrum to the n real values behind it: the real part of the inverse transform, in which what stands for its
 * mirror image, too, counts twice.
 */
function unhalved(g: GraphBuilder, z: Node, axis: number, n: number): Node {
  const half = resized(g, z, axis, Math.floor(n / 2) + 1);
  const position = g.iotaAlong(half.shape, axis, "int32");
  const single = g.or(g.eq(position, 0), g.eq(g.mul(position, 2), n));
  const doubled = g.where(single, half, g.mul(half, 2));
  return g.real(transformed(g, resized(g, doubled, axis, n), axis, true));
}

interface Direction {
  /** The exponent's sign is positive. */
  readonly inverse: boolean;
}

function complexAlong(
  g: GraphBuilder,
  name: string,
  input: Node,
  { axes, lengths }: Dimensions,
  norm: string | null,
  { inverse }: Direction,
): Node {
  let z = resizedAll(g, asComplex(g, name, input), { axes, lengths });
  const count = elementCount(axes.map((axis) => z.shape[axis]!));
  for (const axis of [...axes].reverse()) z = transformed(g, z, axis, inverse);
  return scaled(g, z, factorOf(normOf(name, norm), count, inverse));
}

/** Real values to half a spectrum: the last axis first, then the others. */
function fromReal(
  g: GraphBuilder,
  name: string,
  input: Node,
  { axes, lengths }: Dimensions,
  norm: string | null,
  { inverse }: Direction,
): Node {
  requireAxes(name, axes);
  const x = resizedAll(g, asReal(g, name, input), { axes, lengths });
  const count = elementCount(axes.map((axis) => x.shape[axis]!));
  const half = halved(g, asComplex(g, name, x), axes.at(-1)!);
  let z = inverse ? conjugate(g, half) : half;
  for (const axis of axes.slice(0, -1).reverse()) z = transformed(g, z, axis, inverse);
  return scaled(g, z, factorOf(normOf(name, norm), count, inverse));
}

/** Half a spectrum to real values: the last axis comes last. `inverse`: the usual direction, back from rfft. */
function toReal(
  g: GraphBuilder,
  name: string,
  input: Node,
  { axes, lengths }: Dimensions,
  norm: string | null,
  { inverse }: Direction,
): Node {
  requireAxes(name, axes);
  const last = axes.at(-1)!;
  const z = asComplex(g, name, input);
  const n = checkLength(name, lengths.at(-1) ?? 2 * (z.shape[last]! - 1));
  let half = resizedAll(g, z, { axes: axes.slice(0, -1), lengths });
  for (const axis of axes.slice(0, -1)) half = transformed(g, half, axis, inverse);
  const x = unhalved(g, inverse ? half : conjugate(g, half), last, n);
  const count = elementCount(axes.map((axis) => x.shape[axis]!));
  return scaled(g, x, factorOf(normOf(name, norm), count, inverse));
}

type Form = typeof complexAlong;

/** What is transformed lies inside of what is not: of half a spectrum its axis innermost, or outermost where it is made last. */
function orderAlong(
  form: Form,
  inverse: boolean,
  axes: readonly number[],
  order: readonly number[],
): readonly number[] {
  const last = form === complexAlong ? undefined : axes.at(-1);
  const batch = order.filter((axis) => !axes.includes(axis));
  const others = order.filter((axis) => axes.includes(axis) && axis !== last);
  if (last === undefined) return [...batch, ...others];
  return form === fromReal && inverse ? [...batch, last, ...others] : [...batch, ...others, last];
}

const families: readonly (readonly [base: string, form: Form, inverse: boolean, summary: string, shape: string])[] = [
  ["fft", complexAlong, false, "The discrete Fourier transform", "[*, n, *] -> [*, n, *]"],
  ["ifft", complexAlong, true, "The inverse of the discrete Fourier transform", "[*, n, *] -> [*, n, *]"],
  ["rfft", fromReal, false, "The first half of the Fourier transform of real values", "[*, n, *] -> [*, n / 2 + 1, *]"],
  [
    "irfft",
    toReal,
    true,
    "The real values with this half of their Fourier transform",
    "[*, m, *] -> [*, 2 (m - 1), *]",
  ],
  [
    "hfft",
    toReal,
    false,
    "The real Fourier transform of Hermitian values, given their first half",
    "[*, m, *] -> [*, 2 (m - 1), *]",
  ],
  ["ihfft", fromReal, true, "The first half of the inverse transform of real values", "[*, n, *] -> [*, n / 2 + 1, *]"],
];

for (const [base, form, inverse, summary, shape] of families) {
  const one = `fft_${base}`;
  defineOp({
    name: one,
    signature:
      `${one}(Tensor input, int? n=None, int dim=-1, 'forward'|'backward'|'ortho'? norm=None) -> Tensor` as "fft(Tensor input, int? n=None, int dim=-1, 'forward'|'backward'|'ortho'? norm=None) -> Tensor",
    places: ["fft"],
    out: spectrumsType(base),
    doc: {
      summary: `${summary} along dim, which is cut or filled up with zeros to n.`,
      shape,
      source: `torch.fft.${base}`,
    },
    gradient: "through decomposition",
    layout({ input, n, dim }, _, orderOf) {
      const { axes } = dimensionOf(`fft.${base}`, input, n, dim);
      return [orderAlong(form, inverse, axes, orderOf(input) ?? range(input.shape.length))];
    },
    record(g, { input, n, dim, norm }) {
      const name = `fft.${base}`;
      return form(g, name, input, dimensionOf(name, input, n, dim), norm, { inverse });
    },
  });
  for (const [suffix, dims] of [
    ["2", "int[] dim=[-2;-1]"],
    ["n", "int[]? dim=None"],
  ] as const) {
    const several = `${one}${suffix}`;
    defineOp({
      name: several,
      signature:
        `${several}(Tensor input, int[]? s=None, ${dims}, 'forward'|'backward'|'ortho'? norm=None) -> Tensor` as "fftn(Tensor input, int[]? s=None, int[]? dim=None, 'forward'|'backward'|'ortho'? norm=None) -> Tensor",
      places: ["fft"],
      out: spectrumsType(`${base}n`),
      doc: {
        summary: `${summary} along ${suffix === "2" ? "two dimensions" : "several dimensions (all, or the last of s)"}, brought to the sizes s.`,
        shape: shape.replaceAll(", n", ", n1, n2").replaceAll(", m", ", n1, m"),
        source: `torch.fft.${base}${suffix}`,
      },
      gradient: "through decomposition",
      layout({ input, s, dim }, _, orderOf) {
        const { axes } = dimensionsOf(`fft.${base}${suffix}`, input, s, dim);
        return [orderAlong(form, inverse, axes, orderOf(input) ?? range(input.shape.length))];
      },
      record: (g, { input, s, dim, norm }) =>
        form(g, `fft.${base}${suffix}`, input, dimensionsOf(`fft.${base}${suffix}`, input, s, dim), norm, { inverse }),
    });
  }
}

for (const [name, back] of [
  ["fftshift", false],
  ["ifftshift", true],
] as const) {
  defineOp({
    name: `fft_${name}`,
    signature:
      `fft_${name}(Tensor input, int[]? dim=None) -> Tensor` as "shift(Tensor input, int[]? dim=None) -> Tensor",
    places: ["fft"],
    doc: {
      summary: back
        ? "The frequency zero moved from the middle of dim to its start."
        : "The frequency zero moved from the start of dim to its middle.",
      shape: "[*] -> [*]",
      source: `torch.fft.${name}`,
    },
    gradient: "through decomposition",
    record(g, { input, dim }) {
      const rank = input.shape.length;
      const axes = dim === null ? range(rank) : dim.map((item) => axisOf(`fft.${name}`, item, rank));
      if (axes.length === 0)
        throw new ArgumentError(`fft.${name}/dim`, `fft.${name}: \`shifts\` required: ${describe(input)} has no dim.`);
      return axes.reduce((x, axis) => {
        const half = x.shape[axis]! / 2;
        const split = back ? Math.floor(half) : Math.ceil(half);
        const size = x.shape[axis]!;
        return g.concat([g.sliceAxis(x, axis, split, size - split), g.sliceAxis(x, axis, 0, split)], axis);
      }, input);
    },
  });
}

const transform: StepRule = when(({ input }) => isComplex((input as Node).dtype), "fft_c2c", "fft_r2c");

nameSteps(
  {
    fft_fft2: "fft_c2c",
    fft_fftn: "fft_c2c",
    fft_ifft2: "fft_c2c",
    fft_ifftn: "fft_c2c",
    fft_hfft: "fft_c2r",
    fft_hfft2: "fft_c2r",
    fft_hfftn: "fft_c2r",
    fft_irfft: "fft_c2r",
    fft_irfft2: "fft_c2r",
    fft_irfftn: "fft_c2r",
    fft_rfft: "fft_r2c",
    fft_rfft2: "fft_r2c",
    fft_rfftn: "fft_r2c",
    fft_fftshift: "roll",
    fft_ifftshift: "roll",
  },
  {
    fft_fft: transform,
    fft_ifft: transform,
  },
);
