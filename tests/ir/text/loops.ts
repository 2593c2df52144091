/** Random kernels that are well formed, for the round trip through text and for the verifier. */
import fc from "fast-check";
import type { DType } from "../../../ir/dtype.ts";
import {
  registerKind,
  type BufferParam,
  type Expr,
  type Kind,
  type LoopKernel,
  type Operation,
  type Stmt,
  type Type,
} from "../../../ir/loop.ts";
import { Choices, instructionList } from "../../fuzz/choices.ts";

const i32: Type = { kind: "i32", lanes: 1 };
const kinds: readonly Kind[] = ["i32", "f32", "bool", "f64", "i64"];
const memoryTypes: readonly DType[] = [
  "float32",
  "int32",
  "bool",
  "float64",
  "int64",
  "float16",
  "bfloat16",
  "int8",
  "int16",
  "uint8",
];
const lanesOf = (kind: Kind): number => (kind === "f64" || kind === "i64" ? 2 : 4);
const isFloat = (kind: Kind): boolean => kind === "f32" || kind === "f64";

const numberOps = ["add", "sub", "mul", "div", "min", "max", "rem"] as const;
const bitOps = ["and", "or", "xor"] as const;
const functions = ["exp", "tanh", "erf", "sqrt", "neg", "abs", "floor", "lgamma"] as const;

/** One element in a register. */
const elementOf = ({ dtype }: BufferParam): Type => ({
  kind: registerKind[dtype as Exclude<DType, "complex64" | "complex128">],
  lanes: 1,
});

class KernelMaker {
  private readonly c: Choices;
  private readonly buffers: BufferParam[];
  private readonly variables: { name: string; type: Type; assignable: boolean }[][] = [[]];
  private count = 0;

  constructor(numbers: readonly number[], buffers: BufferParam[]) {
    this.c = new Choices(numbers);
    this.buffers = buffers;
  }

  body(depth: number, parallel: boolean, conditional = false): Stmt[] {
    this.variables.push([]);
    const body = Array.from({ length: 1 + this.c.below(3) }, () => this.statement(depth, parallel, conditional));
    this.variables.pop();
    return body;
  }

  /** Memory of the kernel's own is written before it is read. */
  fills(): Stmt[] {
    return this.buffers
      .filter(({ scope }) => scope !== "argument")
      .map((buffer) => ({
        kind: "store",
        buffer: buffer.name,
        index: { op: "const", type: i32, value: 0 },
        value: this.literal(elementOf(buffer)),
      }));
  }

  private bind(prefix: string, type: Type, assignable = false): string {
    const name = `${prefix}${this.count++}`;
    this.variables.at(-1)!.push({ name, type, assignable });
    return name;
  }

  private statement(depth: number, parallel: boolean, conditional: boolean): Stmt {
    const type = this.type();
    switch (this.c.below(depth > 0 ? 9 : 4)) {
      case 0: {
        const value = this.value(type, 3);
        return { kind: "let", name: this.bind("t", type), value };
      }
      case 1: {
        const value = this.value(type, 2);
        return { kind: "declare", name: this.bind("acc", type, true), value };
      }
      case 2: {
        const target = this.variables.flat().filter(({ assignable }) => assignable);
        if (target.length === 0) return { kind: "fence", counter: this.value(i32, 1), never: -3 };
        const { name, type: kept } = this.c.pick(target);
        return { kind: "assign", name, value: this.value(kept, 3) };
      }
      case 3: {
        const buffer = this.c.pick(this.buffers);
        return { kind: "store", buffer: buffer.name, index: this.index(), value: this.value(elementOf(buffer), 2) };
      }
      case 4:
      case 5:
      case 6: {
        const mode = this.c.pick(parallel ? (["serial", "lane"] as const) : (["serial", "parallel"] as const));
        const [start, end] = [this.value(i32, 1), this.value(i32, 1)];
        this.variables.push([]);
        const name = this.bind("i", i32);
        const body = this.body(depth - 1, parallel || mode === "parallel", conditional);
        this.variables.pop();
        return { kind: "for", name, start, end, step: this.c.pick([1, 4, 3]), mode, body };
      }
      case 7: {
        const condition = this.value({ kind: "bool", lanes: 1 }, 2);
        const whenTrue = this.body(depth - 1, parallel, true);
        return {
          kind: "if",
          condition,
          then: whenTrue,
          else: this.c.below(2) === 0 ? [] : this.body(depth - 1, parallel, true),
        };
      }
      default:
        if (parallel && !conditional && this.c.below(2) === 0) return { kind: "barrier" };
        return {
          kind: "while",
          condition: this.value({ kind: "bool", lanes: 1 }, 2),
          body: this.body(depth - 1, parallel, true),
        };
    }
  }

