import { describe, expect, test } from "vitest";
import { parseKernel, parseProgram } from "../../../ir/text/index.ts";
import { verifyKernel, verifyProgram } from "../../../ir/verify/index.ts";

/** Statements of a kernel with a few buffers, and the rule that they break. */
const wrongStatements: readonly (readonly [statements: string, rule: string])[] = [
  ["a[0] = 1:f32", "a may be written"],
  ["b[0] = b[0]", "b may be read"],
  ["b[0] = 1", "b holds float32"],
  ["b[6] = 1:f32", "indices 6 to 6 (x1) lie in the 6 elements of b"],
  ["let t: f32 = s[0]\ns[0] = t", "s is written before"],
  ["serial i = 0 .. 4\n  b[(i * 2)] = 1:f32", "indices 0 to 6"],
  ["serial i = 0 .. 6\n  b[(i - 1)] = 1:f32", "indices -1 to 4"],
  ["serial i = 0 .. 6 step 4\n  b[i] = splat<f32x4>(n)", "indices 0 to 4 (x4)"],
  ["b[0] = t", "expected a variable"],
  ["let t: f32 = n\nlet t: f32 = n", "t is bound once"],
  ["serial n = 0 .. 2\n  barrier", "n is bound once"],
  ["let t: f32 = n\nt = 1:f32", "t is declared"],
  ["var t: f32 = n\nt = 1", "t keeps its type"],
  ["if 1\n  b[0] = n", "a condition is a truth value"],
  ["let t: f32 = (n + 1)", "operands of add have one type"],
  ["let t: i32 = and<i32>(n, n)", "and gives f32"],
  ["let t: f32 = exp(1)", "exp works on floats"],
  ["let t: i32 = add(1)", "add takes 2 operands"],
  ["let t: f32 = select(1, n, n)", "select chooses"],
  ["let t: f32x3 = splat<f32x3>(n)", "f32x3 is a register"],
  ["serial i = 0 .. n\n  b[i] = n", "loop bounds are i32"],
  ["serial i = 0 .. 6 step -1\n  b[i] = n", "whole and positive"],
  ["lane i = 0 .. 6\n  b[i] = n", "a lane loop stands in a parallel one"],
  ["barrier", "meet at a barrier"],
  ["parallel i = 0 .. 2\n  if lt(i, 1)\n    barrier", "meet at a barrier"],
];

describe("the verifier of kernels", () => {
  test.each(wrongStatements)("refuses %j: %s", (statements, rule) => {
    const body = statements.split("\n").map((line) => `  ${line}`);
    const text = [
      "kernel k(a: read float32[6], b: write float32[6], n: f32) workgroup 64",
      "  scratch s: float32[6]",
      ...body,
    ].join("\n");
    expect(() => verifyKernel(parseKernel(text))).toThrow(rule);
  });

  test("does not complain of loops that never run", () => {
    const text = `kernel k(b: write float32[3]) workgroup 64
  serial i = 0 .. and(3, -4) step 4
    b[i] = 1:f32x4`;
    expect(() => verifyKernel(parseKernel(text))).not.toThrow();
  });
});

const kernel = `run buffers (0, 2) numbers ()
  kernel copy(a: read float32[4], b: write float32[4]) workgroup 64
    serial i = 0 .. 4
      b[i] = a[i]
`;
const sound = `program p inputs 1 outputs 1 arena 128
slot 0: float32[4] bytes 16 input 0
slot 1: float32[4] bytes 16 output 0
slot 2: float32[4] bytes 16 temporary at 0
${kernel}copy 2 -> 1
`;
/** The right program with one line changed, and the rule that it breaks. */
const wrongPrograms: readonly (readonly [from: string, to: string, rule: string])[] = [
  ["slot 1: float32[4] bytes 16", "slot 1: float32[4] bytes 8", "the bytes of its contents"],
  ["slot 1: float32", "slot 3: float32", "slots are numbered by their places"],
  ["output 0", "output 1", "inputs and results are numbered once"],
  ["outputs 1", "outputs 2", "every result has a slot"],
  ["temporary at 0", "temporary at 120", "a temporary lies in the arena"],
  ["buffers (0, 2)", "buffers (0)", "every argument is bound"],
  ["buffers (0, 2)", "buffers (2, 0)", "an input is only read"],
  ["buffers (0, 2)", "buffers (0, 1)", "memory is written before it is read"],
  ["a: read float32[4]", "a: read float32[5]", "bound to a slot of its size"],
  ["a: read float32[4]", "a: read int32[4]", "bound to a slot of its type"],
  ["copy 2 -> 1", "copy 2 -> 2", "a result is written"],
  ["b: write float32[4])", "b: write float32[4], n: f32)", "every number is bound"],
  ["temporary at 0", "temporary at 0\nslot 3: float32[4] bytes 16 temporary at 8", "never overlap"],
  ["output 0", "donated 0 of 0", "reads memory that a result has taken over"],
];

describe("the verifier of programs", () => {
  test("accepts a program that is right", () => {
    expect(() => verifyProgram(parseProgram(sound))).not.toThrow();
  });

  test.each(wrongPrograms)("refuses %j as %j: %s", (from, to, rule) => {
    let text = sound.replace(from, to);
    if (rule === "never overlap") text = text.replace("copy 2 -> 1", "copy 0 -> 3\ncopy 2 -> 1\ncopy 3 -> 1");
    if (rule.startsWith("reads memory")) text = text.replace("copy 2 -> 1", "copy 2 -> 1\ncopy 0 -> 2");
    expect(text).not.toBe(sound);
    expect(() => verifyProgram(parseProgram(text))).toThrow(rule);
  });

  test("refuses to write over elements that are read later", () => {
    const shift = (index: string): string => `program p inputs 1 outputs 1 arena 0
slot 0: float32[4] bytes 16 input 0
slot 1: float32[4] bytes 16 donated 0 of 0
run buffers (0, 1) numbers ()
  kernel shift(a: read float32[4], b: write float32[4]) workgroup 64
    serial i = 0 .. 4
      b[i] = a[${index}]
`;
    verifyProgram(parseProgram(shift("i")));
    expect(() => verifyProgram(parseProgram(shift("(3 - i)")))).toThrow("shift reads what it has overwritten");
  });
});
