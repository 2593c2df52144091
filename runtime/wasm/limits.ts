/**
 * What one thread of this machine can do at all: floating-point operations a second with everything in registers, and
 * the rate at which memory is copied. A kernel's figure means something beside these.
 */
import { supportsRelaxedSimd } from "../../codegen/wasm/index.ts";
import { FunctionPool, ModuleBuilder } from "../../codegen/wasm/module-builder.ts";
import { processorMs } from "../clock.ts";

export interface Peak {
  /** 10^9 operations a second of one thread, a multiply-add being two. */
  readonly gflops: number;
  /** 10^9 bytes a second of one thread, read and written together. */
  readonly copyGBs: number;
  /** Whether a multiply-add is one instruction (relaxed SIMD). */
  readonly fused: boolean;
}

const lanes = 4;
/** Enough independent sums to hide the latency of the multiply-adds. */
const accumulators = 12;
const unroll = 4;
const pageBytes = 2 ** 16;

/** The code that is measured, to be run beside other work. */
export interface Limits {
  /** Multiply-adds in registers: what one turn counts. */
  readonly flopsOfTurn: number;
  multiplyAdd(turns: number): void;
  /** Reads and writes this many bytes each, at most what the limits were made for. */
  copy(bytes: number): void;
  readonly fused: boolean;
}

export function createLimits({
  copyBytes,
  fused = supportsRelaxedSimd(),
}: {
  readonly copyBytes: number;
  readonly fused?: boolean;
}): Limits {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((2 * copyBytes) / pageBytes) });
  // Memory that was never written is one page of zeros, however large: reading that would be no copying.
  new Uint8Array(memory.buffer).fill(1);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(buildModule(copyBytes, fused)), { env: { memory } });
  const { multiplyAdd, copy } = instance.exports as unknown as Pick<Limits, "multiplyAdd" | "copy">;
  return { flopsOfTurn: 2 * lanes * accumulators * unroll, multiplyAdd, copy, fused };
}

const turns = 400_000;
const copiedBytes = 64 * 2 ** 20;

export function measurePeak(): Peak {
  const { flopsOfTurn, multiplyAdd, copy, fused } = createLimits({ copyBytes: copiedBytes });
  const multiplyAddMs = leastMs(20, () => multiplyAdd(turns));
  const copyMs = leastMs(8, () => copy(copiedBytes));
  return { gflops: (flopsOfTurn * turns) / multiplyAddMs / 1e6, copyGBs: (2 * copiedBytes) / copyMs / 1e6, fused };
}

/** The least processor time of a call after warm-up: wall time counts what other processes did meanwhile. */
function leastMs(samples: number, work: () => void): number {
  for (let i = 0; i < 5; i++) work();
  const times = Array.from({ length: samples }, () => {
    const start = processorMs();
    work();
    return processorMs() - start;
  });
  return Math.min(...times);
}

function buildModule(copyBytes: number, fused: boolean): Uint8Array<ArrayBuffer> {
  const pool = new FunctionPool();
  const module = new ModuleBuilder();
  module.importMemory({ module: "env", name: "memory", minimumPages: 0 });

  const kernel = pool.createFunction(["i32"], ["f32"]);
  const sums = Array.from({ length: accumulators }, () => kernel.local("v128"));
  const factor = kernel.vectorConstant(new Float32Array(lanes).fill(0.999));
  const term = kernel.vectorConstant(new Float32Array(lanes).fill(0.001));
  const { body } = kernel;
  body.open("loop");
  for (let i = 0; i < unroll; i++) {
    for (const sum of sums) {
      body.get(sum).get(factor);
      if (fused) body.get(term).op("f32x4.relaxed_madd");
      else body.op("f32x4.mul").get(term).op("f32x4.add");
      body.set(sum);
    }
  }
  body.get(0).i32(1).op("i32.sub").tee(0).branch("br_if", 0).op("end");
  body.get(sums[0]!);
  for (const sum of sums.slice(1)) body.get(sum).op("f32x4.add");
  body.lane("f32x4.extract_lane", 0);
  module.exportFunction("multiplyAdd", kernel);

  const copy = pool.createFunction(["i32"], []);
  copy.body.i32(copyBytes).i32(0).get(0).memoryCopy();
  module.exportFunction("copy", copy);
  return module.build();
}
