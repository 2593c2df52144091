/** The parameter records of a program's kernels: one uniform buffer, in which a run rewrites the words that changed. */
import type { ScalarValue } from "../device.ts";
import type { KernelCode } from "./kernel-code.ts";
import { convertNumber, writeNumber } from "./numbers.ts";

const uniformUsage = 0x40;
const copyDestination = 0x8;
const recordAlignment = 256;

export interface KernelStep {
  /** Among the program's kernels and copies. */
  readonly position: number;
  readonly name: string;
  readonly code: KernelCode;
  /** Which of the program's blocks each operand lies in, and how many words after its beginning. */
  readonly operands: readonly { readonly index: number; readonly words: number }[];
  /** Which of the run's numbers each of the kernel's numbers is. */
  readonly numbers: readonly number[];
}

export class Records {
  readonly buffer: GPUBuffer;
  /** What a bind group shows of the buffer: as much as the largest record has. */
  readonly windowBytes: number;
  /** Byte offset of each step's record. */
  readonly offsets: readonly number[];
  private readonly gpu: GPUDevice;
  private readonly steps: readonly KernelStep[];
  /** The buffer's contents, as last written. */
  private readonly written: Uint32Array<ArrayBuffer>;
  /** The words of all records without the gaps between them, and where each of them goes. */
  private readonly values: Uint32Array;
  private readonly places: Uint32Array;

  constructor(gpu: GPUDevice, name: string, steps: readonly KernelStep[]) {
    this.gpu = gpu;
    this.steps = steps;
    let bytes = 0;
    let window = 16;
    const offsets: number[] = [];
    const places: number[] = [];
    for (const { code, operands, numbers } of steps) {
      offsets.push(bytes);
      const first = bytes / 4;
      operands.forEach((_, i) => places.push(first + 1 + i));
      numbers.forEach((_, i) => {
        const { word, kind } = code.numbers[i]!;
        places.push(first + word);
        if (kind === "i64") places.push(first + word + 1);
      });
      const recordBytes = code.recordWords * 4;
      window = Math.max(window, Math.ceil(recordBytes / 16) * 16);
      bytes += Math.ceil(recordBytes / recordAlignment) * recordAlignment;
    }
    this.offsets = offsets;
    this.windowBytes = window;
    this.places = Uint32Array.from(places);
    this.values = new Uint32Array(places.length);
    this.written = new Uint32Array((bytes + window) / 4);
    this.buffer = gpu.createBuffer({ label: name, size: bytes + window, usage: uniformUsage | copyDestination });
  }

  /** The words for blocks at these word offsets and for these numbers. The array is reused by the next call. */
  fill(blockOffsets: Float64Array, numbers: readonly ScalarValue[]): Uint32Array {
    const { values } = this;
    let at = 0;
    for (const step of this.steps) {
      for (const { index, words } of step.operands) values[at++] = blockOffsets[index]! + words;
      for (let i = 0; i < step.numbers.length; i++) {
        const { kind } = step.code.numbers[i]!;
        writeNumber(values, at, convertNumber(numbers[step.numbers[i]!]!, kind), kind);
        at += kind === "i64" ? 2 : 1;
      }
    }
    return values;
  }

  write(values: Uint32Array): void {
    const { written, places } = this;
    let first = written.length;
    let last = -1;
    for (let i = 0; i < values.length; i++) {
      const place = places[i]!;
      if (written[place] === values[i]) continue;
      written[place] = values[i]!;
      if (place < first) first = place;
      if (place > last) last = place;
    }
    if (last >= 0) this.gpu.queue.writeBuffer(this.buffer, first * 4, written, first, last + 1 - first);
  }

  destroy(): void {
    this.buffer.destroy();
  }
}
