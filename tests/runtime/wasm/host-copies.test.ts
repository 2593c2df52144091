import { expect, test } from "vitest";
import { sharedCopy } from "../../../runtime/wasm/host-copies.ts";

const memory = Uint8Array.from({ length: 2 ** 17 }, (_, i) => (i * 7) % 251);

test("copies of all sizes are those bytes, aligned, and none overlaps another", () => {
  const sizes = [0, 1, 64, 65, 100, 1000, 1024, 1025, 5000, 2 ** 14, 2 ** 14 + 1, 2 ** 16];
  const copies = Array.from({ length: 400 }, (_, i) => {
    const [address, bytes] = [(i * 13) % 1000, sizes[i % sizes.length]!];
    return { address, bytes, copy: sharedCopy(memory, address, bytes) };
  });
  for (const { copy, bytes } of copies) {
    expect(copy.byteOffset % 16).toBe(0);
    expect(copy).toHaveLength(bytes);
  }
  // Writing to every second one leaves the others as they were.
  copies.forEach(({ copy }, i) => i % 2 === 1 && copy.fill(255));
  const isKept = ({ address, bytes, copy }: (typeof copies)[number]): boolean =>
    Buffer.compare(copy, memory.subarray(address, address + bytes)) === 0;
  expect(copies.filter((_, i) => i % 2 === 0).every(isKept)).toBe(true);
});

test("small copies share a buffer, large ones have their own", () => {
  const buffers = (bytes: number): number =>
    new Set(Array.from({ length: 64 }, () => sharedCopy(memory, 0, bytes).buffer)).size;
  expect(buffers(200)).toBeLessThanOrEqual(2);
  expect(buffers(2 ** 14)).toBeLessThanOrEqual(9);
  expect(buffers(2 ** 15)).toBe(64);
});
