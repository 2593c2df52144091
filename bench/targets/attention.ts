/** Attention in blocks of scores, beside all scores at once: time, and the memory of a step. */
import * as torch from "../../frontend/index.ts";
import { callOperator } from "../../frontend/call.ts";
import { input } from "../workloads/workload.ts";
import { mediansOf } from "./interleave.ts";
import type { Target } from "./target.ts";

const [heads, width] = [8, 64];

/** Forward and backward. */
const causalAttention = (length: number): Target => ({
  work: `causal attention of ${length}, ${heads} heads of ${width}, with gradients`,
  atMost: 1,
  unit: "of all at once",
  measure(budgetMs) {
    const tensor = (seed: number): torch.Tensor => input("cpu", seed, [1, heads, length, width]);
    const [q, k, v] = [tensor(61), tensor(62), tensor(63)].map((x) => x.requires_grad_()) as [
      torch.Tensor,
      torch.Tensor,
      torch.Tensor,
    ];
    const grad = tensor(64);
    const step = (attend: () => torch.Tensor) => torch.compile(() => torch.autograd.grad(attend(), [q, k, v], grad));
    const chosen = step(() => torch.nn.functional.scaled_dot_product_attention(q, k, v, { is_causal: true }));
    const atOnce = step(
      () =>
        callOperator("scaled_dot_product_attention", [q, k, v, null, null, true, null, false, null]) as torch.Tensor,
    );
    const [own, direct] = mediansOf([chosen, atOnce], budgetMs) as [number, number];
    const megabytes = [chosen, atOnce].map(({ statistics }) => (statistics.peakBytes / 1e6).toFixed(0));
    return {
      value: own / direct,
      note: `${own.toFixed(1)} ms and ${direct.toFixed(1)} ms, ${megabytes[0]} MB and ${megabytes[1]} MB`,
    };
  },
});

export const attentionTargets: readonly Target[] = [causalAttention(1024), causalAttention(2048)];
