import { describe, expect, test } from "vitest";
import { type Expr, f32, f64, i32 } from "../../../ir/loop.ts";
import {
  add,
  assign,
  buffer,
  c,
  declare,
  int,
  kernelOf,
  letVar,
  load,
  loop,
  op,
  runKernel,
  store,
  v,
  vec,
} from "./harness.ts";

const special = [0, -0, NaN, Infinity, -Infinity, 1, -1, 3];

describe.each([
  ["float32", f32, Float32Array],
  ["float64", f64, Float64Array],
] as const)("of %s vectors", (dtype, type, FloatArray) => {
  const vector = vec(type);
  const { lanes } = vector;

  test.each(["min", "max"] as const)("%s against a constant keeps NaN and the order of zeros", (name) => {
    for (const bound of special) {
      const out = new FloatArray(special.length);
      const splat = op("splat", vector, c(type, bound));
      const value = load("a", v("i"), vector);
      for (const args of [
        [value, splat],
        [c(vector, bound), value],
      ] as Expr[][]) {
        runKernel(
          kernelOf(
            [buffer("a", dtype, 8), buffer("out", dtype, 8)],
            [loop("i", 8, [store("out", v("i"), op(name, vector, ...args))], lanes)],
          ),
          [FloatArray.from(special), out],
        );
        expect(Array.from(out)).toEqual(special.map((x) => Math[name](x, bound)));
      }
    }
  });

  test.each([
    ["min", "in loops"],
    ["max", "in loops"],
    ["min", "one after the other"],
    ["max", "one after the other"],
  ] as const)("%s folded %s equals the fold in order", (name, how) => {
    // Every sequence of three values after every start, one in each lane.
    const starts = [name === "max" ? -Infinity : Infinity, NaN, 0, -0];
    const rows = starts.flatMap((start) =>
      special.flatMap((x) => special.flatMap((y) => special.map((z) => [start, x, y, z]))),
    );
    const input = new FloatArray(rows.length * 4);
    const count = rows.length;
    rows.forEach((row, i) => row.forEach((x, k) => (input[k * count + i] = x)));
    const out = new FloatArray(count);
    const at = (k: Expr): Expr => load("a", add(op("mul", i32, k, int(count)), v("i")), vector);
    const fold = (e: Expr, first: boolean): Expr =>
      first ? op(name, vector, v("best", vector), e) : op(name, vector, e, v("best", vector));
    for (const first of [true, false]) {
      runKernel(
        kernelOf(
          [buffer("a", dtype, count * 4), buffer("out", dtype, count)],
          [
            loop(
              "i",
              count,
              [
                declare("best", at(int(0))),
                ...(how === "in loops"
                  ? [loop("k", 4, [loop("m", 1, [assign("best", fold(at(v("k")), first))])], 1, 1)]
                  : [1, 2, 3, 3, 1].map((k) => assign("best", fold(at(int(k)), first)))),
                store("out", v("i"), v("best", vector)),
              ],
              lanes,
            ),
          ],
        ),
        [input, out],
      );
      expect(Array.from(out)).toEqual(rows.map((row) => Math[name](...row)));
    }
  });

  test("an accumulator that is read in the loop keeps its plain form", () => {
    const out = new FloatArray(8 * lanes);
    const values = [1, 5, NaN, 2, 7, -0, 0, 3];
    runKernel(
      kernelOf(
        [buffer("a", dtype, 8), buffer("out", dtype, 8 * lanes)],
        [
          declare("best", c(vector, 0)),
          loop("i", 8, [
            assign("best", op("max", vector, v("best", vector), op("splat", vector, load("a", v("i"), type)))),
            letVar("now", op("add", vector, v("best", vector), c(vector, 0))),
            store("out", op("mul", i32, v("i"), int(lanes)), v("now", vector)),
          ]),
        ],
      ),
      [FloatArray.from(values), out],
    );
    const running = values.map((_, i) => Math.max(0, ...values.slice(0, i + 1)));
    expect(Array.from(out).filter((_, i) => i % lanes === 0)).toEqual(running);
  });
});
