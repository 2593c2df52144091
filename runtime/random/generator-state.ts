/**
 * PyTorch's byte layout of a CPU generator's state (`torch.get_rng_state`), little-endian, 5056 bytes:
 *
 *      0  u64        seed
 *      8  i32        left: outputs left before the next twist, plus one
 *     12  i32        1 once seeded
 *     16  u64        next: index of the next word
 *     24  u64[624]   the words, each in 64 bits
 *   5016  f64        unused
 *   5024  f64        the cached float64 normal
 *   5032  f64        unused
 *   5040  i32        1 if that one is valid; four bytes of padding
 *   5048  f32        the cached float32 normal
 *   5052  u8         1 if that one is valid; three bytes of padding
 */
import { badState } from "./errors.ts";
import { Mt19937, type Mt19937State } from "./mt19937.ts";

export interface GeneratorState {
  readonly seed: bigint;
  readonly engine: Mt19937State;
  readonly nextFloatNormal: number | undefined;
  readonly nextDoubleNormal: number | undefined;
}

export const generatorStateBytes = 5056;
const wordsAt = 24;
const doubleNormalAt = 5024;
const doubleNormalValidAt = 5040;
const floatNormalAt = 5048;
const floatNormalValidAt = 5052;

export function encodeGeneratorState({ seed, engine, nextFloatNormal, nextDoubleNormal }: GeneratorState): Uint8Array {
  const bytes = new Uint8Array(generatorStateBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, seed, true);
  view.setInt32(8, engine.left, true);
  view.setInt32(12, 1, true);
  view.setUint32(16, engine.next, true);
  for (const [i, word] of engine.words.entries()) view.setUint32(wordsAt + 8 * i, word, true);
  if (nextDoubleNormal !== undefined) {
    view.setFloat64(doubleNormalAt, nextDoubleNormal, true);
    view.setInt32(doubleNormalValidAt, 1, true);
  }
  if (nextFloatNormal !== undefined) {
    view.setFloat32(floatNormalAt, nextFloatNormal, true);
    view.setUint8(floatNormalValidAt, 1);
  }
  return bytes;
}

/** @throws ValueError when the bytes are not a state that a generator can be in. */
export function decodeGeneratorState(bytes: Uint8Array): GeneratorState {
  if (bytes.length !== generatorStateBytes) {
    throw badState(
      `Expected a CPUGeneratorImplState of size ${generatorStateBytes} but found the input RNG state size to be ${bytes.length}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const left = view.getInt32(8, true);
  const seeded = view.getInt32(12, true);
  const next = view.getUint32(16, true);
  const inRange = left >= 1 && left <= Mt19937.stateSize && next + left <= Mt19937.stateSize + 1;
  if (seeded === 0 || !inRange) {
    throw badState(`Invalid mt19937 state (seeded ${seeded}, left ${left}, next ${next}).`);
  }
  const words = new Uint32Array(Mt19937.stateSize);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(wordsAt + 8 * i, true);
  return {
    seed: view.getBigUint64(0, true),
    engine: { words, next, left },
    nextDoubleNormal:
      view.getInt32(doubleNormalValidAt, true) === 0 ? undefined : view.getFloat64(doubleNormalAt, true),
    nextFloatNormal: view.getUint8(floatNormalValidAt) === 0 ? undefined : view.getFloat32(floatNormalAt, true),
  };
}
