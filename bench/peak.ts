/**
 * What this machine can do at all, measured in the same run as the workloads: floating-point operations a second with
 * everything in registers, and the rate at which memory is copied. A kernel's figure means something beside these.
 */
import { ModuleBuilder } from "../codegen/wasm/module-builder.ts";
import { supportsRelaxedSimd } from "../codegen/wasm/index.ts";

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
const turns = 400_000;
const copyBytes = 64 * 2 ** 20;
const pageBytes = 2 ** 16;

export function measurePeak(): Peak {
  const memory = new WebAssembly.Memory({ initial: (2 * copyBytes) / pageBytes });
  const module = new WebAssembly.Module(buildModule());
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const multiplyAdd = exports["multiplyAdd"] as (turns: number) => number;
  const copy = exports["copy"] as () => void;

  const flops = 2 * lanes * accumulators * unroll * turns;
  const multiplyAddMs = leastMs(20, () => multiplyAdd(turns));
  const copyMs = leastMs(8, copy);
  return {
    gflops: flops / multiplyAddMs / 1e6,
    copyGBs: (2 * copyBytes) / copyMs / 1e6,
    fused: supportsRelaxedSimd(),
  };
}

/** The least processor time of a call after warm-up: wall time counts what other processes did meanwhile. */
function leastMs(samples: number, work: () => unknown): number {
  for (let i = 0; i < 5; i++) work();
  const times = Array.from({ length: samples }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ module: "env", name: "memory", minimumPages: 0 });

  const kernel = module.createFunction(["i32"], ["f32"]);
  const sums = Array.from({ length: accumulators }, () => kernel.local("v128"));
  const factor = kernel.vectorConstant(new Float32Array(lanes).fill(0.999));
  const term = kernel.vectorConstant(new Float32Array(lanes).fill(0.001));
  const { body } = kernel;
  body.open("loop");
  for (let i = 0; i < unroll; i++) {
    for (const sum of sums) {
      body.get(sum).get(factor);
      if (supportsRelaxedSimd()) body.get(term).op("f32x4.relaxed_madd");
      else body.op("f32x4.mul").get(term).op("f32x4.add");
      body.set(sum);
    }
  }
  body.get(0).i32(1).op("i32.sub").tee(0).branch("br_if", 0).op("end");
  body.get(sums[0]!);
  for (const sum of sums.slice(1)) body.get(sum).op("f32x4.add");
  body.lane("f32x4.extract_lane", 0);
  module.exportFunction("multiplyAdd", module.add(kernel));

  const copy = module.createFunction([], []);
  copy.body.i32(copyBytes).i32(0).i32(copyBytes).memoryCopy();
  module.exportFunction("copy", module.add(copy));
  return module.build();
}
