/**
 * Tensor graph: pure, interned nodes. A node's inputs always have smaller ids than the node, so sorting by id is a
 * topological order, and no walk needs recursion.
 */
import type { DType } from "./dtype.ts";
import { mathFunctions } from "./loop.ts";
import type { RoutineCall } from "./routines/parameters.ts";
import { attrsKey } from "./attribute-text.ts";
import { hashString, mixHash } from "./hash.ts";
import { formatShape, type Shape } from "./shape.ts";

const unaryMath = mathFunctions.filter((name) => name !== "pow" && name !== "atan2");
/** Functions of one element; each is the loop IR operation of the same name. */
export const unaryPrimitives = [
  "neg",
  "abs",
  "sqrt",
  "floor",
  "ceil",
  "trunc",
  "nearest",
  "not",
  ...unaryMath,
] as const;
/**
 * Functions of two elements. `div`: IEEE for floats, truncating for integers; `rem`: sign of the dividend, as C's fmod
 * and %; `min`, `max`: NaN if either is.
 */
export const binaryPrimitives = [
  "add",
  "sub",
  "mul",
  "div",
  "rem",
  "min",
  "max",
  "pow",
  "atan2",
  "copysign",
  "and",
  "or",
  "xor",
  "shl",
  "shr",
] as const;
export const comparisonPrimitives = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
export type UnaryPrimitive = (typeof unaryPrimitives)[number];
export type BinaryPrimitive = (typeof binaryPrimitives)[number];
export type ComparisonPrimitive = (typeof comparisonPrimitives)[number];
export type ReducePrimitive = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min";
export type ArgReducePrimitive = "argmax" | "argmin";
/** `logaddexp`: log of the sum of exponentials, for floats. */
export type ScanKind = "sum" | "prod" | "max" | "min" | "logaddexp";
export type ScatterMode = "set" | "add" | "mul" | "min" | "max";

/** A graph inside a node: `results` over the `input` leaves `parameters` (see ir/body.ts). */
export interface Body {
  readonly parameters: readonly Node[];
  readonly results: readonly Node[];
  /** Equal for equal bodies. */
  readonly text: string;
  /** The body that has the first of these results alone. */
  readonly extended: Body | null;
  /** How it stands in an attribute's text. */
  toJSON(): unknown;
}

/** `text` is asked for when it is first needed. */
export function bodyOf(
  parameters: readonly Node[],
  results: readonly Node[],
  text: () => string,
  extended: Body | null = null,
): Body {
  let known: string | null = null;
  return {
    parameters,
    results,
    extended,
    get text() {
      return (known ??= text());
    },
    toJSON() {
      return { $body: this.text };
    },
  };
}

type None = Readonly<Record<never, never>>;

/** Every primitive with its attributes. */
export interface PrimitiveAttrs extends Record<UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive, None> {
  // Leaves
  /** A value bound at run time: `Node.binding` says which. */
  input: None;
  /** A number bound at run time (0-d): `Node.binding` says which. */
  scalar: None;
  /** A literal of a library decomposition (0-d). */
  constant: { readonly value: number | bigint | boolean };
  /** 0, 1, 2, ... (1-d). */
  iota: None;
  /** Philox 4x32-10 words as int32, one an element (1-d); inputs: seed low, seed high, offset low, offset high (int32 scalars). */
  philox: { readonly count: number };

  where: None;
  cast: None;
  /** Reinterprets the bits as a type of equal size. */
  bitcast: None;

  // Complex values are pairs of real ones: no other primitive but the markers takes or gives them (see ir/complex).
  /** The number with these real and imaginary parts. */
  complex: None;
  real: None;
  imag: None;
  /** Of memory [..., 2] in which the parts lie side by side. */
  as_complex: None;

  // Reductions keep their axes as size 1.
  reduce_sum: { readonly axes: readonly number[] };
  reduce_prod: { readonly axes: readonly number[] };
  reduce_max: { readonly axes: readonly number[] };
  reduce_min: { readonly axes: readonly number[] };
  /** Position (int64) of the first extreme value, NaN counting as extreme, along one axis (kept as size 1). */
  argmax: { readonly axes: readonly number[] };
  argmin: { readonly axes: readonly number[] };
  /** Running sum, product, maximum, minimum or logarithm of a sum of exponentials along an axis. */
  scan: { readonly kind: ScanKind; readonly axis: number; readonly reverse: boolean };

  /**
   * Sum of products over the paired `contract` axes; output axes: the paired `batch` axes, then the left's free axes,
   * then the right's. Accumulates in float32 for half types, else in the operands' own type.
   */
  dot: {
    readonly batch: readonly [readonly number[], readonly number[]];
    readonly contract: readonly [readonly number[], readonly number[]];
  };

