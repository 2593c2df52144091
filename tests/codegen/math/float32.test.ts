import { afterAll, describe, expect, it } from "vitest";
import { binaryExpansions, unaryExpansions, type UnaryExpansionName } from "../../../codegen/math/float32.ts";
import * as float64 from "../../../codegen/math/float64-library.ts";
import { createJsMathBuilder } from "../../../codegen/math/js-builder.ts";
import { createRandom, sampleAllExponents, sampleAround, sampleInterval, ulpError } from "./ulp.ts";

/** MATH_SAMPLES=1000000 searches harder for the worst case. */
const samplesPerInterval = Number(process.env["MATH_SAMPLES"] ?? 20_000);

const builders = {
  unfused: createJsMathBuilder({ fused: false }),
  fused: createJsMathBuilder({ fused: true }),
};
type Mode = keyof typeof builders;
const modes: readonly Mode[] = ["unfused", "fused"];

interface Specification {
  readonly reference: (x: number) => number;
  /** The documented bound in ulp, for every float32 that `domain` admits. */
  readonly bound: number;
  /** Where errors are worst; all exponents are sampled besides. */
  readonly intervals: readonly (readonly [low: number, high: number])[];
  readonly domain?: (x: number) => boolean;
  /** Arguments whose results must be those of the reference, sign of zero included. */
  readonly exact: readonly number[];
}

/** 2^x; JavaScript's power is not accurate enough for large x. */
function exp2(x: number): number {
  const whole = Math.round(Math.min(Math.max(x, -1000), 1000));
  return Math.exp((x - whole) * Math.LN2) * 2 ** whole;
}
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const isPositive = (x: number): boolean => x > 0;

const limits = [0, -0, Infinity, -Infinity, NaN];
const tiny = [1e-45, -1e-45, 1e-40, -1e-40];
// prettier-ignore
const angles: Pick<Specification, "intervals" | "exact"> = {
  intervals: [[-4, 4], [-100, 100], [-3300, 3300], [3000, 1e5], [1e5, 1e9]],
  exact: [...limits, ...tiny],
};

