/**
 * Puts a long row in order by the bytes of its elements, least byte first: each turn moves positions and keys to where
 * their byte's run begins, and keeps the order of equal bytes, so that the whole is a stable sort. A key is the element
 * as an unsigned number of the same order. A byte that all keys share takes no turn, so that small integers of a wide
 * type, or halves in float32 registers, cost what they hold.
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import type { NodeOf } from "../../ir/graph.ts";
import { Index } from "../../ir/index.ts";
import type { Expr, Kind } from "../../ir/loop.ts";
import { apply, cast, constant, integer, kindOf, load, select, typeOf, variable } from "./expressions.ts";
import type { KernelBuilder, Target } from "./kernel-builder.ts";

const i32 = typeOf("i32");
const bool = typeOf("bool");
const bucketCount = 256;
/** In rows that are shorter, merging takes no longer than finding where the runs of each byte begin. */
const shortest = (bytes: number): number => Math.max(32, 8 * bytes);

const plus = (a: Expr, b: Expr): Expr => apply("add", i32, a, b);

/** Bytes of a key: those of the type, and of the register for halves. */
function keyBytes({ dtype }: NodeOf<"sort">["inputs"][number]): number {
  const kind = kindOf(dtype);
  return kind === "f32" ? 4 : dtypeBytes(dtype);
}

/** Where there are no vectors, wide integers are no numbers of the machine's either. */
export function isByBytes({ attrs, inputs }: NodeOf<"sort">, target: Target): boolean {
  const bytes = keyBytes(inputs[0]!);
  return target.kind === "cpu" && inputs[0]!.shape[attrs.axis]! >= shortest(bytes) && (target.simd || bytes <= 4);
}

export class RadixSort {
  private readonly builder: KernelBuilder;
  private readonly length: number;
  private readonly kind: Kind;
  private readonly wide: boolean;
  private readonly bytes: number;
  private readonly bias: number;
  private readonly descending: boolean;
  private readonly elements: string;
  /** Two halves each, of which a turn reads one and writes the other. */
  private readonly keys: string;
  private readonly places: string;
  private readonly counts: string;
  private from!: Expr;

  constructor(builder: KernelBuilder, { attrs, inputs }: NodeOf<"sort">) {
    const { dtype, shape } = inputs[0]!;
    this.builder = builder;
    this.length = shape[attrs.axis]!;
    this.kind = kindOf(dtype);
    this.bytes = keyBytes(inputs[0]!);
    this.wide = this.bytes === 8;
    this.bias = dtype === "int8" ? 0x80 : dtype === "int16" ? 0x8000 : 0;
    this.descending = attrs.descending;
    this.elements = builder.scratch(dtype, this.length);
    this.keys = builder.scratch(this.wide ? "int64" : "int32", 2 * this.length);
    this.places = builder.scratch("int32", 2 * this.length);
    this.counts = builder.scratch("int32", bucketCount * this.bytes);
  }

  place(m: Expr): Expr {
    return load(this.places, i32, plus(this.from, m));
  }
  value(m: Expr): Expr {
    return load(this.elements, typeOf(this.kind), this.builder.let(this.place(m)));
  }

  take(valueAt: (place: Index) => Expr): void {
    const { builder, length, bytes } = this;
    this.over(bucketCount * bytes, (index) => this.set(this.counts, index, integer(0)));
    const k = builder.fresh("k");
    builder.loop(k, length, "serial", () => {
      const index = variable(k, i32);
      const value = builder.let(valueAt(Index.variable(k, length - 1)));
      const key = builder.let(this.keyOf(value));
      this.set(this.elements, index, value);
      this.set(this.keys, index, key);
      this.set(this.places, index, index);
      for (let byte = 0; byte < bytes; byte++) {
        const bucket = builder.let(plus(this.digit(key, integer(8 * byte)), integer(bucketCount * byte)));
        this.set(this.counts, bucket, plus(load(this.counts, i32, bucket), integer(1)));
      }
    });
    const from = builder.declare(integer(0), "from");
    this.over(bytes, (byte) => {
      const shift = builder.let(apply("mul", i32, byte, integer(8)));
      const base = builder.let(apply("mul", i32, byte, integer(bucketCount)));
      const first = this.digit(this.key(from), shift);
      const shared = load(this.counts, i32, plus(base, first));
      builder.if(apply("ne", bool, shared, integer(length)), () => this.turn(from, shift, base));
    });
    this.from = builder.name(from);
  }

  private turn(from: Expr & { op: "var" }, shift: Expr, base: Expr): void {
    const { builder, length } = this;
    const next = builder.declare(integer(0), "next");
    this.over(bucketCount, (bucket) => {
      const at = builder.let(plus(base, bucket));
      const count = builder.let(load(this.counts, i32, at));
      this.set(this.counts, at, next);
      builder.assign(next, plus(next, count));
    });
    const to = builder.let(apply("sub", i32, integer(length), from));
    this.over(length, (index) => {
      const source = builder.let(plus(from, index));
      const key = builder.let(this.key(source));
      const bucket = builder.let(plus(base, this.digit(key, shift)));
      const place = builder.let(load(this.counts, i32, bucket));
      this.set(this.counts, bucket, plus(place, integer(1)));
      const target = builder.let(plus(to, place));
      this.set(this.keys, target, key);
      this.set(this.places, target, load(this.places, i32, source));
    });
    builder.assign(from, to);
  }

  private key(index: Expr): Expr {
    return load(this.keys, typeOf(this.wide ? "i64" : "i32"), index);
  }

  private digit(key: Expr, shift: Expr): Expr {
    const { kind } = key.type;
    const byte = apply("and", key.type, apply("ushr", key.type, key, cast(shift, kind)), constant(kind, 0xff));
    return cast(byte, "i32");
  }

  private keyOf(value: Expr): Expr {
    const key = this.ordered(value);
    return this.descending ? apply("not", key.type, key) : key;
  }

  /** As an unsigned number. Of floats both zeros are one, and NaN is largest, whatever its bits. */
  private ordered(value: Expr): Expr {
    const { builder, wide, kind, bytes } = this;
    const type = typeOf(wide ? "i64" : "i32");
    if (kind === "bool") return cast(value, "i32");
    if (kind === "i32" && bytes < 4) return plus(value, integer(this.bias));
    const top = constant(type.kind, wide ? -(2n ** 63n) : -(2 ** 31));
    if (kind === "i32" || kind === "i64") return apply("xor", type, value, top);
    const zero = constant(type.kind, 0);
    const canonical = constant(type.kind, wide ? 0x7ff8n << 48n : 0x7fc00000);
    const isZero = apply("eq", bool, value, constant(kind, 0));
    const isNumber = apply("eq", bool, value, value);
    const bits = builder.let(select(isZero, zero, select(isNumber, apply("bitcast", type, value), canonical)));
    const sign = apply("shr", type, bits, constant(type.kind, wide ? 63 : 31));
    return apply("xor", type, bits, apply("or", type, sign, top));
  }

  private over(count: number, body: (index: Expr) => void): void {
    const name = this.builder.fresh("k");
    this.builder.loop(name, count, "serial", () => body(variable(name, i32)));
  }

  private set(buffer: string, index: Expr, value: Expr): void {
    this.builder.emit({ kind: "store", buffer, index, value });
  }
}