  // Movement: no arithmetic, only index expressions.
  reshape: { readonly shape: Shape };
  permute: { readonly axes: readonly number[] };
  /** Stretches axes of size 1. */
  expand: { readonly shape: Shape };
  /** start + i*step for i < size, a negative step walking backwards. */
  slice: { readonly start: readonly number[]; readonly step: readonly number[]; readonly size: Shape };
  /** Surrounds with the 0-d second input; `interior` puts that many fillers between neighbours. */
  pad: { readonly low: readonly number[]; readonly high: readonly number[]; readonly interior: readonly number[] };
  concat: { readonly axis: number };
  /** Sliding windows over the trailing axes: [..., A, B] -> [..., OA, OB, KA, KB]. */
  window: { readonly size: Shape; readonly stride: readonly number[]; readonly dilation: readonly number[] };

  /**
   * inputs: source, then one index tensor for each of `axes`, all of one shape I.
   * output: I followed by the source's other axes. An index out of range is clamped and reported.
   */
  gather: { readonly axes: readonly number[] };
  /** inputs: base, updates (I followed by the base's other axes), then the index tensors. Later updates win on `set`. */
  scatter: { readonly axes: readonly number[]; readonly mode: ScatterMode };
  /** The first `count` of a stable sort along an axis; outputs (values, int64 positions). NaN sorts as largest. */
  sort: { readonly axis: number; readonly descending: boolean; readonly count: number };
  /** Dense linear algebra and Fourier transforms over trailing axes, several results: see ir/routines. */
  routine: RoutineCall;

  // Regions: graphs that are computed more than once, or perhaps not.
  /**
   * inputs: initial carried values, then scanned tensors, then what the body reads besides; the body's parameters are
   * these, with slices along the scanned tensors' first axis. body: next carried values, then outputs.
   * outputs: final carried values, then each output stacked along a new first axis. `reverse`: last slice first.
   */
  loop: {
    readonly count: number;
    readonly reverse: boolean;
    readonly carried: number;
    readonly scanned: number;
    readonly body: Body;
  };
  /**
   * Repeats its body while the first carried value, a bool[], is true.
   * inputs: initial carried values, then what the body reads besides; the body's parameters are these. body: next carried
   * values. outputs: final carried values.
   */
  while: { readonly body: Body };
  /** inputs: a bool[] and the parameters of both bodies; outputs: the chosen body's results. */
  cond: { readonly then: Body; readonly else: Body };

  /** One result of a node that has several. */
  pick: { readonly index: number };
  /** Value of the first input; its gradient stops here. */
  detach: None;
  /** Value of the first input; a leaf of differentiation. `Node.binding` says which tensor's. */
  leaf: None;
  /** Value of the first input, gradients as the second's: a write that autograd does not see. */
  with_history: None;
  /** Keeps a recomputed region apart from the original one: equal to its input, never merged with another. */
  barrier: { readonly tag: number };
  /** A named operator of several primitives, expanded after differentiation. */
  call: { readonly name: string; readonly attrs: Readonly<Record<string, unknown>> };
}

export type Primitive = keyof PrimitiveAttrs;

export interface NodeOf<P extends Primitive> {
  readonly id: number;
  readonly op: P;
  readonly inputs: readonly Node[];
  readonly attrs: PrimitiveAttrs[P];
  /** Type and shape of the value; of the first one when there are several. */
  readonly dtype: DType;
  readonly shape: Shape;
  /** All results when there are several (`pick` takes one). */
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape }[] | null;
  /** The attributes as text (see `attrsKey`). */
  readonly attrText: string;
  /** Hash of the operation, the type and the attributes. */
  readonly kind: number;
  /** Structural hash: equal for equal graphs whatever their ids and wherever their slices lie, and across processes. */
  readonly hash: number;
  /** Whether differentiation may pass through. */
  readonly requiresGrad: boolean;
  /** What a leaf stands for, or the value that a node has been given since; the IR does not look inside. */
  binding: unknown;
  /** Nodes that a `call` stands for, made when first asked for. */
  expansion: readonly Node[] | null;
  /** See ir/node-notes.ts. */
  notes: unknown[] | null;
  flags: number;
  /** The recording that it became a tensor in; the IR does not look inside. */
  recording: unknown;
  /** Scratch for a walk (see ir/walks.ts and ir/graph-key.ts): nobody else's once it is over. */
  mark: number;
  place: number;
  /** Where the user asked for it: noted only while somebody wants to know (`noteSite`). */
  readonly site: Site | null;
}

