/** The Fourier transform of one line: Stockham's method, a stage for each factor of the length, in natural order. */
import { radicesOf } from "../../../ir/routines/radices.ts";
import type { Expr } from "../../../ir/loop.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";

/** Real and imaginary part. */
type Complex = readonly [re: Expr, im: Expr];
type Line = readonly [re: Elements, im: Elements];

const plus = (a: Complex, b: Complex): Complex => [add(a[0], b[0]), add(a[1], b[1])];
const minus = (a: Complex, b: Complex): Complex => [sub(a[0], b[0]), sub(a[1], b[1])];
/** Times -i. */
const turned = ([re, im]: Complex): Complex => [im, neg(re)];
/** Times cosine - i sine. */
const rotated = ([re, im]: Complex, cosine: Expr | number, sine: Expr | number): Complex => [
  add(mul(re, cosine), mul(im, sine)),
  sub(mul(im, cosine), mul(re, sine)),
];

export function fft(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const line = (): Line => [code.scratch([n]), code.scratch([n])];
  const [results, cosines, sines] = [[code.result(0), code.result(1)] as const, code.scratch([n]), code.scratch([n])];
  code.copy(2, cosines);
  code.copy(3, sines);
  let [from, to] = [line(), line()];
  code.copy(0, from[0]);
  code.copy(1, from[1]);
  let stride = 1;
  for (const radix of radicesOf(n)!) {
    stage(code, from, to, radix, stride, [cosines, sines]);
    stride *= radix;
    [from, to] = [to, from];
  }
  results.forEach((result, part) => code.for(0, n, (k) => result.set(k, from[part]!.get(k))));
}

/** `stride` transforms, interleaved, of what is left of the length: the butterflies of one factor. */
function stage(code: RoutineCode, from: Line, to: Line, radix: number, stride: number, [cosines, sines]: Line): void {
  const groups = from[0].shape[0]! / (radix * stride);
  code.for(0, groups, (p) => {
    const twiddles = Array.from({ length: radix }, (_, v) =>
      v === 0 ? null : ([cosines, sines] as const).map((table) => code.hold(table.get(mul(p, stride * v)))),
    );
    code.for(0, stride, (q) => {
      const inputs = Array.from({ length: radix }, (_, u): Complex => {
        const place = add(q, mul(add(p, groups * u), stride));
        return [code.hold(from[0].get(place)), code.hold(from[1].get(place))];
      });
      butterfly(code, inputs).forEach((value, v) => {
        const place = code.hold(add(q, mul(add(mul(p, radix), v), stride)));
        const twiddle = twiddles[v];
        const [re, im] = twiddle ? rotated(value, twiddle[0]!, twiddle[1]!) : value;
        to[0].set(place, re);
        to[1].set(place, im);
      });
    });
  });
}

/** The transform of a few values. */
function butterfly(code: RoutineCode, x: readonly Complex[]): readonly Complex[] {
  const held = ([re, im]: Complex): Complex => [code.hold(re), code.hold(im)];
  const radix = x.length;
  if (radix === 2) return [held(plus(x[0]!, x[1]!)), held(minus(x[0]!, x[1]!))];
  if (radix === 4) {
    const [a, b] = [held(plus(x[0]!, x[2]!)), held(minus(x[0]!, x[2]!))];
    const [c, d] = [held(plus(x[1]!, x[3]!)), held(turned(minus(x[1]!, x[3]!)))];
    return [plus(a, c), plus(b, d), minus(a, c), minus(b, d)].map(held);
  }
  // Odd: outputs v and radix - v share the sums and differences of inputs u and radix - u.
  const half = (radix - 1) / 2;
  const pairs = Array.from({ length: half }, (_, i): readonly [Complex, Complex] => [
    held(plus(x[i + 1]!, x[radix - 1 - i]!)),
    held(turned(minus(x[i + 1]!, x[radix - 1 - i]!))),
  ]);
  const outputs: Complex[] = [held(pairs.reduce((total, [sum]) => plus(total, sum), x[0]!))];
  for (let v = 1; v <= half; v++) {
    let [even, odd]: [Complex, Complex | null] = [x[0]!, null];
    pairs.forEach(([sum, difference], i) => {
      const angle = (2 * Math.PI * (((i + 1) * v) % radix)) / radix;
      even = plus(even, [mul(sum[0], Math.cos(angle)), mul(sum[1], Math.cos(angle))]);
      const part: Complex = [mul(difference[0], Math.sin(angle)), mul(difference[1], Math.sin(angle))];
      odd = odd === null ? part : plus(odd, part);
    });
    const [e, o] = [held(even), held(odd!)];
    outputs[v] = held(plus(e, o));
    outputs[radix - v] = held(minus(e, o));
  }
  return outputs;
}
