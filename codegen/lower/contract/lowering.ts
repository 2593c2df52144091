/** A contraction while it is lowered: what all of its forms read and how they finish an element. */
import { isComputable } from "../../../ir/computed-operands.ts";
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { type Index, linear } from "../../../ir/index.ts";
import type { Region } from "../../../ir/kernel-graph.ts";
import type { DType } from "../../../ir/dtype.ts";
import { mathFunctions, type Expr, type Kind, type Type } from "../../../ir/loop.ts";
import { contiguousStrides } from "../../../ir/shape.ts";
import { evaluate, type EvaluationContext } from "../evaluate.ts";
import { indexExpr, kindOf, load, typeOf } from "../expressions.ts";
import type { KernelBuilder } from "../kernel-builder.ts";
import { analyse, type Contraction } from "./contraction.ts";
import { computed } from "./prologue.ts";
import { lanesOf } from "./strips.ts";

const isMathFunction = (op: string): boolean => (mathFunctions as readonly string[]).includes(op);

export type Stored = (node: Node) => boolean;

/** Where the innermost rows and columns begin: in the operands, and in the result. */
export interface Start {
  readonly left: Expr;
  readonly right: Expr;
  readonly out: Index;
}

export class ContractLowering {
  readonly contraction: Contraction;
  readonly builder: KernelBuilder;
  readonly region: Region;
  readonly dot: Node & NodeOf<"dot">;
  /** Elements in a register. */
  readonly lanes: number;
  private readonly members: ReadonlySet<Node>;
  private readonly stored: Stored;

  constructor(builder: KernelBuilder, region: Region, dot: Node & NodeOf<"dot">, stored: Stored) {
    this.builder = builder;
    this.region = region;
    this.dot = dot;
    this.stored = stored;
    this.members = new Set(region.members);
    this.contraction = analyse(dot);
    this.lanes = lanesOf(builder.target);
  }

  get dtype(): DType {
    return this.dot.dtype;
  }

  /** Of an element, or of so many in a register. */
  type(lanes = 1): Type {
    return typeOf(kindOf(this.dtype), lanes);
  }

  /** Whether both operands are floats that are read, or computed as they are read, through linear indices. */
  get isLinear(): boolean {
    const { left, right } = this.contraction;
    const { dtype } = this;
    const isReadable = ({ base }: { readonly base: Node }): boolean =>
      base.dtype === dtype && (this.stored(base) || (dtype === "float32" && isComputable(base, this.stored)));
    return (dtype === "float32" || dtype === "float64") && isReadable(left) && isReadable(right);
  }

  /** In which operands are evaluated where they are no plain memory. */
  get operands(): EvaluationContext {
    return { builder: this.builder, stored: (node) => !this.members.has(node) && this.stored(node) };
  }

  /** In which products of registers with so many elements are added. */
  sumKind(lanes: number): Kind {
    return lanes === 1 ? "f64" : kindOf(this.dtype);
  }

  /** So many neighbouring elements of an operand. */
  left(lanes: number, index: Expr): Expr {
    return this.elements(this.contraction.left.base, lanes, index);
  }
  right(lanes: number, index: Expr): Expr {
    return this.elements(this.contraction.right.base, lanes, index);
  }

  /** Functions of each sum, such as an activation. */
  get functions(): number {
    return this.region.members.filter(({ op }) => isMathFunction(op)).length;
  }

  get computesRight(): boolean {
    return !this.stored(this.contraction.right.base);
  }

  private elements(base: Node, lanes: number, index: Expr): Expr {
    if (this.stored(base)) return load(this.builder.buffer(base, "read"), this.type(lanes), index);
    return computed(this.builder, base, this.stored, lanes, this.builder.let(index));
  }

  /** Finishes one element: the elementwise members, and the stores. */
  epilogue(at: readonly Index[], value: Expr): void {
    const context: EvaluationContext = {
      ...this.operands,
      supply: (node) => (node === (this.dot as Node) ? value : null),
    };
    for (const node of this.region.stores) {
      const result = evaluate(context, node, at);
      const index = indexExpr(linear(at, contiguousStrides(node.shape)));
      this.builder.emit({ kind: "store", buffer: this.builder.buffer(node, "write"), index, value: result });
    }
  }
}
