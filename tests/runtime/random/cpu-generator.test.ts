import { expect, test } from "vitest";
import { ValueError } from "../../../ir/errors.ts";
import { CpuGenerator, fillNormal, fillUniform } from "../../../runtime/random/draws.ts";

const next = (generator: CpuGenerator): number[] => Array.from({ length: 5 }, () => generator.random());

test("equal seeds give equal streams, and manual_seed restarts one", () => {
  const generator = new CpuGenerator(5);
  const first = next(generator);
  expect(next(new CpuGenerator(5n))).toEqual(first);
  expect(next(generator)).not.toEqual(first);
  expect(next(generator.manual_seed(5))).toEqual(first);
});

test("a generator without a seed has PyTorch's default one", () => {
  expect(new CpuGenerator().initial_seed()).toBe(67280421310721);
});

test("a negative seed stands for the unsigned number with its bits", () => {
  expect(new CpuGenerator(-1).initial_seed()).toBe(2n ** 64n - 1n);
  expect(next(new CpuGenerator(-1))).toEqual(next(new CpuGenerator(0xffffffff)));
  expect(new CpuGenerator(-(2n ** 63n)).initial_seed()).toBe(2n ** 63n);
});

test.each([1.5, NaN, Infinity, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n])("the seed %s is refused", (seed) => {
  expect(() => new CpuGenerator(seed)).toThrow(ValueError);
});

test("seed() reseeds from entropy and tells the seed", () => {
  const generator = new CpuGenerator(1);
  const seed = generator.seed();
  expect(Number.isSafeInteger(seed)).toBe(true);
  expect(generator.initial_seed()).toBe(seed);
  expect(next(new CpuGenerator(seed))).toEqual(next(generator));
  expect(generator.seed()).not.toBe(seed);
});

test("a state is PyTorch's 5056 bytes", () => {
  const generator = new CpuGenerator(0x123456789n);
  generator.random();
  generator.next_double_normal_sample = 1.25;
  generator.next_float_normal_sample = -0.5;
  const bytes = generator.get_state();
  const view = new DataView(bytes.buffer);
  expect(bytes.length).toBe(5056);
  expect(view.getBigUint64(0, true)).toBe(0x123456789n);
  expect([view.getInt32(8, true), view.getInt32(12, true), view.getBigUint64(16, true)]).toEqual([624, 1, 1n]);
  expect(view.getUint32(28, true), "words stand in 64 bits each").toBe(0);
  expect([view.getFloat64(5024, true), view.getInt32(5040, true)]).toEqual([1.25, 1]);
  expect([view.getFloat32(5048, true), view.getUint8(5052)]).toEqual([-0.5, 1]);
});

test("a fresh state holds the seeded words, the first being the seed", () => {
  const view = new DataView(new CpuGenerator(42).get_state().buffer);
  expect([view.getInt32(8, true), view.getUint32(16, true), view.getUint32(24, true)]).toEqual([1, 0, 42]);
  expect(view.getUint32(32, true)).toBe((Math.imul(1812433253, 42) + 1) >>> 0);
});

test.each([0, 3, 700])("set_state continues a stream after %i words, the cached normal included", (taken) => {
  const generator = new CpuGenerator(9);
  for (let i = 0; i < taken; i++) generator.random();
  fillNormal(new Float32Array(3), generator);
  expect(generator.next_double_normal_sample).toBeDefined();
  const copy = new CpuGenerator(0).set_state(generator.get_state());
  expect(copy.initial_seed()).toBe(9);
  const clone = generator.clone();
  const draw = (from: CpuGenerator): Float32Array[] => {
    const normals = new Float32Array(3);
    const uniforms = new Float32Array(1000);
    fillNormal(normals, from);
    fillUniform(uniforms, from);
    return [normals, uniforms];
  };
  const expected = draw(generator);
  expect(draw(copy)).toEqual(expected);
  expect(draw(clone)).toEqual(expected);
});

test("a clone moves on alone", () => {
  const generator = new CpuGenerator(2);
  const clone = generator.clone();
  next(clone);
  expect(next(generator)).toEqual(next(new CpuGenerator(2)));
});

test("manual_seed forgets the cached normal", () => {
  const generator = new CpuGenerator(3);
  fillNormal(new Float32Array(1), generator);
  generator.manual_seed(3);
  expect(generator.next_double_normal_sample).toBeUndefined();
});

test("bytes that are no state are refused and change nothing", () => {
  const generator = new CpuGenerator(4);
  const broken = generator.get_state();
  new DataView(broken.buffer).setInt32(8, 0, true);
  expect(() => generator.set_state(broken)).toThrow(/Invalid mt19937 state/);
  expect(() => generator.set_state(new Uint8Array(5048))).toThrow(
    /of size 5056 but found the input RNG state size to be 5048/,
  );
  expect(next(generator)).toEqual(next(new CpuGenerator(4)));
});

test("a state is read from any offset of a buffer", () => {
  const generator = new CpuGenerator(8);
  const shifted = new Uint8Array(5059);
  shifted.set(generator.get_state(), 3);
  expect(next(new CpuGenerator(0).set_state(shifted.subarray(3)))).toEqual(next(generator));
});