// prettier-ignore
const specifications: Record<UnaryExpansionName, Specification> = {
  exp: { reference: Math.exp, bound: 1.1, intervals: [[-104, 89], [-1, 1]], exact: [...limits, ...tiny] },
  exp_nonpositive: {
    reference: Math.exp, bound: 1.1, intervals: [[-104, 0], [-1, 0], [-90, -86]], domain: (x) => !(x > 0),
    exact: [0, -0, -Infinity, NaN, -1e-45, -1e-40, -104, -1000],
  },
  exp2: {
    reference: exp2, bound: 1.1, intervals: [[-150, 129], [-1, 1]],
    exact: [...limits, ...tiny, 10, -149, -150, 127, 128],
  },
  expm1: { reference: Math.expm1, bound: 1.6, intervals: [[-20, 89], [-1.5, 1.5]], exact: [...limits, ...tiny] },
  log: { reference: Math.log, bound: 1, intervals: [[0.3, 4], [0.9, 1.1]], exact: [...limits, 1, -1, -1e-45] },
  log2: {
    reference: Math.log2, bound: 1.5, intervals: [[0.3, 4], [0.9, 1.1]],
    exact: [...limits, 1, -1, 8, 2 ** -149, 2 ** 127],
  },
  log10: {
    reference: Math.log10, bound: 1.1, intervals: [[0.3, 4], [0.9, 1.1]],
    exact: [...limits, 1, -1, 10, 1000, 1e10],
  },
  log1p: { reference: Math.log1p, bound: 1.6, intervals: [[-1, 2], [-0.1, 0.1]], exact: [...limits, ...tiny, -1, -2] },
  sin: { reference: Math.sin, bound: 1.7, ...angles },
  cos: { reference: Math.cos, bound: 1.6, ...angles },
  tan: { reference: Math.tan, bound: 2, ...angles },
  asin: { reference: Math.asin, bound: 1.3, intervals: [[-1, 1], [0.49, 0.51]], exact: [...limits, ...tiny, 1, -1, 2] },
  acos: { reference: Math.acos, bound: 1.3, intervals: [[-1, 1], [0.4, 0.6]], exact: [...limits, 1, -1, 2] },
  atan: { reference: Math.atan, bound: 1.4, intervals: [[-1.2, 1.2], [-10, 10]], exact: [...limits, ...tiny, 1, -1] },
  sinh: { reference: Math.sinh, bound: 1.6, intervals: [[-1.2, 1.2], [-90, 90]], exact: [...limits, ...tiny] },
  cosh: { reference: Math.cosh, bound: 1.5, intervals: [[-3, 3], [-90, 90]], exact: [...limits, ...tiny] },
  tanh: { reference: Math.tanh, bound: 1.1, intervals: [[-2, 2], [0.7, 1.1]], exact: [...limits, ...tiny, 10, -10] },
  asinh: { reference: Math.asinh, bound: 1, intervals: [[-2, 2], [-100, 100]], exact: [...limits, ...tiny] },
  acosh: { reference: Math.acosh, bound: 1.7, intervals: [[1, 2], [1, 100]], exact: [...limits, 1, 0.5] },
  atanh: { reference: Math.atanh, bound: 1.1, intervals: [[-1, 1], [0.4, 0.6]], exact: [...limits, ...tiny, 1, -1, 2] },
  sigmoid: {
    reference: sigmoid, bound: 1.8, intervals: [[-104, 20], [-3, 3]],
    exact: [0, -0, Infinity, -Infinity, NaN],
  },
  erf: { reference: float64.erf, bound: 1.9, intervals: [[-2, 2], [1, 4]], exact: [...limits, 5, 1e30] },
  erfc: { reference: float64.erfc, bound: 1.8, intervals: [[-1, 1], [-5, 5], [0, 11]], exact: limits },
  erfinv: {
    reference: float64.erfinv, bound: 2, intervals: [[-1, 1], [0.9, 1], [0.99, 1]],
    exact: [...limits, 1, -1, 2],
  },
  lgamma: {
    reference: float64.lgamma, bound: 5, intervals: [[0, 1], [1, 3], [3, 20], [3, 1e4]], domain: isPositive,
    exact: [...limits, 1, 2, -1, -1e10, -3e38],
  },
  digamma: {
    reference: float64.digamma, bound: 3, intervals: [[0, 1], [1, 3], [3, 20], [3, 1e4]], domain: isPositive,
    exact: [...limits, -1, -1e10],
  },
};

interface Worst {
  error: number;
  at: string;
}

/** Keeps the larger error, and where it was found. */
function note(worst: Record<Mode, Worst>, mode: Mode, error: number, at: string | number): void {
  if (!(error <= worst[mode].error)) worst[mode] = { error, at: String(at) };
}
const nothingFound = (): Record<Mode, Worst> => ({ unfused: { error: 0, at: "" }, fused: { error: 0, at: "" } });

const table: string[] = ["| function | bound | unfused | at | fused | at |", "|---|---|---|---|---|---|"];
function addRow(name: string, bound: number, worst: Record<Mode, Worst>): void {
  const cells = modes.map((mode) => `${worst[mode].error.toFixed(2)} | ${worst[mode].at}`);
  table.push(`| ${name} | ${bound} | ${cells.join(" | ")} |`);
}
afterAll(() => console.log(`Largest errors found, in ulp:\n${table.join("\n")}`));

