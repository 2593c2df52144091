/**
 * Collects the statements, buffers and numbers of one kernel while a region is lowered. Values of graph nodes are
 * computed at symbolic coordinates and remembered per scope, so that each is computed once where it is first needed.
 */
import type { DType } from "../../ir/dtype.ts";
import type { Node } from "../../ir/graph.ts";
import { Index } from "../../ir/index.ts";
import type { BufferParam, Expr, LoopKernel, LoopMode, NumberParam, Stmt } from "../../ir/loop.ts";
import { elementCount } from "../../ir/shape.ts";
import { constant, integer, kindOf, typeOf, variable } from "./expressions.ts";

interface Scope {
  readonly body: Stmt[];
  readonly known: Map<string, Expr>;
}

/** A lowered kernel, with the graph nodes that its parameters stand for. */
export interface LoweredKernel {
  readonly kernel: LoopKernel;
  /** Nodes whose memory is bound, in the order of the `argument` buffers. */
  readonly arguments: readonly Node[];
  /** Scalar nodes bound to the numbers. */
  readonly scalars: readonly Node[];
}

/** Finds the fastest of kernels that compute the same. */
export interface Tuner {
  /** Tuners of one name choose alike. */
  readonly name: string;
  /** @returns the place of one of the kernels; the first is the likely one */
  choose(kernels: readonly LoopKernel[]): number;
}

export interface Target {
  readonly kind: "cpu" | "gpu";
  /** 128-bit vectors are available. */
  readonly simd: boolean;
  /** A contraction's are of 64-bit elements. */
  readonly wide?: boolean;
  /** A multiply-add is one instruction, with no register for the product. */
  readonly fused?: boolean;
  /**
   * Sizes may vary between programs that are to share their kernels: the form of the code must not depend on how sizes
   * divide, or on their being 1. Such kernels are scheduled when it is known what they share (scheduleShared).
   */
  readonly dynamic?: boolean;
  /** Where there is none, estimates choose between schedules. */
  readonly tuner?: Tuner;
}

export class KernelBuilder {
  readonly target: Target;
  private readonly scopes: Scope[] = [{ body: [], known: new Map() }];
  private readonly buffers = new Map<Node, { name: string; access: "read" | "write" | "readwrite" }>();
  private readonly locals: BufferParam[] = [];
  private readonly numbers = new Map<Node, NumberParam>();
  private count = 0;
  workgroupSize = 64;

  constructor(target: Target) {
    this.target = target;
  }

  fresh(prefix: string): string {
    return `${prefix}${this.count++}`;
  }

  /** The buffer that holds a node's value. */
  buffer(node: Node, access: BufferParam["access"]): string {
    const known = this.buffers.get(node);
    if (known !== undefined) {
      if (known.access !== access) known.access = "readwrite";
      return known.name;
    }
    const name = `b${this.buffers.size}`;
    this.buffers.set(node, { name, access });
    return name;
  }

  scratch(dtype: DType, elements: number, scope: "scratch" | "workgroup" = "scratch"): string {
    const name = this.fresh("s");
    this.locals.push({ name, dtype, elements, access: "readwrite", scope });
    return name;
  }

  scalar(node: Node): Expr {
    let number = this.numbers.get(node);
    if (number === undefined) {
      number = { name: `number${this.numbers.size}`, kind: kindOf(node.dtype) };
      this.numbers.set(node, number);
    }
    return { op: "param", type: typeOf(number.kind), name: number.name };
  }

  emit(statement: Stmt): void {
    this.scopes.at(-1)!.body.push(statement);
  }

  /** Names a value, unless it is already a name or a literal. */
  let(value: Expr, prefix = "t"): Expr {
    return value.op === "var" || value.op === "const" || value.op === "param" ? value : this.name(value, prefix);
  }

  /** Names a value as it is now. */
  name(value: Expr, prefix = "t"): Expr {
    const name = this.fresh(prefix);
    this.emit({ kind: "let", name, value });
    return variable(name, value.type);
  }

  declare(value: Expr, prefix = "a"): Expr & { op: "var" } {
    const name = this.fresh(prefix);
    this.emit({ kind: "declare", name, value });
    return variable(name, value.type) as Expr & { op: "var" };
  }

  assign(target: Expr, value: Expr): void {
    if (target.op === "var") this.emit({ kind: "assign", name: target.name, value });
  }

  /** The position in a loop of `count` iterations. */
  position(name: string, count: number): Index {
    return Index.variable(name, Math.max(this.target.dynamic ? 1 : 0, count - 1));
  }

  /** The first of `count` positions in a row that all lie below `size`: by the same bounds for every size. */
  firstOf(name: string, count: number, size: number): Index {
    return Index.named(name, Math.max(0, size - count));
  }

  loop(name: string, count: number, mode: LoopMode, body: () => void): void {
    this.range(name, integer(0), integer(count), 1, mode, body);
  }

  range(name: string, start: Expr, end: Expr, step: number, mode: LoopMode, body: () => void): void {
    const statements = this.inScope(body);
    this.emit({ kind: "for", name, start, end, step, mode, body: statements });
  }

  if(condition: Expr, then: () => void, otherwise: () => void = () => {}): void {
    this.emit({ kind: "if", condition, then: this.inScope(then), else: this.inScope(otherwise) });
  }

  inScope(body: () => void): Stmt[] {
    const scope: Scope = { body: [], known: new Map() };
    this.scopes.push(scope);
    try {
      body();
    } finally {
      this.scopes.pop();
    }
    return scope.body;
  }

  private static key(node: Node, at: readonly Index[]): string {
    return node.id + "@" + at.map((index) => index.key).join(",");
  }
  known(node: Node, at: readonly Index[]): Expr | undefined {
    const key = KernelBuilder.key(node, at);
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const value = this.scopes[i]!.known.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }
  remember(node: Node, at: readonly Index[], value: Expr): void {
    this.scopes.at(-1)!.known.set(KernelBuilder.key(node, at), value);
  }

  finish(name: string): LoweredKernel {
    const parameters: BufferParam[] = [...this.buffers].map(([node, { name: buffer, access }]) => ({
      name: buffer,
      dtype: node.dtype,
      elements: Math.max(1, elementCount(node.shape)),
      access,
      scope: "argument",
    }));
    return {
      kernel: {
        name,
        buffers: [...parameters, ...this.locals],
        numbers: [...this.numbers.values()],
        body: this.scopes[0]!.body,
        workgroupSize: this.workgroupSize,
      },
      arguments: [...this.buffers.keys()],
      scalars: [...this.numbers.keys()],
    };
  }
}

export const zeroOf = (dtype: DType): Expr => constant(kindOf(dtype), 0);
