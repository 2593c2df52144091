/** Targets of what moves elements by index or by order: the time of a loop written by hand. */
import * as torch from "../../frontend/index.ts";
import { generate, generateIntegers } from "../generate.ts";
import { input, integerInput } from "../workloads/workload.ts";
import { cumsumLoop, gatherLoop, scatterAddLoop, scatterRowsLoop, sortLoop, topkLoop } from "./loops.ts";
import type { Work } from "./interleave.ts";
import { againstLoop, ours, type Outcome, type Target } from "./target.ts";

const Mi = 2 ** 20;

/** What a target needs: ours, the loop, and the array that the loop's result is in. */
type Sides = readonly [work: ReturnType<typeof ours>, loop: Work, result: Float32Array];

const target = (work: string, prepare: () => Sides): Target => ({
  work,
  atMost: 1.5,
  unit: "of the loop",
  async measure(budgetMs): Promise<Outcome> {
    const [own, loop, result] = prepare();
    const { value, ...rest } = await againstLoop(own, loop, result, budgetMs);
    return { value: value === null ? null : 1 / value, ...rest };
  },
});

function embeddingGradient(): Sides {
  const [words, width, tokens] = [8192, 128, 8192];
  const index = generateIntegers(51, tokens, words);
  const rows = generate(52, tokens * width);
  const table = new Float32Array(words * width);
  const work = ours(
    [integerInput("cpu", 51, [tokens], words), input("cpu", 52, [tokens, width])],
    [words, width],
    (at, grad) => {
      const leaf = torch.zeros([words, width]).requires_grad_();
      return torch.autograd.grad(torch.nn.functional.embedding(at, leaf), leaf, grad)[0];
    },
  );
  return [work, () => scatterRowsLoop(table, index, rows, width), table];
}

function scatterAdd(): Sides {
  const [base, values, index] = [generate(53, Mi), generate(54, Mi), generateIntegers(55, Mi, Mi)];
  const result = new Float32Array(Mi);
  const work = ours(
    [input("cpu", 53, [Mi]), input("cpu", 54, [Mi]), integerInput("cpu", 55, [Mi], Mi)],
    [Mi],
    (x, v, at) => x.scatter_add(0, at, v),
  );
  return [work, () => scatterAddLoop(base, index, values, result), result];
}

function gather(): Sides {
  const [x, index] = [generate(53, Mi), generateIntegers(55, Mi, Mi)];
  const result = new Float32Array(Mi);
  const work = ours([input("cpu", 53, [Mi]), integerInput("cpu", 55, [Mi], Mi)], [Mi], (v, at) => v.gather(0, at));
  return [work, () => gatherLoop(x, index, result), result];
}

function sort(): Sides {
  const x = generate(56, 1_000_000);
  const [values, positions] = [new Float32Array(x.length), new Int32Array(x.length)];
  const work = ours([input("cpu", 56, [x.length])], [x.length], (v) => v.sort().values);
  return [work, () => sortLoop(x, values, positions), values];
}

function topk(): Sides {
  const k = 100;
  const x = generate(56, Mi);
  const [values, positions] = [new Float32Array(k), new Int32Array(k)];
  const work = ours([input("cpu", 56, [Mi])], [k], (v) => v.topk(k).values);
  return [work, () => topkLoop(x, k, values, positions), values];
}

function cumsum(): Sides {
  const x = generate(57, Mi, { positive: true });
  const result = new Float32Array(Mi);
  const work = ours([input("cpu", 57, [Mi], { positive: true })], [Mi], (v) => v.cumsum(0));
  return [work, () => cumsumLoop(x, result), result];
}

export const indexingTargets: readonly Target[] = [
  target("embedding gradient, 8192 tokens of 128, 8192 words", embeddingGradient),
  target("scatter_add of 1 Mi into 1 Mi", scatterAdd),
  target("gather of 1 Mi from 1 Mi", gather),
  target("sort of 1,000,000", sort),
  target("topk, 100 of 1 Mi", topk),
  target("cumsum of 1 Mi", cumsum),
];