describe("float32 expansions keep their error bounds, madd fused or not", () => {
  for (const [name, specification] of Object.entries(specifications) as [UnaryExpansionName, Specification][]) {
    const { reference, bound, intervals, domain } = specification;
    it(`${name}: ${bound} ulp`, () => {
      const random = createRandom(20_26);
      const samples = [
        sampleAllExponents(Math.ceil(samplesPerInterval / 510), random),
        ...intervals.map(([low, high]) => sampleInterval(low, high, samplesPerInterval, random)),
        ...intervals.flat().map((end) => sampleAround(end, 50)),
      ];
      const worst = nothingFound();
      for (const x of samples.flatMap((each) => [...each])) {
        if (domain !== undefined && !domain(x)) continue;
        const expected = reference(x);
        for (const mode of modes) {
          const error = ulpError(unaryExpansions[name](builders[mode], x), expected);
          note(worst, mode, error, x);
        }
      }
      addRow(name, bound, worst);
      for (const mode of modes) expect(worst[mode].error, `${mode}, at ${worst[mode].at}`).toBeLessThanOrEqual(bound);
    });
  }

  it("atan2: 1.7 ulp", () => {
    const random = createRandom(7);
    const all = sampleAllExponents(4, random);
    const worst = nothingFound();
    for (let index = 0; index < 4 * samplesPerInterval; index++) {
      const anywhere = index % 2 === 0;
      const pick = (): number => (anywhere ? all[Math.floor(random() * all.length)]! : Math.fround(random() * 4 - 2));
      const [y, x] = [pick(), pick()];
      for (const mode of modes) {
        const error = ulpError(binaryExpansions.atan2(builders[mode], y, x), Math.atan2(y, x));
        note(worst, mode, error, `(${y}, ${x})`);
      }
    }
    addRow("atan2", 1.7, worst);
    for (const mode of modes) expect(worst[mode].error, `${mode}, at ${worst[mode].at}`).toBeLessThanOrEqual(1.7);
  });

  it("pow: 1.3 ulp", () => {
    const random = createRandom(11);
    const all = sampleAllExponents(4, random);
    const worst = nothingFound();
    // Whole exponents of any base, bases of all sizes and near 1 with results of all sizes, subnormal bases.
    const kinds: readonly (() => readonly [number, number])[] = [
      () => [all[Math.floor(random() * all.length)]!, Math.round(random() * 20 - 10)],
      () => [Math.fround(random() * 10), Math.fround(random() * 20 - 10)],
      () => {
        const x = Math.fround(2 ** (random() * 40 - 20));
        return [x, Math.fround((random() * 300 - 150) / Math.log2(x))];
      },
      () => {
        const x = Math.fround(1 + (random() - 0.5) * 2 ** -Math.floor(random() * 23));
        return [x, Math.fround((random() * 290 - 150) / Math.log2(x))];
      },
      () => [Math.fround(random() * 1e-38), Math.fround(random() * 2.5 - 1.1)],
    ];
    for (let index = 0; index < 5 * samplesPerInterval; index++) {
      const [x, y] = kinds[index % kinds.length]!();
      for (const mode of modes) {
        const error = ulpError(binaryExpansions.pow(builders[mode], x, y), cPower(x, y));
        note(worst, mode, error, `(${x}, ${y})`);
      }
    }
    addRow("pow", 1.3, worst);
    for (const mode of modes) expect(worst[mode].error, `${mode}, at ${worst[mode].at}`).toBeLessThanOrEqual(1.3);
  });
});

/** C's pow: JavaScript's differs where the base is 1 or -1. */
function cPower(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

describe("float32 expansions at special arguments", () => {
  for (const [name, { reference, exact }] of Object.entries(specifications) as [UnaryExpansionName, Specification][]) {
    it(`${name} at ${exact.length} of them`, () => {
      for (const x of exact) {
        for (const mode of modes) {
          const actual = unaryExpansions[name](builders[mode], Math.fround(x));
          expect(actual, `${name}(${x}), ${mode}`).toBe(Math.fround(reference(Math.fround(x))));
        }
      }
    });
  }

  const everySort = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    0.5,
    -0.5,
    2,
    -2,
    3,
    -3,
    1.5,
    -1.5,
    2.5,
    -2.5,
    1e-45,
    -1e-45,
    1e-40,
    3e38,
    -3e38,
    16777215,
    -16777215,
    16777216,
    1e10,
    0.99999994,
    1.0000001,
  ].map(Math.fround);

  it("pow follows C for every pair of special values", () => {
    for (const x of everySort) {
      for (const y of everySort) {
        const expected = Math.fround(cPower(x, y));
        for (const mode of modes) {
          const actual = binaryExpansions.pow(builders[mode], x, y);
          expect(ulpError(actual, cPower(x, y)), `pow(${x}, ${y}) = ${actual}`).toBeLessThanOrEqual(1.3);
          const kindOf = (value: number): number => (value === 0 || !Number.isFinite(value) ? value : Math.sign(value));
          expect(kindOf(actual), `pow(${x}, ${y})`).toBe(kindOf(expected));
        }
      }
    }
  });

  it("atan2 follows C for every pair of special values", () => {
    for (const y of everySort) {
      for (const x of everySort) {
        const expected = Math.atan2(y, x);
        for (const mode of modes) {
          const actual = binaryExpansions.atan2(builders[mode], y, x);
          expect(ulpError(actual, expected), `atan2(${y}, ${x}) = ${actual}`).toBeLessThanOrEqual(1.7);
          expect(Object.is(actual, -0), `atan2(${y}, ${x})`).toBe(Object.is(Math.fround(expected), -0));
        }
      }
    }
  });

  it("pow of small whole numbers is exact with a fused multiply-add", () => {
    for (let base = 1; base < 100; base++) {
      for (let exponent = 0; base ** exponent <= 2 ** 24 && exponent < 25; exponent++) {
        expect(binaryExpansions.pow(builders.fused, base, exponent), `${base} ** ${exponent}`).toBe(base ** exponent);
      }
    }
  });
});

