/** The text of the special functions that JavaScript lacks, over the series of codegen/math. */
import { erfcSeries, erfSeries } from "../math/float64-error-function.ts";
import {
  digammaRoot,
  digammaRootRest,
  digammaSeries,
  digammaTail,
  halfLogOfTwoPi,
  lgammaSeries,
  stirlingSeries,
} from "../math/float64-gamma.ts";

export interface LibraryFunction {
  readonly source: string;
  /** Names in the library that the source mentions. */
  readonly needs?: readonly string[];
}

const table = (name: string, values: readonly number[]): LibraryFunction => ({
  source: `const ${name} = ${JSON.stringify(values)};`,
});

/** What only other functions mention. */
export const specialSupport: Readonly<Record<string, LibraryFunction>> = {
  erfSeries: table("erfSeries", erfSeries),
  erfcSeries: table("erfcSeries", erfcSeries),
  lgammaSeries: table("lgammaSeries", lgammaSeries),
  digammaSeries: table("digammaSeries", digammaSeries),
  stirlingSeries: table("stirlingSeries", stirlingSeries),
  digammaTail: table("digammaTail", digammaTail),
  chebyshev: {
    source: `function chebyshev(coefficients, t) {
  let next = 0, afterNext = 0;
  for (let index = coefficients.length - 1; index > 0; index--) {
    const current = 2 * t * next - afterNext + coefficients[index];
    afterNext = next;
    next = current;
  }
  return t * next - afterNext + (coefficients[0] ?? 0);
}`,
  },
  horner: {
    source:
      "const horner = (coefficients, x) => coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);",
  },
  expOfMinusSquare: {
    source: `function expOfMinusSquare(x) {
  const head = Math.fround(x);
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}`,
  },
  scaledErfc: {
    needs: ["chebyshev", "erfcSeries"],
    source: `function scaledErfc(x) {
  if (x === Infinity) return 0;
  const t = ((x - 3) / (x + 3) + 5 / 7) * (7 / 6) - 1;
  return chebyshev(erfcSeries, t) / (1 + 2 * x);
}`,
  },
  roughInverse: {
    source: `function roughInverse(complement) {
  if (complement < 1e-4) {
    const logarithm = -Math.log(complement);
    return Math.sqrt(logarithm - Math.log(Math.PI * logarithm) / 2);
  }
  const logarithm = Math.log(complement * (2 - complement));
  const half = 2 / (Math.PI * 0.147) + logarithm / 2;
  return Math.sqrt(Math.sqrt(half * half - logarithm / 0.147) - half);
}`,
  },
  invertErf: {
    needs: ["roughInverse", "expOfMinusSquare", "scaledErfc", "erf"],
    source: `function invertErf(y, complement) {
  let x = roughInverse(complement);
  for (let step = 0; step < 3; step++) {
    const scale = expOfMinusSquare(x);
    const residual = complement < 0.4 ? complement / scale - scaledErfc(x) : (erf(x) - y) / scale;
    const newton = residual * (Math.sqrt(Math.PI) / 2);
    x -= newton / (1 + x * newton);
  }
  return x;
}`,
  },
  sinPi: {
    source: `function sinPi(x) {
  const r = x - 2 * Math.round(x / 2);
  return Math.abs(r) <= 0.25 ? Math.sin(Math.PI * r) : Math.sign(r) * Math.cos(Math.PI * (Math.abs(r) - 0.5));
}`,
  },
  lgamma1p: {
    needs: ["chebyshev", "lgammaSeries"],
    source: "const lgamma1p = (x) => x * (x - 1) * chebyshev(lgammaSeries, x - 1);",
  },
};

export const specialFunctions = {
  erf: {
    needs: ["chebyshev", "erfSeries", "expOfMinusSquare", "scaledErfc"],
    source: `function erf(x) {
  const magnitude = Math.abs(x);
  if (magnitude <= 1) return x * chebyshev(erfSeries, 2 * x * x - 1);
  const value = magnitude > 6 ? 1 : 1 - expOfMinusSquare(magnitude) * scaledErfc(magnitude);
  return Number.isNaN(x) ? NaN : Math.sign(x) * value;
}`,
  },
  erfc: {
    needs: ["erf", "expOfMinusSquare", "scaledErfc"],
    source: `function erfc(x) {
  if (x < 0.5) return x < -6 ? 2 : 1 - erf(x);
  if (Number.isNaN(x)) return NaN;
  return x > 28 ? 0 : expOfMinusSquare(x) * scaledErfc(x);
}`,
  },
  erfinv: {
    needs: ["invertErf"],
    source: `function erfinv(y) {
  const magnitude = Math.abs(y);
  if (!(magnitude <= 1)) return NaN;
  if (magnitude === 1) return y * Infinity;
  if (magnitude < 1e-9) return y * (Math.sqrt(Math.PI) / 2);
  return Math.sign(y) * invertErf(magnitude, 1 - magnitude);
}`,
  },
  lgamma: {
    needs: ["chebyshev", "horner", "lgamma1p", "lgammaSeries", "sinPi", "stirlingSeries"],
    source: `function lgamma(x) {
  if (Number.isNaN(x)) return NaN;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    if (x > -1e-20) return -Math.log(-x);
    return Math.log(Math.PI / Math.abs(x * sinPi(x))) - lgamma(-x);
  }
  if (x < 1) return x < 1e-20 ? -Math.log(x) : lgamma1p(x) - Math.log(x);
  if (x <= 3) return (x - 1) * (x - 2) * chebyshev(lgammaSeries, x - 2);
  if (x < 10) {
    let product = 1, reduced = x;
    while (reduced > 3) product *= --reduced;
    return Math.log(product) + lgamma(reduced);
  }
  return (x - 0.5) * (Math.log(x) - 1) + (${halfLogOfTwoPi} - 0.5 + horner(stirlingSeries, 1 / (x * x)) / x);
}`,
  },
  digamma: {
    needs: ["chebyshev", "digammaSeries", "digammaTail", "horner"],
    source: `function digamma(x) {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    const fraction = x - Math.round(x);
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * fraction);
  }
  if (x < 1) return digamma(1 + x) - 1 / x;
  if (x <= 2) return (x - ${digammaRoot} - ${digammaRootRest}) * chebyshev(digammaSeries, 2 * x - 3);
  let shifted = x, sum = 0;
  while (shifted < 10) sum += 1 / shifted++;
  const square = 1 / (shifted * shifted);
  return Math.log(shifted) - 0.5 / shifted - square * horner(digammaTail, square) - sum;
}`,
  },
} satisfies Record<string, LibraryFunction>;
