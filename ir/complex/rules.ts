/**
 * Where the builder finds what primitives mean of complex numbers: the rules (ir/complex/primitives.ts) come with the
 * operators that make complex tensors, so that pages without any do not carry them.
 */
import type { GraphBuilder } from "../builder.ts";
import type { DType } from "../dtype.ts";
import { NotImplementedError } from "../errors.ts";
import type { BinaryPrimitive, ComparisonPrimitive, Node, ScanKind, UnaryPrimitive } from "../graph.ts";

export interface ComplexRules {
  readonly unary: (g: GraphBuilder, op: UnaryPrimitive, z: Node) => Node;
  readonly binary: (g: GraphBuilder, op: BinaryPrimitive, a: Node, b: Node) => Node;
  readonly compare: (g: GraphBuilder, op: ComparisonPrimitive, a: Node, b: Node) => Node;
  /** To and from complex types. */
  readonly cast: (g: GraphBuilder, x: Node, dtype: DType) => Node;
  /** Along an axis, which is kept. */
  readonly product: (g: GraphBuilder, z: Node, axis: number) => Node;
  readonly scan: (g: GraphBuilder, kind: ScanKind, z: Node, axis: number, reverse: boolean) => Node;
  /** From the products of parts. */
  readonly dot: (g: GraphBuilder, a: Node, b: Node, product: (x: Node, y: Node) => Node) => Node;
}

let installed: ComplexRules | null = null;
export function installComplexRules(rules: ComplexRules): void {
  installed = rules;
}

export function complexRules(): ComplexRules {
  if (installed !== null) return installed;
  throw new NotImplementedError(
    "page/complex",
    "complex numbers: cresset/core brings them with the functions that make them.",
    'Import a function such as complex() or view_as_complex(), or import "cresset/methods".',
  );
}