  private type(): Type {
    const kind = this.c.pick(kinds);
    return { kind, lanes: this.c.oneIn(3) ? lanesOf(kind) : 1 };
  }

  /** Nothing is known of what was loaded, so no index is found to leave its buffer. */
  private index(): Expr {
    const buffer = this.buffers.find(({ dtype }) => dtype === "int32")!;
    return { op: "load", type: i32, buffer: buffer.name, index: { op: "const", type: i32, value: this.c.below(4) } };
  }

  private literal(type: Type): Expr {
    const { kind } = type;
    const value = this.c.pick([0, 1, -1, 7, 100]);
    if (kind === "i64") return { op: "const", type, value: BigInt(value) * 10n ** 15n };
    if (kind === "bool") return { op: "const", type, value: value & 1 };
    return {
      op: "const",
      type,
      value: isFloat(kind) ? this.c.pick([value, 0.1, -0, NaN, Infinity, -Infinity, 1e-40, 2.5e30]) : value,
    };
  }

  private value(type: Type, depth: number): Expr {
    const known = this.variables.flat().filter((v) => v.type.kind === type.kind && v.type.lanes === type.lanes);
    if (known.length > 0 && this.c.below(3) === 0) return { op: "var", type, name: this.c.pick(known).name };
    if (depth === 0) return this.literal(type);
    const below = (of = type): Expr => this.value(of, depth - 1);
    const apply = (op: Operation, ...args: Expr[]): Expr => ({ op, type, args });
    const { kind, lanes } = type;
    switch (this.c.below(8)) {
      case 0: {
        const sources = this.buffers.filter(({ dtype }) => registerKind[dtype as "float32"] === kind);
        return { op: "load", type, buffer: this.c.pick(sources).name, index: this.index() };
      }
      case 1:
        if (kind === "bool")
          return apply(this.c.pick(["lt", "eq", "ne"]), ...this.pair({ kind: "f32", lanes: 4 }, depth, lanes));
        return apply(this.c.pick(numberOps), below(), below());
      case 2:
        if (isFloat(kind)) return apply(this.c.pick(functions), below());
        return apply(this.c.pick(bitOps), below(), below());
      case 3:
        return apply("select", below({ kind: "bool", lanes }), below(), below());
      case 4: {
        const from = this.c.pick(
          kinds.filter((k) => k !== kind && lanesOf(k) >= lanes && (lanes === 1 || lanesOf(k) === lanes)),
        );
        return from === undefined ? this.literal(type) : apply("cast", below({ kind: from, lanes }));
      }
      case 5:
        if (lanes > 1) return kind === "i32" ? apply("ramp", below(i32)) : apply("splat", below({ kind, lanes: 1 }));
        if (kind === "bool") return this.literal(type);
        return this.c.below(2) === 0
          ? { op: "extract", type, args: [below({ kind, lanes: lanesOf(kind) })], lane: 1 }
          : apply("reduce_add", below({ kind, lanes: lanesOf(kind) }));
      case 6:
        if (kind === "f32")
          return { op: "narrow", type, args: [below()], memory: this.c.pick(["float16", "bfloat16"] as const) };
        if (kind === "i32")
          return { op: "narrow", type, args: [below()], memory: this.c.pick(["int8", "uint8", "int16"] as const) };
        return this.literal(type);
      default:
        if (kind === "i32" && lanes === 1)
          return this.c.below(2) === 0 ? { op: "local_index", type, args: [] } : { op: "param", type, name: "n" };
        return kind === "f32" ? apply("madd", below(), below(), below()) : this.literal(type);
    }
  }

  private pair(type: Type, depth: number, lanes: number): Expr[] {
    const of = { kind: lanes === 2 ? ("f64" as const) : type.kind, lanes };
    return [this.value(of, depth - 1), this.value(of, depth - 1)];
  }
}

export const randomKernel: fc.Arbitrary<LoopKernel> = fc
  .tuple(instructionList(1), fc.boolean(), fc.boolean())
  .map(([[numbers], status, named]) => {
    const scopes = ["argument", "scratch", "workgroup"] as const;
    const buffers = memoryTypes.map((dtype, i): BufferParam => ({
      name: `b${i}`,
      dtype,
      elements: 8 + i,
      access: "readwrite",
      scope: scopes[Math.floor(i / 4)]!,
    }));
    // Longer programs of decisions than an instruction of a graph needs.
    const long = Array.from({ length: 200 }, (_, i) => (numbers![i % numbers!.length]! * (i + 1) * 7919) % 9973);
    const maker = new KernelMaker(long, buffers);
    return {
      name: named ? "k0_softmax" : "k",
      buffers,
      numbers: [
        { name: "n", kind: "i32" },
        { name: "scale", kind: "f64" },
      ],
      body: [...maker.fills(), ...maker.body(3, false)],
      workgroupSize: 64,
      ...(status ? { status } : {}),
    };
  });
