import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflate } from "../../../frontend/serialization/inflate.ts";
import { generateIntegers } from "../../../bench/generate.ts";

const text = new TextEncoder().encode("the quick brown fox jumps over the lazy dog, and again ".repeat(300));
const inputs: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(7)],
  ["a text that repeats itself", text],
  ["one byte many times", new Uint8Array(100_000).fill(3)],
  ["noise", Uint8Array.from(generateIntegers(1, 70_000, 256))],
  ["few values", Uint8Array.from(generateIntegers(2, 200_000, 5))],
  [
    "far repetitions",
    Uint8Array.from(generateIntegers(3, 90_000, 256), (value, i) => (i % 30_000 < 20 ? 9 : value >> 4)),
  ],
];
const options = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
  { strategy: constants.Z_RLE },
];

describe("inflate", () => {
  it.each(inputs)("gives back %s, however compressed", (_, bytes) => {
    for (const option of options) {
      const back = inflate(deflateRawSync(bytes, option), bytes.length);
      expect(back !== null && Buffer.compare(back, bytes) === 0).toBe(true);
    }
  });

  it("gives nothing for data that ends early or stands for another number of bytes", () => {
    for (const option of options) {
      const data = deflateRawSync(text, option);
      for (const kept of [0, 1, 5, data.length >> 1, data.length - 1])
        expect(inflate(data.subarray(0, kept), text.length)).toBeNull();
      expect(inflate(data, text.length + 1)).toBeNull();
      expect(inflate(data, text.length - 1)).toBeNull();
    }
  });

  it("gives nothing, or as many bytes as asked for, for any bytes at all", () => {
    const noise = Uint8Array.from(generateIntegers(4, 50_000, 256));
    for (let start = 0; start < 2000; start++) {
      const back = inflate(noise.subarray(start, start + 200), 64);
      expect(back === null || back.length === 64).toBe(true);
    }
  });

  it.each([
    ["a code with too many short words", [0b00000101, 0xc0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x10, 0xff]],
    ["a block of no known kind", [0b00000111]],
    ["a distance before the first byte", [0b00000011 | (1 << 2), 0xff, 0xff, 0x00]],
  ])("gives nothing for %s", (_, bytes) => {
    expect(inflate(Uint8Array.from(bytes), 8)).toBeNull();
  });
});
