/**
 * `torch.Generator` for CPU devices: an MT19937 stream, the seed it came from, and the second halves of Box-Muller
 * pairs that wait for the next normal draw.
 */
import { badSeed } from "./errors.ts";
import { decodeGeneratorState, encodeGeneratorState } from "./generator-state.ts";
import { Mt19937 } from "./mt19937.ts";

const twoTo32 = 2 ** 32;
const defaultSeed = 67280421310721n;

/** A number where it is exact, else a bigint: seeds are unsigned 64-bit. */
export type Seed = number | bigint;

export class CpuGenerator {
  readonly device = "cpu";
  /**
   * The unused half of the last Box-Muller pair. PyTorch's present kernels only ever use the float64 one; the float32
   * one is kept because it is part of the saved state.
   */
  next_float_normal_sample: number | undefined;
  next_double_normal_sample: number | undefined;
  private readonly engine: Mt19937;
  private seedBits: bigint;

  /** PyTorch seeds a fresh `torch.Generator()` with 67280421310721. */
  constructor(seed: Seed = defaultSeed) {
    this.engine = new Mt19937(0);
    this.seedBits = 0n;
    this.manual_seed(seed);
  }

  /** Restarts the stream. A negative seed stands for the unsigned 64-bit number with its bits; MT19937 uses the low 32. */
  manual_seed(seed: Seed): this {
    if (typeof seed === "number" && !Number.isSafeInteger(seed)) throw badSeed(seed);
    const whole = BigInt(seed);
    if (whole < -(2n ** 63n) || whole >= 2n ** 64n) throw badSeed(seed);
    this.seedBits = BigInt.asUintN(64, whole);
    this.engine.reseed(Number(this.seedBits & 0xffffffffn));
    this.next_float_normal_sample = undefined;
    this.next_double_normal_sample = undefined;
    return this;
  }

  initial_seed(): Seed {
    return this.seedBits <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(this.seedBits) : this.seedBits;
  }

  /** Seeds from the platform's entropy and returns the seed: 53 bits, so that it is exact as a number. */
  seed(): number {
    const [high, low] = globalThis.crypto.getRandomValues(new Uint32Array(2));
    const seed = (high! & 0x1fffff) * twoTo32 + low!;
    this.manual_seed(seed);
    return seed;
  }

  /** PyTorch's 5056 bytes: `torch.set_rng_state` of either library accepts the other's. */
  get_state(): Uint8Array {
    return encodeGeneratorState({
      seed: this.seedBits,
      engine: this.engine.getState(),
      nextFloatNormal: this.next_float_normal_sample,
      nextDoubleNormal: this.next_double_normal_sample,
    });
  }

  set_state(bytes: Uint8Array): this {
    const { seed, engine, nextFloatNormal, nextDoubleNormal } = decodeGeneratorState(bytes);
    this.seedBits = seed;
    this.engine.setState(engine);
    this.next_float_normal_sample = nextFloatNormal;
    this.next_double_normal_sample = nextDoubleNormal;
    return this;
  }

  /** An independent generator that continues with the same values. */
  clone(): CpuGenerator {
    const copy = new CpuGenerator(this.seedBits);
    copy.engine.copyFrom(this.engine);
    copy.next_float_normal_sample = this.next_float_normal_sample;
    copy.next_double_normal_sample = this.next_double_normal_sample;
    return copy;
  }

  /** One word: an unsigned 32-bit number. */
  random(): number {
    return this.engine.random32();
  }

  /** Two words, the first one high: an unsigned 64-bit number. */
  random64(): bigint {
    const high = this.engine.random32();
    const low = this.engine.random32();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Two words: their low 53 bits as a fraction of 2^53, in [0, 1). */
  uniform(): number {
    const high = this.engine.random32() & 0x1fffff;
    const low = this.engine.random32();
    return (high * twoTo32 + low) * 2 ** -53;
  }

  /**
   * A standard normal by Box-Muller in float64: the cached second half, or four words (angle first, then radius) that
   * give cos now and leave sin in the cache.
   */
  normal(): number {
    const cached = this.next_double_normal_sample;
    if (cached !== undefined) {
      this.next_double_normal_sample = undefined;
      return cached;
    }
    const angle = 2 * Math.PI * this.uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniform()));
    this.next_double_normal_sample = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The next `count` words into `out[start ..]`. */
  fillWords(out: Uint32Array | Int32Array, start = 0, count = out.length - start): void {
    this.engine.fill(out, start, count);
  }
}
