/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded and stepped as PyTorch's CPU generator does.
 * State is 624 words; a twist replaces all of them and yields 624 outputs, so outputs are tempered a block at a time
 * and handed out by copying.
 */
const stateSize = 624;
const middleWord = 397;
const twistMatrix = 0x9908b0df | 0;
const upperBit = 0x80000000 | 0;
const lowerBits = 0x7fffffff;

/** What distinguishes one engine from another: enough to continue its stream elsewhere. */
export interface Mt19937State {
  /** The 624 untempered words. */
  readonly words: Uint32Array;
  /** Index of the next word to hand out, 0 to 624. */
  readonly next: number;
  /** PyTorch's countdown: one more than the number of outputs left before the next twist, 1 to 624. */
  readonly left: number;
}

export class Mt19937 {
  static readonly stateSize = stateSize;
  /** Signed views of 32-bit words: V8 keeps those in registers, where unsigned ones may become doubles. */
  private readonly state = new Int32Array(stateSize);
  private readonly outputs = new Int32Array(stateSize);
  /** outputs[next .. end) are yet to be handed out. */
  private next = 0;
  private end = 0;

  /** @param seed its low 32 bits are used. */
  constructor(seed = 5489) {
    this.reseed(seed);
  }

  reseed(seed: number): void {
    const { state } = this;
    state[0] = seed | 0;
    for (let i = 1; i < stateSize; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    this.next = 0;
    this.end = 0;
  }

  /** The next output as an unsigned 32-bit number. */
  random32(): number {
    if (this.next === this.end) this.twist();
    return this.outputs[this.next++]! >>> 0;
  }

  /** Writes the next `count` outputs to `out[start ..]`, as if by `random32` each. */
  fill(out: Uint32Array | Int32Array, start = 0, count = out.length - start): void {
    // A copy between arrays of one element type is a plain memory copy.
    const signed = out instanceof Int32Array ? out : new Int32Array(out.buffer, out.byteOffset, out.length);
    let at = start;
    const stop = start + count;
    while (at < stop) {
      if (this.next === this.end) this.twist();
      const run = Math.min(stop - at, this.end - this.next);
      signed.set(this.outputs.subarray(this.next, this.next + run), at);
      this.next += run;
      at += run;
    }
  }

  getState(): Mt19937State {
    return { words: new Uint32Array(this.state), next: this.next, left: this.end - this.next + 1 };
  }

  /** The caller has checked the ranges of `next` and `left`, and that next + left <= 625. */
  setState({ words, next, left }: Mt19937State): void {
    this.state.set(words);
    this.next = next;
    this.end = next + left - 1;
    this.temper();
  }

  copyFrom(other: Mt19937): void {
    this.state.set(other.state);
    this.outputs.set(other.outputs);
    this.next = other.next;
    this.end = other.end;
  }

  private twist(): void {
    const { state } = this;
    let current = state[0]!;
    for (let i = 0; i < stateSize - middleWord; i++) {
      const following = state[i + 1]!;
      const mixed = (current & upperBit) | (following & lowerBits);
      state[i] = state[i + middleWord]! ^ (mixed >>> 1) ^ (-(following & 1) & twistMatrix);
      current = following;
    }
    for (let i = stateSize - middleWord; i < stateSize - 1; i++) {
      const following = state[i + 1]!;
      const mixed = (current & upperBit) | (following & lowerBits);
      state[i] = state[i + middleWord - stateSize]! ^ (mixed >>> 1) ^ (-(following & 1) & twistMatrix);
      current = following;
    }
    const first = state[0]!;
    const mixed = (current & upperBit) | (first & lowerBits);
    state[stateSize - 1] = state[middleWord - 1]! ^ (mixed >>> 1) ^ (-(first & 1) & twistMatrix);
    this.next = 0;
    this.end = stateSize;
    this.temper();
  }

  private temper(): void {
    const { state, outputs } = this;
    for (let i = 0; i < stateSize; i++) {
      let word = state[i]!;
      word ^= word >>> 11;
      word ^= (word << 7) & 0x9d2c5680;
      word ^= (word << 15) & 0xefc60000;
      outputs[i] = word ^ (word >>> 18);
    }
  }
}