/** A node, discriminated by `op`. */
export type Node = { [P in Primitive]: NodeOf<P> }[Primitive];

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "op" in value && "inputs" in value;

export const describe = (node: Node): string => `${node.dtype}${formatShape(node.shape)}`;

/** A line of the user's, worked out when asked for. */
export type Site = () => string | null;
let currentSite: Site | null = null;
/** What nodes are made for from here on; null for nothing that is known. out: what they were made for before. */
export function noteSite(site: Site | null): Site | null {
  const before = currentSite;
  currentSite = site;
  return before;
}

let nextId = 1;
export interface NodeRequest<P extends Primitive> {
  readonly op: P;
  readonly inputs: readonly Node[];
  readonly attrs: PrimitiveAttrs[P];
  readonly dtype: DType;
  readonly shape: Shape;
  readonly outputs?: readonly { readonly dtype: DType; readonly shape: Shape }[] | null;
  readonly requiresGrad: boolean;
}

/** What `Node.kind` is. A barrier's tag is an identity, like an id. */
export function kindHash(op: string, dtype: DType, attrText: string): number {
  const hash = mixHash(hashString(op), hashString(dtype));
  return attrText === "" || op === "barrier" ? hash : mixHash(hash, hashString(attrText));
}

/** A node of its own, whether or not an equal one exists (see ir/text). */
export function makeNode<P extends Primitive>(
  request: NodeRequest<P>,
  attrText = attrsKey(request.attrs),
  kind = kindHash(request.op, request.dtype, attrText),
): Node {
  const { op, inputs, attrs, dtype } = request;
  // Slices of one size are alike, wherever they lie: a loop over positions is to be recognised.
  let hash = op === "slice" ? hashString(op) : kind;
  if (inputs.length === 0 || op === "slice") for (const size of request.shape) hash = mixHash(hash, size);
  for (const input of inputs) hash = mixHash(hash, input.hash);
  return {
    id: nextId++,
    op,
    inputs,
    attrs,
    dtype,
    shape: request.shape,
    outputs: request.outputs ?? null,
    attrText,
    kind,
    hash,
    requiresGrad: request.requiresGrad,
    binding: null,
    expansion: null,
    site: currentSite,
    notes: null,
    flags: 0,
    recording: null,
    mark: 0,
    place: 0,
  } as Node;
}

/** The hash of a leaf: only what it looks like, never which one it is. */
function leafHash(kind: number, shape: Shape): number {
  let hash = kind;
  for (const size of shape) hash = mixHash(hash, size);
  return hash;
}

/** Turns a node whose value is known into a leaf: what it was computed from is forgotten. */
export function becomeInput(node: Node): void {
  const changed = node as { -readonly [K in keyof NodeOf<"input">]: K extends "op" ? string : NodeOf<"input">[K] };
  changed.op = "input";
  changed.inputs = noInputs;
  changed.attrs = {};
  changed.attrText = "";
  changed.expansion = null;
  changed.kind = kindHash("input", node.dtype, "");
  changed.hash = leafHash(changed.kind, node.shape);
}
const noInputs: readonly Node[] = [];

/** A leaf with an identity of its own: an input, a scalar slot, a leaf of differentiation. */
export function leafNode(
  op: "input" | "scalar" | "leaf",
  dtype: DType,
  shape: Shape,
  binding: unknown,
  requiresGrad = false,
  inputs: readonly Node[] = [],
): Node {
  const kind = kindHash(op, dtype, "");
  // What is behind a leaf of differentiation is another from step to step.
  const hash = leafHash(kind, shape);
  return {
    id: nextId++,
    op,
    inputs,
    attrs: {},
    dtype,
    shape,
    outputs: null,
    attrText: "",
    kind,
    hash,
    requiresGrad,
    binding,
    expansion: null,
    site: null,
    notes: null,
    flags: 0,
    recording: null,
    mark: 0,
    place: 0,
  };
}

/** A node for another graph: nobody's value, and nothing of what those who record have noted about it. */
export function bareCopy(node: Node, changes: Partial<Omit<NodeOf<Primitive>, "attrs">> & { attrs?: object }): Node {
  const { op } = changes;
  return {
    ...node,
    kind: op === undefined ? node.kind : kindHash(op, node.dtype, node.attrText),
    binding: null,
    expansion: null,
    notes: null,
    flags: 0,
    recording: null,
    mark: 0,
    place: 0,
    ...changes,
  } as Node;
}

/** The id that the next node gets: nodes with smaller ids exist already. */
export const nextNodeId = (): number => nextId;
