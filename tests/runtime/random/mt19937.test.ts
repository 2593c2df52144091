import { expect, test } from "vitest";
import { Mt19937 } from "../../../runtime/random/mt19937.ts";

test("seed 5489 gives the C++ standard's first and ten-thousandth outputs", () => {
  const engine = new Mt19937();
  expect(engine.random32()).toBe(3499211612);
  for (let i = 2; i < 10_000; i++) engine.random32();
  expect(engine.random32()).toBe(4123659995);
});

test("fill hands out what random32 would, from any position and in any chunks", () => {
  const one = new Mt19937(7);
  const expected = Array.from({ length: 3000 }, () => one.random32());
  const other = new Mt19937(7);
  const out = new Uint32Array(3000);
  for (let start = 0, size = 1; start < out.length; start += size, size = Math.min(size * 3, out.length - start)) {
    other.fill(out, start, size);
  }
  expect(Array.from(out)).toEqual(expected);
  expect(other.random32()).toBe(one.random32());
});

test("signed and unsigned arrays receive the same bits", () => {
  const unsigned = new Uint32Array(700);
  const signed = new Int32Array(700);
  new Mt19937(3).fill(unsigned);
  new Mt19937(3).fill(signed);
  expect(new Uint32Array(signed.buffer)).toEqual(unsigned);
});

test.each([0, 1, 623, 624, 625])("a state saved after %i outputs continues with the same ones", (taken) => {
  const engine = new Mt19937(11);
  for (let i = 0; i < taken; i++) engine.random32();
  const copy = new Mt19937(0);
  copy.setState(engine.getState());
  const clone = new Mt19937(0);
  clone.copyFrom(engine);
  for (let i = 0; i < 1300; i++) {
    const expected = engine.random32();
    expect(copy.random32()).toBe(expected);
    expect(clone.random32()).toBe(expected);
  }
});

test("next and left count as PyTorch's engine counts", () => {
  const engine = new Mt19937(0);
  const counters = (): number[] => [engine.getState().next, engine.getState().left];
  expect(counters()).toEqual([0, 1]);
  engine.random32();
  expect(counters()).toEqual([1, 624]);
  for (let i = 1; i < 624; i++) engine.random32();
  expect(counters()).toEqual([624, 1]);
  engine.random32();
  expect(counters()).toEqual([1, 624]);
});
