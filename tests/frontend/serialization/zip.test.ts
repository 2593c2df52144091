import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { SerializationError } from "../../../ir/errors.ts";
import { isZip, readZip } from "../../../frontend/serialization/read-zip.ts";
import { writeZip } from "../../../frontend/serialization/write-zip.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const entries = new Map([
  ["a/data.pkl", bytesOf("pickle")],
  ["a/empty", new Uint8Array(0)],
  ["a/héé", Uint8Array.from({ length: 1000 }, (_, i) => i % 7)],
]);
/** PyTorch writes the 64-bit directory always, and the 32-bit one with the same values. */
const pytorchFile = (): Uint8Array =>
  new Uint8Array(readFileSync(new URL("../../oracle/cases/pt/float32.pt", import.meta.url)));
const endOf = (file: Uint8Array): number => Buffer.from(file).lastIndexOf("PK\x05\x06", undefined, "latin1");

describe("readZip", () => {
  it("reads what writeZip and what other writers wrote, compressed or not", () => {
    expect(readZip(writeZip(entries))).toEqual(entries);
    expect(readZip(zipSync(Object.fromEntries(entries), { level: 9 }))).toEqual(entries);
    expect(isZip(writeZip(entries))).toBe(true);
    expect(isZip(bytesOf("PK"))).toBe(false);
  });

  it("reads a directory whose values stand in the 64-bit extension", () => {
    const plain = readZip(pytorchFile());
    const file = pytorchFile();
    file.fill(0xff, endOf(file) + 8, endOf(file) + 20);
    expect(readZip(file)).toEqual(plain);
  });

  it("finds the directory behind a comment", () => {
    const file = writeZip(entries);
    const commented = new Uint8Array([...file, ...bytesOf("xyz")]);
    commented[endOf(commented) + 20] = 3;
    expect(readZip(commented)).toEqual(entries);
  });

  it("refuses data that does not have the checksum of the directory", () => {
    const file = writeZip(new Map([["a", bytesOf("pickle")]]));
    file[Buffer.from(file).indexOf("pickle")]! ^= 1;
    expect(() => readZip(file)).toThrow("its zip archive has a damaged entry a");
  });

  it("does not believe a directory that claims four billion entries", () => {
    const file = pytorchFile();
    const end = endOf(file);
    file.fill(0xff, end + 8, end + 20);
    file.fill(0xff, end - 20 - 56 + 32, end - 20 - 56 + 36);
    expect(() => readZip(file)).toThrow(SerializationError);
  });

  it("refuses encrypted entries and unknown compression by name", () => {
    const file = writeZip(new Map([["a", bytesOf("x")]]));
    const directory = Buffer.from(file).indexOf("PK\x01\x02", undefined, "latin1");
    const changed = (at: number, value: number): Uint8Array => {
      const copy = file.slice();
      copy[directory + at] = value;
      return copy;
    };
    expect(() => readZip(changed(8, 1))).toThrow("the encrypted entry a cannot be read here");
    expect(() => readZip(changed(10, 12))).toThrow("the entry a, compressed with method 12");
  });
});
