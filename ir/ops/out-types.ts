/** Which types `out` may have, and PyTorch's words for others. */
import { canCast, cName, isComplex, isFloat, scalarName, type DType } from "../dtype.ts";
import { isNode } from "../builder.ts";
import type { OutRule } from "../operator.ts";

/** A rule that takes no other type than the result's. */
export const sameType =
  (words: (wanted: string, given: string) => string, nameOf: (dtype: DType) => string = scalarName): OutRule =>
  ({ wanted, given }) =>
    wanted === given ? null : words(nameOf(wanted), nameOf(given));

/** Of whatever states no rule. */
export const resultsType = /* @__PURE__ */ sameType(
  (wanted, given) => `Expected out tensor to have dtype ${wanted}, but got ${given} instead`,
  cName,
);

/** Elementwise work converts what it computed, where that is allowed. */
export const anyCastable: OutRule = ({ wanted, given }) =>
  canCast(wanted, given)
    ? null
    : `result type ${scalarName(wanted)} can't be cast to the desired output type ${scalarName(given)}`;

/** Elementwise work in the type of its operand converts nothing. */
export const operandsType = /* @__PURE__ */ sameType((wanted, given) => `Found dtype ${given} but expected ${wanted}`);

/** That of abs(), which has a kernel of its own for complex numbers. */
export const absoluteType: OutRule = (types, args) =>
  (isNode(args["input"]) && isComplex(args["input"].dtype) ? anyCastable : operandsType)(types, args);

/** That of nansum(), which computes in it. */
export const summedType: OutRule = (types, args) =>
  isNode(args["input"]) && isFloat(args["input"].dtype) && !isFloat(types.given)
    ? `"nansum_cpu" not implemented for '${scalarName(types.given)}'`
    : resultsType(types, args);

export const logarithmsType: OutRule = ({ given }) =>
  isFloat(given) || isComplex(given)
    ? null
    : `logsumexp(): Expected floating point type for result tensor, but got: ${scalarName(given)}`;

/** As `anyCastable`, where a matrix or a batch of them is copied to `out`. */
export const safelyCastable =
  (name: string, result = "result"): OutRule =>
  ({ wanted, given }) =>
    canCast(wanted, given)
      ? null
      : `${name}: Expected ${result} to be safely castable from ${scalarName(wanted)} dtype, but got ${result} with dtype ${scalarName(given)}`;

export const boolOnly = (name: string): OutRule => sameType(() => `${name} does not support non-boolean outputs`);

export const scalarTypeExpected = /* @__PURE__ */ sameType(
  (wanted, given) => `expected scalar type ${wanted} but found ${given}`,
);
/** As `scalarTypeExpected`, of scans. */
export const scannedType = /* @__PURE__ */ sameType(
  (wanted, given) => `expected scalar_type ${wanted} but found ${given}`,
);

/** Joined by cat. */
export const joinedType: OutRule = ({ wanted, given }) =>
  canCast(wanted, given)
    ? null
    : `torch.cat(): input types can't be cast to the desired output type ${scalarName(given)}`;

/** Products of vectors. */
export const productsType = /* @__PURE__ */ sameType(
  (wanted, given) => `result dtype ${given} does not match input dtype ${wanted}`,
);

export const vectorsType = /* @__PURE__ */ sameType(
  (wanted, given) => `addmv input tensors must have the same dtype, but got ${given}, ${wanted}, and ${wanted}`,
);

/** By the ranks of the factors, whose products are different work. */
export const matmulsType: OutRule = (types, { input, other }) => {
  const [a, b] = [input, other].map((factor) => (isNode(factor) ? factor.shape.length : 0));
  return (b === 1 ? (a === 1 ? productsType : a === 2 ? vectorsType : resultsType) : resultsType)(types, {});
};

export const batchesType = /* @__PURE__ */ sameType(
  (wanted, given) => `self and mat2 must have the same dtype, but got ${given} and ${wanted}`,
);

export const tensordotsType = /* @__PURE__ */ sameType(
  (wanted, given) =>
    `tensordot: Expected the output tensor to have dtype ${wanted}, but got an output tensor with dtype ${given}`,
);

export const chainsType = /* @__PURE__ */ sameType(
  (wanted, given) => `multi_dot(): expected out tensor to have dtype ${wanted} but got ${given}`,
  cName,
);

export const normsType = (name: string): OutRule =>
  sameType((wanted, given) => `${name} expected out tensor dtype ${wanted} but got: ${given}`);

export const partsType = /* @__PURE__ */ sameType(
  (wanted, given) => `Expected object of scalar type ${wanted} but got scalar type ${given} for argument 'out'`,
);

export const extremesType = /* @__PURE__ */ sameType(
  (wanted, given) =>
    `Expected the dtype for input and out to match, but got ${wanted} for input's dtype and ${given} for out's dtype`,
);

export const searchedType = /* @__PURE__ */ sameType(
  (wanted, given) =>
    `torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype ${given} and out_int32 flag is ${wanted === "Int" ? "True" : "False"}`,
);

export const takenType = (words: string): OutRule =>
  sameType((wanted, given) => `${words}, got ${wanted} and ${given}`);

export const histogramsType: OutRule = /* @__PURE__ */ sameType(
  (wanted, given) =>
    `torch.histogram: input tensor and hist tensor should have the same dtype, but got input ${wanted} and hist ${given}`,
  cName,
);

export const quantilesType = /* @__PURE__ */ sameType(
  () => "quantile() out tensor must be same dtype as the input tensor",
);

export const powersType = /* @__PURE__ */ sameType(
  (wanted, given) =>
    `the output given to float_power has dtype ${given} but the operation's result requires dtype ${wanted}`,
);

/** Whether all or any: bools, or bytes. */
export const truthType =
  (name: string): OutRule =>
  ({ wanted, given }) =>
    wanted === given || given === "bool" || given === "uint8"
      ? null
      : `${name} only supports bool tensor for result, got: ${scalarName(given)}`;

/** A Fourier transform's: complex numbers, or real ones, of any precision. */
export const spectrumsType =
  (name: string): OutRule =>
  ({ wanted, given }) => {
    if (isComplex(wanted))
      return isComplex(given) ? null : `${name} expects a complex output tensor, but got ${scalarName(given)}`;
    return isFloat(given) ? null : `${name} expects a floating point output tensor, but got ${scalarName(given)}`;
  };

/** The two results of one that selects: values, and where they were. */
export const selectedTypes =
  (words: (what: "values" | "indices", wanted: string, given: string) => string): OutRule =>
  ({ wanted, given, place }) =>
    wanted === given ? null : words(place === 0 ? "values" : "indices", scalarName(wanted), scalarName(given));
