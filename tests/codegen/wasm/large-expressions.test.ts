import { expect, test } from "vitest";
import { type Expr, f32, i32 } from "../../../ir/loop.ts";
import { add, buffer, c, int, kernelOf, letVar, load, loop, mul, op, runKernel, store, v } from "./harness.ts";

test("a chain of 20,000 operations in one expression", () => {
  let expr: Expr = load("a", v("i"));
  for (let i = 0; i < 20_000; i++) expr = add(expr, c(f32, 1));
  const out = new Float32Array(4);
  runKernel(
    kernelOf([buffer("a", "float32", 4), buffer("out", "float32", 4)], [loop("i", 4, [store("out", v("i"), expr)])]),
    [Float32Array.of(0, 1, 2, 3), out],
  );
  expect(Array.from(out)).toEqual([20000, 20001, 20002, 20003]);
});

test("an expression that shares its parts is emitted once for each part", () => {
  let expr: Expr = load("a", v("i"));
  for (let i = 0; i < 60; i++) expr = op("mul", f32, add(expr, expr), c(f32, 0.5));
  const out = new Float32Array(1);
  const bytes = runKernel(
    kernelOf([buffer("a", "float32", 1), buffer("out", "float32", 1)], [loop("i", 1, [store("out", v("i"), expr)])]),
    [Float32Array.of(3), out],
  );
  expect(out[0]).toBe(3);
  expect(bytes).toBeLessThan(1500);
});

test("index arithmetic through a long chain of names", () => {
  const names = Array.from({ length: 200 }, (_, i) => `x${i}`);
  const chain = names.map((name, i) =>
    letVar(name, i === 0 ? v("i") : op("rem", i32, add(v(names[i - 1]!), v(names[i - 1]!)), int(8))),
  );
  const linear = names.map((name, i) =>
    letVar(`y${name}`, i === 0 ? v("i") : add(v(`y${names[i - 1]}`), v(`y${names[i - 1]}`))),
  );
  const out = new Int32Array(8);
  runKernel(
    kernelOf(
      [buffer("out", "int32", 8)],
      [
        loop("i", 8, [
          ...chain,
          ...linear,
          store("out", add(v("i"), mul(int(0), v("yx199"))), add(v("x2"), v("yx20"))),
        ]),
      ],
    ),
    [out],
  );
  expect(Array.from(out)).toEqual(Array.from({ length: 8 }, (_, i) => ((i * 4) % 8) + i * 2 ** 20));
});
