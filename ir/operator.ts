/**
 * The registry of operators. `defineOp` states everything about one in one place; methods, functions, declarations,
 * documentation, tests and exporters are derived from it.
 */
import type { GraphBuilder } from "./builder.ts";
import type { DType } from "./dtype.ts";
import { IrError } from "./errors.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { Shape } from "./shape.ts";
import type { Arguments } from "./signature.ts";

export interface OpDocumentation {
  readonly summary: string;
  /** Such as `[N, C, L] -> [N, C, L_out]`. */
  readonly shape: string;
  /** The PyTorch page that this mirrors. */
  readonly source: string;
}

export interface GradientRequest {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Node[];
  /** By output; null where none arrives. */
  readonly grads: readonly (Node | null)[];
}
export type GradientRule = (g: GraphBuilder, request: GradientRequest) => readonly (Node | null)[];

/** Where an operator appears. `Tensor`: as a method. */
export type Place = "torch" | "Tensor" | "nn.functional" | "linalg" | "special" | "fft";

export type RecordResult = Node | readonly Node[];

/** Elements on the host, row-major; half floats as float32. */
export type HostElements =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** What an operator whose result's shape depends on data has asked to know. */
export interface Measured {
  /** The values of the nodes that `measure` named, in order. */
  readonly values: readonly HostElements[];
  /** It is the host's processor that computed them. */
  readonly synchronous: boolean;
  /** Puts elements computed on the host into the graph. */
  upload(elements: ArrayLike<number | bigint>, shape: Shape, dtype: DType): Node;
}

/** What more there is to say of an operator whose results are views. */
export interface ViewTraits {
  /** Of complex numbers their parts or conjugates, or the other way round. */
  readonly ofParts?: boolean;
  /** A view that would change nothing is the tensor itself. */
  readonly isItself?: boolean;
  /** Several are made by one call: each alone may not be written where gradients are recorded. */
  readonly areSeveral?: boolean;
  /**
   * Dimensions are joined: where elements do not lie evenly the result is a copy, or refused; or it is a view of a copy
   * that lies row by row wherever the tensor does not.
   */
  readonly unevenly?: "copied" | "refused" | "laid in rows";
}

/** The axes of a tensor from the outermost in memory to the innermost; null: row by row. */
export type AxisOrder = readonly number[] | null;

export interface OpSpecification<S extends string> {
  /** The PyTorch name. */
  readonly name: string;
  readonly signature: S;
  readonly places: readonly Place[];
  readonly doc: OpDocumentation;
  /** Other names for the same thing. */
  readonly aliases?: readonly string[];
  /** Names of the results when there are several. */
  readonly results?: readonly string[];
  /** Also `name_`, writing into the first argument. */
  readonly inplace?: boolean;
  /**
   * Results alias the first tensor argument, of a list of tensors each its own: writes go through, both ways. A function
   * where that depends on the arguments.
   */
  view?: boolean | ((args: Arguments<S>) => boolean);
  readonly viewTraits?: ViewTraits;
  /** Computes in the type of `out`, where `dtype` names none. */
  readonly computesInOut?: boolean;
  /** Which types `out` may have. Left out: the result's. */
  readonly out?: OutRule;
  /**
   * Elements come from or go to other places: PyTorch refuses to write what is read at all. "checked first": and an `out`
   * whose elements share memory, even where it would take another shape.
   */
  readonly movesElements?: true | "checked first";
  /** The result lies in memory as the first argument does, or as `memory_format` says. */
  readonly keepsLayout?: boolean;
  /**
   * How each result lies in memory, where that is not row by row, or as elementwise work has it. `orderOf` tells how an
   * argument lies.
   */
  layout?(args: Arguments<S>, results: readonly Node[], orderOf: (argument: Node) => AxisOrder): readonly AxisOrder[];
  /**
   * Stays one node until after differentiation, for a gradient rule of its own, a back end's better lowering, or an
   * exporter's rule. Tensor arguments become inputs; every other argument must be structural.
   */
  readonly composite?: boolean;
  /** "through decomposition" unless a composite states its own. */
  readonly gradient: GradientRule | "through decomposition" | "none";
  /**
   * What the rule says of complex numbers: "analytic": it is that of an analytic function, whose conjugate is wanted;
   * "own": it is right as it stands. Without this they are differentiated through what the operator stands for.
   */
  readonly complexGradient?: "analytic" | "own";
  /**
   * What PyTorch keeps for the backward pass, which is refused when that has been overwritten: names of arguments and
   * of results, `result` where there is one. Left out, or null, where it is what the gradient here reads.
   */
  readonly saves?: Saves | ((args: Arguments<S>) => Saves | null);
  /**
   * The nodes whose values decide the result's shape: computed and read before `record`, synchronously where the
   * device can, else by the operator's `...Async` twin.
   */
  measure?(g: GraphBuilder, args: Arguments<S>, synchronous: boolean): readonly Node[];
  /** Builds the operator from primitives and other operators. */
  record(g: GraphBuilder, args: Arguments<S>, measured: Measured): RecordResult;
  /** The ONNX operator of a composite. */
  readonly onnx?: string;
  /** Inputs for the generated tests. */
  readonly samples?: readonly OpSample[];
}
/** By name, or of a list of tensors those that are meant. */
export type Saves = readonly (string | SavedFor | Node)[];
/** An argument that is kept only where one of the arguments `for` requires grad. */
export interface SavedFor {
  readonly name: string;
  readonly for: readonly string[];
}
/** PyTorch's words for an `out` of a type that is not taken; null for one that is. `place`: of several results which. */
export type OutRule = (
  types: { readonly wanted: DType; readonly given: DType; readonly place: number },
  args: Readonly<Record<string, unknown>>,
) => string | null;
export interface OpSample {
  readonly [argument: string]: unknown;
}

