/** `npm run bench -- --targets`: every target with what is reached. */
import { attentionTargets } from "./attention.ts";
import { elementwiseTargets } from "./elementwise.ts";
import { fourierTargets } from "./fourier.ts";
import { indexingTargets } from "./indexing.ts";
import { productTargets } from "./products.ts";
import { recording, stepTargets } from "./steps.ts";
import { threadTargets } from "./threads.ts";
import { winogradTargets } from "./winograd.ts";
import type { Outcome, Target } from "./target.ts";

export const targets: readonly Target[] = [
  // As in a process of its own: after the others, V8 makes the graph's objects old from the start (docs/performance.md).
  recording,
  ...productTargets,
  ...winogradTargets,
  ...attentionTargets,
  ...elementwiseTargets,
  ...indexingTargets,
  ...fourierTargets,
  ...stepTargets,
  ...threadTargets,
];

export const meets = ({ atLeast, atMost }: Target, value: number): boolean =>
  value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);

export const targetHeader = `${"target".padEnd(64)}${"asked".padStart(8)}${"reached".padStart(9)}`;

export function targetRow(target: Target, { value, note = "" }: Outcome): string {
  const { work, atLeast, atMost, unit } = target;
  const asked = atLeast === undefined ? `<= ${atMost!}` : `>= ${atLeast}`;
  const reached = value === null ? "-" : value.toPrecision(3);
  const verdict = value === null ? "    " : meets(target, value) ? "met " : "MISS";
  return `${work.padEnd(64)}${asked.padStart(8)}${reached.padStart(9)}  ${verdict} ${unit.padEnd(18)}${note}`;
}
