/** Targets of whole steps: training, and what recording costs without compiling. */
import * as torch from "../../frontend/index.ts";
import { createLimits } from "../../runtime/wasm/limits.ts";
import { workloads } from "../workloads/index.ts";
import { mediansOf } from "./interleave.ts";
import type { Target } from "./target.ts";

const turns = 20_000;

/** The step's processor time, beside what its multiply-adds would take in registers. */
const step = (id: string): Target => ({
  work: `${id} step`,
  atMost: 1.7,
  unit: "x the peak's time",
  measure(budgetMs) {
    const { flops, prepare } = workloads.find((workload) => workload.id === id)!;
    const work = prepare("cpu");
    const limits = createLimits({ copyBytes: 0 });
    const [own, peak] = mediansOf([() => work.run(), () => limits.multiplyAdd(turns)], budgetMs) as [number, number];
    const least = (flops! / (limits.flopsOfTurn * turns)) * peak;
    return { value: own / least, note: `${own.toFixed(2)} ms and ${least.toFixed(2)} ms` };
  },
});

const tinyStep: Target = {
  work: "W10_tiny step, compiled",
  atMost: 12,
  unit: "µs",
  measure(budgetMs) {
    const { prepare, repetitions = 1 } = workloads.find(({ id }) => id === "W10_tiny")!;
    const work = prepare("cpu");
    return { value: (mediansOf([() => work.run()], budgetMs)[0]! / repetitions) * 1000 };
  },
};

const operations = 200;

/** A chain of cheap operations on few elements, recorded again each time: the program is found in the cache. */
export const recording: Target = {
  work: `a recorded node, of ${operations} in a chain`,
  atMost: 1,
  unit: "µs",
  measure(budgetMs) {
    const x = torch.ones(4);
    const run = (): unknown => {
      let y = x;
      for (let i = 0; i < operations; i++) y = i % 2 === 0 ? y.add(x) : y.mul(x);
      return y.tolist();
    };
    return { value: (mediansOf([run], budgetMs)[0]! / operations) * 1000 };
  },
};

export const stepTargets: readonly Target[] = [step("W6_cnn"), step("W7_gpt"), tinyStep];
