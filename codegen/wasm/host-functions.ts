/** What a module may import from the host: functions of float64 numbers, by the names of loop IR operations. */
import type { Operation } from "../../ir/loop.ts";
import { Provided } from "../../ir/provided.ts";

/** The operations that are neither arithmetic nor bits. */
export type MathOperation = Extract<
  Operation,
  | "exp"
  | "exp_nonpositive"
  | "exp2"
  | "expm1"
  | "log"
  | "log2"
  | "log10"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "atan2"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "sigmoid"
  | "erf"
  | "erfc"
  | "erfinv"
  | "lgamma"
  | "digamma"
  | "pow"
>;

/** Those that come with the operators that use them: special-functions.ts. */
const specialOperations = ["erf", "erfc", "erfinv", "lgamma", "digamma"] as const satisfies readonly MathOperation[];
export type SpecialOperation = (typeof specialOperations)[number];
export const isSpecial = (name: MathOperation): name is SpecialOperation =>
  (specialOperations as readonly MathOperation[]).includes(name);

/** `fmod` is the float form of `rem`. */
export type HostFunctionName = Exclude<MathOperation, "exp_nonpositive" | "sigmoid"> | "fmod";

export type HostFunction = (a: number, b: number) => number;

/** The host's own `Math`, and arithmetic on it: each stands alone, so that its source can be sent to another thread. */
const plainFunctions = {
  fmod: (a, b) => a % b,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  // C's pow: 1 to any power is 1, also where JavaScript says NaN.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
} as const satisfies Record<Exclude<HostFunctionName, SpecialOperation>, HostFunction>;

/** What threads that help have too. */
export const threadFunctions: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ Object.keys(plainFunctions),
);

/** `plainFunctions` as source: an object by name. */
export const threadFunctionsSource = (): string =>
  `({ ${Object.entries(plainFunctions)
    .map(
      ([name, fn]) =>
        `${name}: ${(Math as unknown as Record<string, unknown>)[name] === fn ? `Math.${name}` : String(fn)}`,
    )
    .join(", ")} })`;

export type SpecialFunctions = Readonly<Record<SpecialOperation, HostFunction>>;
export const specialHostFunctions = new Provided<SpecialFunctions>("special-functions");

/** What modules are given. */
export const hostFunctions = (): Readonly<Record<string, HostFunction>> => ({
  ...plainFunctions,
  ...specialHostFunctions.orNull,
});
