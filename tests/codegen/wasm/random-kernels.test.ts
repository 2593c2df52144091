import { expect, test } from "vitest";
import { bool, type Expr, i32, type LoopKernel, type Stmt } from "../../../ir/loop.ts";
import { interpret } from "./interpreter.ts";
import {
  add,
  assign,
  buffer,
  declare,
  int,
  kernelOf,
  letVar,
  load,
  loop,
  mul,
  op,
  p,
  runKernel,
  store,
  v,
} from "./harness.ts";

const size = 4096;
const numbers = { n: 5, m: 3, k: -2 };

/** Writes random nests of loops over two buffers; every index stays inside them. */
class Generator {
  private state: number;
  private count = 0;
  /** Counters in scope, all in 0..9, and other immutable integers. */
  private readonly counters: string[] = [];
  private readonly values: string[] = [];
  private readonly accumulators: string[] = [];

  constructor(seed: number) {
    this.state = seed;
  }

  kernel(): LoopKernel {
    const body = this.block(0);
    return kernelOf([buffer("a", "int32", size), buffer("b", "int32", size)], body, [
      { name: "n", kind: "i32" },
      { name: "m", kind: "i32" },
      { name: "k", kind: "i32" },
    ]);
  }

  private below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }
  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  private block(depth: number): Stmt[] {
    const scope = [this.values.length, this.accumulators.length];
    const statements: Stmt[] = [];
    for (let i = 0; i < 2 + this.below(3); i++) statements.push(...this.statement(depth));
    this.values.length = scope[0]!;
    this.accumulators.length = scope[1]!;
    return statements;
  }

  private statement(depth: number): Stmt[] {
    const name = `x${this.count++}`;
    switch (this.below(depth < 4 ? 8 : 5)) {
      case 0: {
        const made = letVar(name, this.value(3));
        this.values.push(name);
        return [made];
      }
      case 1: {
        const made = declare(name, this.value(2));
        this.accumulators.push(name);
        return [made];
      }
      case 2:
        if (this.accumulators.length === 0) return [];
        return [assign(this.pick(this.accumulators), this.value(3))];
      case 3:
      case 4:
        return [store(this.pick(["a", "b"]), this.index(), this.value(3))];
      case 5:
        return [
          {
            kind: "if",
            condition: op(this.pick(["lt", "eq"] as const), bool, this.value(2), this.value(2)),
            then: this.block(depth + 1),
            else: this.below(2) === 0 ? [] : this.block(depth + 1),
          },
        ];
      default: {
        const ends = [
          int(4),
          int(9),
          int(1),
          int(0),
          p("n", i32),
          p("m", i32),
          p("k", i32),
          ...this.counters.map((c) => v(c)),
        ];
        const starts = [int(0), int(1), int(2), ...this.counters.map((c) => v(c))];
        const [start, end] = [this.pick(starts), this.pick(ends)];
        this.counters.push(name);
        const body = this.block(depth + 1);
        if (this.below(3) === 0) body.push({ kind: "fence", counter: v(name), never: -1 - this.below(9) });
        this.counters.pop();
        return [loop(name, end, body, 1 + this.below(3), start)];
      }
    }
  }

  /** A sum of multiples of counters around the middle, or anything wrapped to a few elements there. */
  private index(): Expr {
    if (this.below(4) === 0) return add(int(1800), op("and", i32, this.value(2), int(7)));
    let index: Expr = int(1800 + this.below(8));
    for (const counter of this.counters) {
      const factor = this.pick([int(1), int(1), int(-1), int(37), int(-20), p("n", i32), p("k", i32)]);
      const term = this.below(2) === 0 ? mul(v(counter), factor) : mul(factor, add(v(counter), int(this.below(3))));
      index = this.below(3) === 0 ? op("sub", i32, index, term) : add(term, index);
    }
    return index;
  }

  private value(depth: number): Expr {
    if (depth === 0 || this.below(4) === 0) {
      const leaves: Expr[] = [int(this.below(20) - 5), p(this.pick(["n", "m", "k"]), i32)];
      for (const names of [this.counters, this.values, this.accumulators]) {
        if (names.length > 0) leaves.push(v(this.pick(names)));
      }
      return this.pick(leaves);
    }
    if (this.below(5) === 0) return load(this.pick(["a", "b"]), this.index(), i32);
    const name = this.pick(["add", "sub", "mul", "div", "rem", "min", "max", "xor", "neg", "select"] as const);
    const one = (): Expr => this.value(depth - 1);
    if (name === "neg") return op(name, i32, one());
    if (name === "select") return op(name, i32, op("lt", bool, one(), one()), one(), one());
    if ((name === "div" || name === "rem") && this.below(2) === 0) {
      return op(name, i32, one(), int(this.pick([1, -1, 0, 4, 7, 16, -3])));
    }
    return op(name, i32, one(), one());
  }
}

test("random kernels do what their statements say", () => {
  const different: number[] = [];
  for (let seed = 1; seed <= 1500; seed++) {
    const kernel = new Generator(seed * 7919).kernel();
    const arrays = ["a", "b"].map((_, which) => Int32Array.from({ length: size }, (__, i) => (i * (which + 3)) % 101));
    const [a, b] = arrays.map((array) => array.slice());
    interpret(kernel, { a: a!, b: b! }, numbers);
    runKernel(kernel, arrays, Object.values(numbers));
    const same = arrays[0]!.every((x, i) => x === a![i]) && arrays[1]!.every((x, i) => x === b![i]);
    if (!same) different.push(seed);
  }
  expect(different).toEqual([]);
});
