/**
 * The discrete Fourier transform along the last axis, of any length: lengths of small prime factors by the routine, the
 * others as a convolution with a chirp (Bluestein), which takes three transforms of such a length. O(n log n) always.
 */
import "../../complex/primitives.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Parts } from "../../complex/parts.ts";
import { ofParts, partsOf, timesParts } from "../../complex/parts.ts";
import type { DType } from "../../dtype.ts";
import { isNode, type Node } from "../../graph.ts";
import { defineOp, recordOperator, type Operator } from "../../operator.ts";
import { recordRoutine } from "../../routines/index.ts";
import { radicesOf } from "../../routines/radices.ts";
import { elementCount } from "../../shape.ts";

/**
 * Cosine and sine of 2 pi k / n for whole k in [0, n): exact in integers down to an eighth of a turn, so that no angle
 * is rounded where it is large.
 */
function turns(g: GraphBuilder, k: Node, n: number, dtype: DType): Parts {
  const literal = (value: number): number | bigint => (k.dtype === "int64" ? BigInt(value) : value);
  const eighths = g.mul(k, literal(8));
  const below = g.gt(eighths, literal(4 * n));
  const half = g.where(below, g.sub(literal(8 * n), eighths), eighths);
  const left = g.gt(half, literal(2 * n));
  const quarter = g.where(left, g.sub(literal(4 * n), half), half);
  const steep = g.gt(quarter, literal(n));
  const eighth = g.where(steep, g.sub(literal(2 * n), quarter), quarter);
  const angle = g.mul(g.cast(eighth, dtype), Math.PI / (4 * n));
  const [cosine, sine] = [g.unary("cos", angle), g.unary("sin", angle)];
  const x = g.where(steep, sine, cosine);
  const y = g.where(steep, cosine, sine);
  return [g.where(left, g.neg(x), x), g.where(below, g.neg(y), y)];
}

/** Whether products of whole numbers up to n stay in 32 bits. */
const countsIn32 = (n: number): boolean => n < 2 ** 15;

/** By the routine: sum over j of x[j] exp(-2 pi i j k / n). */
function byRoutine(g: GraphBuilder, [re, im]: Parts): Parts {
  const n = re.shape.at(-1)!;
  if (n === 1) return [re, im];
  const tables = turns(g, g.iota(n, "int64"), n, re.dtype).map((table) => g.expandTo(table, re.shape));
  return recordRoutine(g, { name: "fft" }, [re, im, ...tables]) as [Node, Node];
}

/** The shortest length from `least` on that the routine takes. */
function lengthFrom(least: number): number {
  let n = least;
  while (radicesOf(n) === null) n++;
  return n;
}

/** x[k] w[k] convolved with 1 / w, times w, where w[k] = exp(-pi i k^2 / n). */
function byChirp(g: GraphBuilder, x: Parts): Parts {
  const n = x[0].shape.at(-1)!;
  const { dtype, shape } = x[0];
  const m = lengthFrom(2 * n - 1);
  const k = g.iota(n, countsIn32(n) ? "int32" : "int64");
  const squares = g.binary("rem", g.mul(k, k), g.full([], k.dtype === "int64" ? BigInt(2 * n) : 2 * n, k.dtype));
  const [cosine, sine] = turns(g, squares, 2 * n, dtype);
  const chirp: Parts = [cosine, g.neg(sine)];
  const padded = (part: Node, to: number): Node =>
    g.pad(
      part,
      part.shape.map(() => 0),
      part.shape.map((_, axis) => (axis === part.shape.length - 1 ? to - n : 0)),
      0,
    );
  // Symmetric: 1 / w at k stands at m - k, too.
  const around = (part: Node): Node => {
    const mirrored = g.flip(g.sliceAxis(part, 0, 1, n - 1), [0]);
    return g.concat([padded(part, m - n + 1), mirrored], 0);
  };
  const kernel = byRoutine(g, [around(cosine), around(sine)]);
  const scaled = timesParts(g, x, chirp);
  const spectrum = byRoutine(g, [padded(scaled[0], m), padded(scaled[1], m)]);
  // Back again: the inverse is the transform with the parts exchanged.
  const [im, re] = byRoutine(g, swapped(timesParts(g, spectrum, kernel)));
  const kept = (part: Node): Node =>
    g.div(
      g.slice(
        part,
        shape.map(() => 0),
        shape,
      ),
      m,
    );
  return timesParts(g, [kept(re), kept(im)], chirp);
}
const swapped = ([re, im]: Parts): Parts => [im, re];

const transform: Operator = defineOp({
  name: "fourier_transform",
  signature: "fourier_transform(Tensor input, bool inverse) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "The discrete Fourier transform along the last dimension, without a factor; inverse turns the other way.",
    shape: "[*, n] -> [*, n]",
    source: "torch.fft.fft",
  },
  complexGradient: "own",
  // Linear: the adjoint is the transform in the other direction.
  gradient: (g, { attrs, grads: [grad] }) => [grad ? fourier(g, grad, attrs["inverse"] !== true) : null],
  record(g, { input, inverse }) {
    if (elementCount(input.shape) === 0) return input;
    const parts = partsOf(g, input);
    const given = inverse ? swapped(parts) : parts;
    const found = (radicesOf(input.shape.at(-1)!) === null ? byChirp : byRoutine)(g, given);
    return ofParts(g, inverse ? swapped(found) : found);
  },
});

/** Along the last axis: sum over j of z[j] exp(-2 pi i j k / n), with the other sign for the inverse; no factor. */
export const fourier = (g: GraphBuilder, z: Node, inverse: boolean): Node =>
  recordOperator(g, transform, { input: z, inverse }, isNode) as Node;
