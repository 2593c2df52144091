import { expect, test } from "vitest";
import { parameterNames } from "../../../frontend/export/parameter-names.ts";

const texts = (fn: (...args: never[]) => unknown): string[] =>
  parameterNames(fn).map(({ name, isRest }) => (isRest ? "..." : "") + String(name));
/** A function whose source is this very text: the test's own compiler would rewrite it. */
const written = (source: string): (() => unknown) => {
  const fn = (): unknown => null;
  const original = Function.prototype.toString;
  Function.prototype.toString = function (this: unknown) {
    return this === fn ? source : original.call(this);
  };
  try {
    return Object.assign(fn, { names: texts(fn) });
  } finally {
    Function.prototype.toString = original;
  }
};
const namesIn = (source: string): string[] => (written(source) as unknown as { names: string[] }).names;

test("methods, functions and arrows give their parameters' names", () => {
  expect(namesIn("forward(x, y) { return x; }")).toEqual(["x", "y"]);
  expect(namesIn("async forward(input) {}")).toEqual(["input"]);
  expect(namesIn("async(input) {}")).toEqual(["input"]);
  expect(namesIn("function named(a,b){}")).toEqual(["a", "b"]);
  expect(namesIn("function*(a) {}")).toEqual(["a"]);
  expect(namesIn("(a, b) => a")).toEqual(["a", "b"]);
  expect(namesIn("async (a) => a")).toEqual(["a"]);
  expect(namesIn("$x => $x")).toEqual(["$x"]);
  expect(namesIn("async größe => größe")).toEqual(["größe"]);
  expect(namesIn("forward() {}")).toEqual([]);
});

test("defaults, comments and patterns are passed over", () => {
  expect(namesIn("forward(x, mask = null, scale = f(1, [2, 3]), { a, b } = {}, [c] = [1, 2], ...rest) {}")).toEqual([
    "x",
    "mask",
    "scale",
    "null",
    "null",
    "...rest",
  ]);
  expect(namesIn('f(a = ")", b = \'(,\', c = `,${g(")", `,`)},`, d = /[),/]\\/,(/g, e = 4 / 2, f) {}')).toEqual([
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
  ]);
  expect(namesIn("f(/* image, */ x, // the (label\n y /* = 1 */,) {}")).toEqual(["x", "y"]);
  expect(namesIn("['for' + g(1)](x) {}")).toEqual(["x"]);
  expect(namesIn("f(a = (b, c) => ({ d: [b, c] }), e = class { m(x, y) {} }) {}")).toEqual(["a", "e"]);
});

test("what has no readable parameters has no names", () => {
  expect(texts(Math.max as never)).toEqual([]);
  expect(namesIn("class A { constructor(x) {} }")).toEqual([]);
});
