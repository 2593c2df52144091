/** Loops over the contracted axes. */
import { Index } from "../../../ir/index.ts";
import type { Axis } from "./contraction.ts";
import type { ContractLowering } from "./lowering.ts";

/** Steps along the contracted axes that are written out one by one. */
const mostTaps = 9;

/** Gets the position in each operand relative to the tile's start, the innermost loop's name, and the position along each axis. */
export type DepthBody = (left: Index, right: Index, inner: string, at: readonly Index[]) => void;

export function overDepth({ builder, contraction: { depth }, lanes }: ContractLowering, body: DepthBody): void {
  const writtenOut = builder.target.dynamic || lanes === 1 ? depth.length : firstTap(depth);
  const step = (i: number, left: Index, right: Index, inner: string, at: readonly Index[]): void => {
    const axis = depth[i];
    if (axis === undefined) return body(left, right, inner, at);
    if (i >= writtenOut) {
      for (let k = 0; k < axis.size; k++)
        step(i + 1, left.add(k * axis.left), right.add(k * axis.right), inner, [...at, Index.constant(k)]);
      return;
    }
    const name = builder.fresh("k");
    const k = builder.position(name, axis.size);
    builder.loop(name, axis.size, "serial", () =>
      step(i + 1, left.add(k.scale(axis.left)), right.add(k.scale(axis.right)), name, [...at, k]),
    );
  };
  step(0, Index.constant(0), Index.constant(0), "", []);
}

/** The first of the contracted axes whose loops are written out: the taps of a small filter. */
function firstTap(depth: readonly Axis[]): number {
  let first = depth.length;
  let taps = 1;
  while (first > 0 && taps * depth[first - 1]!.size <= mostTaps) taps *= depth[--first]!.size;
  return first;
}
