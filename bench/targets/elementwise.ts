/** Targets of what streams through memory, and of functions of single elements. */
import * as torch from "../../frontend/index.ts";
import { createLimits } from "../../runtime/wasm/limits.ts";
import { generate } from "../generate.ts";
import { input } from "../workloads/workload.ts";
import { mediansOf, type Work } from "./interleave.ts";
import { mapLoop, softmaxLoop } from "./loops.ts";
import { againstLoop, ours, type Target } from "./target.ts";

const { functional: F } = torch.nn;
const Mi = 2 ** 20;
const floatBytes = 4;

/** The rate at which the work reads and writes its arrays, against that of `memory.copy` of one of them. */
const streaming = (work: string, atLeast: number, count: number, arrays: number, prepare: () => Work): Target => ({
  work,
  atLeast,
  unit: "of copying",
  measure(budgetMs) {
    const bytes = count * floatBytes;
    const limits = createLimits({ copyBytes: bytes });
    const [own, copy] = mediansOf([prepare(), () => limits.copy(bytes)], budgetMs) as [number, number];
    const [rate, most] = [(arrays * bytes) / own / 1e6, (2 * bytes) / copy / 1e6];
    return { value: rate / most, note: `${rate.toFixed(1)} of ${most.toFixed(1)} GB/s` };
  },
});

const axpy = (count: number) => (): Work =>
  ours([input("cpu", 21, [count]), input("cpu", 22, [count])], [count], (x, z) => x.mul(2).add(z)).run;

const functions = { exp: 8, sigmoid: 8, tanh: 6.5 } as const;

const ofFunction = (name: keyof typeof functions): Target => ({
  work: `${name} of 1 Mi elements`,
  atLeast: functions[name],
  unit: "x the loop",
  measure(budgetMs) {
    const x = generate(21, Mi, { scale: 3 });
    const y = new Float32Array(Mi);
    const work = ours([input("cpu", 21, [Mi], { scale: 3 })], [Mi], (v) => v[name]());
    return againstLoop(work, () => mapLoop(x, y, name), y, budgetMs);
  },
});

const rows = 4096;
const columns = 1024;

const softmax: Target = {
  work: "softmax of 4096 rows of 1024",
  atLeast: 7,
  unit: "x the loop",
  measure(budgetMs) {
    const x = generate(31, rows * columns, { scale: 4 });
    const y = new Float32Array(x.length);
    const work = ours([input("cpu", 31, [rows, columns], { scale: 4 })], [rows, columns], (v) => F.softmax(v, -1));
    return againstLoop(work, () => softmaxLoop(x, y, rows, columns), y, budgetMs);
  },
};

export const elementwiseTargets: readonly Target[] = [
  streaming("2x + z, 16 Mi elements", 0.9, 16 * Mi, 3, axpy(16 * Mi)),
  streaming("2x + z, 32 Ki elements (in cache)", 0.45, 32 * 1024, 3, axpy(32 * 1024)),
  streaming("sum of 16 Mi elements", 0.7, 16 * Mi, 1, () => {
    const x = input("cpu", 41, [16 * Mi], { positive: true });
    return ours([x], [], (v) => v.sum()).run;
  }),
  ...(Object.keys(functions) as (keyof typeof functions)[]).map(ofFunction),
  softmax,
];
