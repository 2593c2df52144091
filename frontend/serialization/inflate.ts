/** Decompresses what zip calls deflated (RFC 1951). Every length, code and distance is checked: files may be hostile. */

/** Data that no compressor writes. */
class Damaged extends Error {}

/** in: deflated bytes and how many they stand for. out: these; null where the data is damaged or stands for others. */
export function inflate(data: Uint8Array, count: number): Uint8Array | null {
  try {
    return new Inflater(data, count).run();
  } catch (error) {
    if (error instanceof Damaged) return null;
    throw error;
  }
}

/** A prefix code: what the next `width` bits begin with, as `symbol << 4 | length`; 0 where no code begins so. */
interface Code {
  readonly width: number;
  readonly entries: Uint16Array;
}

const longestCode = 15;

/** Codes are numbered by length, then by symbol, and stand in the data with the first bit lowest. */
function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(longestCode + 2);
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]!]!++;
  counts[0] = 0;
  let width = longestCode;
  while (width > 1 && counts[width] === 0) width--;
  const next = new Uint32Array(longestCode + 2);
  for (let length = 1; length <= longestCode; length++) {
    next[length + 1] = (next[length]! + counts[length]!) << 1;
    if (next[length]! + counts[length]! > 1 << length) throw new Damaged();
  }
  const entries = new Uint16Array(1 << width);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const code = reversed(next[length]!++, length);
    for (let rest = code; rest < entries.length; rest += 1 << length) entries[rest] = (symbol << 4) | length;
  }
  return { width, entries };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >>> bit) & 1) << (length - 1 - bit);
  return result;
}

const fixedLiterals = (): Code =>
  codeOf(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)));
const fixedDistances = (): Code => codeOf(new Uint8Array(30).fill(5));

/** The order in which the lengths of the code for lengths are written. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const endOfBlock = 256;
const longestMatch = 258;

/** A match's length from its symbol: eight of one, then groups of four with ever more further bits. */
const extraOfLength = (symbol: number): number => (symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2);
function leastLength(symbol: number): number {
  if (symbol === 285) return longestMatch;
  const extra = extraOfLength(symbol);
  return extra === 0 ? symbol - 254 : 3 + ((4 + ((symbol - 257) & 3)) << extra);
}
/** A match's distance: four of one, then groups of two. */
const extraOfDistance = (symbol: number): number => (symbol < 4 ? 0 : (symbol - 2) >> 1);
const leastDistance = (symbol: number): number =>
  symbol < 4 ? symbol + 1 : 1 + ((2 + (symbol & 1)) << extraOfDistance(symbol));

class Inflater {
  private readonly data: Uint8Array;
  private readonly out: Uint8Array;
  private at = 0;
  private filled = 0;
  /** Bits that are read and not used, the first one lowest. */
  private held = 0;
  private heldCount = 0;

  constructor(data: Uint8Array, count: number) {
    this.data = data;
    this.out = new Uint8Array(count);
  }

  run(): Uint8Array {
    let isLast = false;
    while (!isLast) {
      isLast = this.bits(1) === 1;
      const kind = this.bits(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.compressed(fixedLiterals(), fixedDistances());
      else if (kind === 2) this.compressed(...this.codes());
      else throw new Damaged();
    }
    if (this.filled !== this.out.length) throw new Damaged();
    return this.out;
  }

  /** Holds at least `count` bits, zeros beyond the end of the data. */
  private fill(count: number): void {
    while (this.heldCount < count) {
      this.held |= (this.data[this.at++] ?? 0) << this.heldCount;
      this.heldCount += 8;
    }
  }
  private drop(count: number): void {
    this.held >>>= count;
    this.heldCount -= count;
    // All that is held may be from beyond the end, nothing that is used.
    if (this.at - (this.heldCount >> 3) > this.data.length) throw new Damaged();
  }
  private bits(count: number): number {
    this.fill(count);
    const value = this.held & ((1 << count) - 1);
    this.drop(count);
    return value;
  }
  private symbol({ width, entries }: Code): number {
    this.fill(width);
    const entry = entries[this.held & ((1 << width) - 1)]!;
    if (entry === 0) throw new Damaged();
    this.drop(entry & 15);
    return entry >> 4;
  }

  private stored(): void {
    this.at -= this.heldCount >> 3;
    this.held = this.heldCount = 0;
    const [length, complement] = [this.bits(16), this.bits(16)];
    if ((length ^ complement) !== 0xffff || this.at + length > this.data.length) throw new Damaged();
    if (this.filled + length > this.out.length) throw new Damaged();
    this.out.set(this.data.subarray(this.at, this.at + length), this.filled);
    this.at += length;
    this.filled += length;
  }

  /** The codes of a block that brings its own. */
  private codes(): [literals: Code, distances: Code] {
    const [literalCount, distanceCount, count] = [this.bits(5) + 257, this.bits(5) + 1, this.bits(4) + 4];
    const own = new Uint8Array(lengthOrder.length);
    for (let i = 0; i < count; i++) own[lengthOrder[i]!] = this.bits(3);
    const code = codeOf(own);
    const lengths = new Uint8Array(literalCount + distanceCount);
    for (let i = 0; i < lengths.length;) {
      const symbol = this.symbol(code);
      if (symbol < 16) lengths[i++] = symbol;
      else {
        if (symbol === 16 && i === 0) throw new Damaged();
        const value = symbol === 16 ? lengths[i - 1]! : 0;
        const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
        if (i + times > lengths.length) throw new Damaged();
        lengths.fill(value, i, (i += times));
      }
    }
    return [codeOf(lengths.subarray(0, literalCount)), codeOf(lengths.subarray(literalCount))];
  }

  private compressed(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === endOfBlock) return;
      if (symbol < endOfBlock) {
        if (this.filled === this.out.length) throw new Damaged();
        this.out[this.filled++] = symbol;
      } else this.match(symbol, distances);
    }
  }

  /** Repeats what was written before; it may overlap what it writes. */
  private match(symbol: number, distances: Code): void {
    if (symbol > 285) throw new Damaged();
    const length = leastLength(symbol) + this.bits(extraOfLength(symbol));
    const far = this.symbol(distances);
    if (far > 29) throw new Damaged();
    const distance = leastDistance(far) + this.bits(extraOfDistance(far));
    if (distance > this.filled || this.filled + length > this.out.length) throw new Damaged();
    for (let i = 0; i < length; i++, this.filled++) this.out[this.filled] = this.out[this.filled - distance]!;
  }
}