describe("angles", () => {
  // The floats nearest to multiples of pi / 2, found from the continued fraction of 2^e / pi for each exponent e.
  const worstAngles = [
    4.71238899230957, 9.42477798461914, 252.89820861816406, 505.7964172363281, 52516.43359375, 105032.8671875,
    2709675.5, 42781604.0, 85563208.0, 620046656.0, 21999384576.0, 43998769152.0, 87997538304.0, 175995076608.0,
    351990153216.0, 1522788990976.0, 3045577981952.0, 6091155963904.0, 1.5282689358063206e17, 3.056537871612641e17,
    3.2867929787526545e19, 1.2841008908830159e22, 8.11762663906456e22, 1.623525327812912e23, 3.247050655625824e23,
    4.638183382783466e25, 9.276366765566932e25, 1.8552733531133865e26, 1.0341291951386403e27, 2.0682583902772807e27,
    7.729178919452902e28, 1.5458357838905804e29, 3.0916715677811608e29, 6.1833431355623216e29, 1.2366686271124643e30,
    3.795570704093031e30, 4.3865578967101227e33, 8.773115793420245e33, 1.2614587862244266e38,
  ];

  for (const name of ["sin", "cos", "tan"] as const) {
    it(`${name} is accurate where the reduced angle nearly vanishes`, () => {
      for (const x of worstAngles) {
        for (const mode of modes) {
          const error = ulpError(unaryExpansions[name](builders[mode], x), Math[name](x));
          expect(error, `${name}(${x}), ${mode}`).toBeLessThanOrEqual(specifications[name].bound);
        }
      }
    });

    it(`${name} is accurate near whole multiples of pi / 2`, () => {
      for (let multiple = 1; multiple < 20_000; multiple++) {
        const x = Math.fround((multiple * Math.PI) / 2);
        for (const mode of modes) {
          const error = ulpError(unaryExpansions[name](builders[mode], x), Math[name](x));
          expect(error, `${name}(${x}), ${mode}`).toBeLessThanOrEqual(specifications[name].bound);
        }
      }
    });
  }
});

describe("gamma functions of negative numbers", () => {
  // Near their zeros two terms cancel, so the error is relative to the larger of the result, a term and 1.
  const cases = [
    { name: "lgamma", reference: float64.lgamma, term: (x: number): number => float64.lgamma(-x) },
    { name: "digamma", reference: float64.digamma, term: (x: number): number => float64.digamma(1 - x) },
  ] as const;
  for (const { name, reference, term } of cases) {
    it(`${name}: 1e-6`, () => {
      const random = createRandom(3);
      const worst = nothingFound();
      for (const low of [-3, -30, -2000]) {
        for (const x of sampleInterval(low, 0, samplesPerInterval / 2, random)) {
          const expected = reference(x);
          if (!Number.isFinite(expected)) continue;
          const scale = Math.max(1, Math.abs(expected), Math.abs(term(x)));
          for (const mode of modes) {
            note(worst, mode, Math.abs(unaryExpansions[name](builders[mode], x) - expected) / scale, x);
          }
        }
      }
      for (const mode of modes) expect(worst[mode].error, `${mode}, at ${worst[mode].at}`).toBeLessThanOrEqual(1e-6);
    });
  }
});