export interface Operator extends Omit<OpSpecification<string>, "record" | "measure" | "layout" | "view"> {
  readonly layout:
    | ((
        args: Readonly<Record<string, unknown>>,
        results: readonly Node[],
        orderOf: (argument: Node) => AxisOrder,
      ) => readonly AxisOrder[])
    | null;
  readonly view?: boolean | ((args: Readonly<Record<string, unknown>>) => boolean) | undefined;
  readonly measure:
    ((g: GraphBuilder, args: Readonly<Record<string, unknown>>, synchronous: boolean) => readonly Node[]) | null;
  readonly record: (g: GraphBuilder, args: Readonly<Record<string, unknown>>, measured: Measured) => RecordResult;
  /** The nodes that a recorded composite stands for. */
  readonly expand: (g: GraphBuilder, node: NodeOf<"call">) => readonly Node[];
}

const registry = new Map<string, Operator>();

/** For operators that measure nothing. */
export const nothingMeasured: Measured = {
  values: [],
  synchronous: true,
  upload() {
    throw new IrError("ir/operator", "only an operator that measures may upload");
  },
};

export function defineOp<const S extends string>(specification: OpSpecification<S>): Operator {
  const record = specification.record as unknown as Operator["record"];
  const measure = (specification.measure ?? null) as unknown as Operator["measure"];
  const layout = (specification.layout ?? null) as unknown as Operator["layout"];
  const view = specification.view as unknown as Operator["view"];
  const expand: Operator["expand"] = (g, node) => {
    const result = record(g, restoreArguments(node), nothingMeasured);
    return Array.isArray(result) ? (result as readonly Node[]) : [result as Node];
  };
  const definition: Operator = { ...specification, measure, layout, view, record, expand };
  if (registry.has(definition.name)) throw new IrError("ir/operator", `${definition.name} is defined twice`);
  registry.set(definition.name, definition);
  for (const listener of listeners) listener(definition);
  return definition;
}

/** The name that users write: `max` of `max.dim`. */
export function baseOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}

const listeners: ((definition: Operator) => void)[] = [];
/** Tells of every operator, those that exist and those that come. */
export function onOperator(listener: (definition: Operator) => void): void {
  for (const definition of registry.values()) listener(definition);
  listeners.push(listener);
}

export function operator(name: string): Operator {
  const found = registry.get(name);
  if (found === undefined) throw new IrError("ir/operator", `no operator is named ${name}`);
  return found;
}
export const operators = (): IterableIterator<Operator> => registry.values();

/** Stands in the attributes of a `call` for the tensor argument that is input number `$input`. */
interface InputMark {
  readonly $input: number;
}
const isMark = (value: unknown): value is InputMark => typeof value === "object" && value !== null && "$input" in value;

/** Splits arguments into the inputs and the attributes of a `call` node. */
export function splitArguments(
  args: Readonly<Record<string, unknown>>,
  isNode: (value: unknown) => value is Node,
): { inputs: Node[]; attrs: Record<string, unknown> } {
  const inputs: Node[] = [];
  const attrs: Record<string, unknown> = {};
  const mark = (value: unknown): unknown => {
    if (isNode(value)) {
      inputs.push(value);
      return { $input: inputs.length - 1 };
    }
    return Array.isArray(value) ? value.map(mark) : value;
  };
  for (const name of Object.keys(args)) attrs[name] = mark(args[name]);
  return { inputs, attrs };
}

function restoreArguments(node: NodeOf<"call">): Record<string, unknown> {
  const restore = (value: unknown): unknown =>
    isMark(value) ? node.inputs[value.$input] : Array.isArray(value) ? value.map(restore) : value;
  const args: Record<string, unknown> = {};
  for (const name of Object.keys(node.attrs.attrs)) args[name] = restore(node.attrs.attrs[name]);
  return args;
}

/** Records an operator: its primitives at once, or one `call` node for a composite. */
export function recordOperator(
  g: GraphBuilder,
  definition: Operator,
  args: Readonly<Record<string, unknown>>,
  isNode: (value: unknown) => value is Node,
  measured: Measured = nothingMeasured,
): RecordResult {
  if (!definition.composite) return definition.record(g, args, measured);
  const { inputs: given, attrs } = splitArguments(args, isNode);
  const { result: expansion, inputs } = g.withCheckedInputs(given, () => definition.record(g, args, measured));
  const roots: readonly Node[] = Array.isArray(expansion) ? (expansion as readonly Node[]) : [expansion as Node];
  const outputs = roots.map((root): { dtype: DType; shape: Shape } => ({ dtype: root.dtype, shape: root.shape }));
  const node = g.call(definition.name, inputs, attrs, outputs);
  return roots.length === 1 ? node : roots.map((_, i) => g.pick(node, i));
}
