/** Reductions of consecutive runs of elements. */
import type { GraphBuilder } from "../builder.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Node, ScatterMode } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, sameShape } from "../shape.ts";
import type { ScalarArgument } from "../signature.ts";
import { axisOf, describe, requireFloat, requireIndex, scalarAs } from "./support.ts";

const modes: Readonly<Record<string, readonly [ScatterMode, number]>> = {
  sum: ["add", 0],
  mean: ["add", 0],
  prod: ["mul", 1],
  max: ["max", -Infinity],
  min: ["min", Infinity],
};

/** The run that each place along the axis belongs to; the number of runs where it belongs to none. */
function runOf(g: GraphBuilder, ends: Node, size: number): Node {
  const lead = ends.shape.slice(0, -1);
  const count = ends.shape.at(-1)!;
  const place = g.expandTo(g.iota(size, "int64"), [...lead, size]);
  const passed = g.le(
    g.reshape(g.expandTo(g.reshape(ends, [...lead, 1, count]), [...lead, size, count]), [...lead, size, count]),
    g.reshape(place, [...lead, size, 1]),
  );
  return g.reshape(g.sum(g.cast(passed, "int64"), [lead.length + 1]), [...lead, size]);
}

interface Runs {
  readonly data: Node;
  readonly reduce: string;
  /** Where each run ends, in the last dimension. */
  readonly ends: Node;
  /** How long each run is. */
  readonly lengths: Node;
  readonly axis: number;
  readonly initial: ScalarArgument | null;
}

function reduceRuns(g: GraphBuilder, { data, reduce, ends, lengths, axis, initial }: Runs): Node {
  const known = modes[reduce];
  if (known === undefined)
    throw new ArgumentError(
      "segment_reduce/reduce",
      `segment_reduce: unsupported reduction given: ${reduce}; there are sum, mean, prod, max and min.`,
    );
  requireFloat("segment_reduce", data);
  const lead = data.shape.slice(0, axis);
  if (!sameShape(ends.shape.slice(0, -1), lead))
    throw new ShapeError(
      "segment_reduce/lengths",
      `segment_reduce: Expected lengths to match data in the dimensions before axis ${axis}: ${describe(ends)} and ${describe(data)}.`,
    );
  const [mode, identity] = known;
  const count = ends.shape.at(-1)!;
  const inner = data.shape.slice(axis + 1);
  const shape = [...lead, count, ...inner];
  const start = initial === null ? g.full([], identity, data.dtype) : scalarAs(g, initial, data.dtype);
  // A last run takes what belongs to none.
  const base = g.expandTo(start, [...lead, count + 1, ...inner]);
  const run = runOf(g, ends, data.shape[axis]!);
  const index = g.expandTo(g.reshape(run, [...lead, data.shape[axis]!, ...inner.map(() => 1)]), data.shape);
  const total = g.sliceAxis(
    elementCount(data.shape) === 0 ? base : g.scatterAlong(mode, base, data, axis, index),
    axis,
    0,
    count,
  );
  if (reduce !== "mean") return total;
  const divisor = g.expandTo(g.reshape(g.cast(lengths, data.dtype), [...lead, count, ...inner.map(() => 1)]), shape);
  const empty = g.eq(divisor, 0);
  const mean = g.div(total, g.where(empty, 1, divisor));
  return g.where(empty, initial === null ? NaN : g.expandTo(start, shape), mean);
}

defineOp({
  name: "segment_reduce",
  signature:
    "segment_reduce(Tensor data, 'sum'|'mean'|'max'|'min'|'prod' reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, bool unsafe=False, Scalar? initial=None) -> Tensor",
  places: ["torch"],
  doc: {
    summary:
      "The sum, mean, product, maximum or minimum of each of the runs that lengths or offsets cut the axis into.",
    shape: "[*, n, #] and [*, runs] -> [*, runs, #]",
    source: "torch.segment_reduce",
  },
  gradient: "through decomposition",
  record(g, { data, reduce, lengths, offsets, axis: dim, initial }) {
    const axis = axisOf("segment_reduce", dim, data.shape.length);
    if (lengths !== null) {
      requireIndex("segment_reduce", lengths);
      const long = g.cast(lengths, "int64");
      return reduceRuns(g, {
        data,
        reduce,
        ends: g.scan("sum", long, long.shape.length - 1),
        lengths: long,
        axis,
        initial,
      });
    }
    if (offsets === null)
      throw new ArgumentError(
        "segment_reduce/arguments",
        "segment_reduce(): Either lengths or offsets must be defined.",
      );
    requireIndex("segment_reduce", offsets);
    const long = g.cast(offsets, "int64");
    const last = long.shape.length - 1;
    const count = long.shape[last]! - 1;
    const ends = g.sliceAxis(long, last, 1, count);
    return reduceRuns(g, {
      data,
      reduce,
      ends,
      lengths: g.sub(ends, g.sliceAxis(long, last, 0, count)),
      axis,
      initial,
    });
  },
});
