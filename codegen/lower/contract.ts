/**
 * Lowers a `contract` region: a dot and the elementwise work on its result. Operands are read through linear indices,
 * so transposes, windows (convolution) and broadcasts need no copy.
 *
 * Three forms, chosen by the strides: `tiles` (rows x vector columns in registers, the right operand's columns
 * adjacent or packed), `rows` (both operands adjacent along the contracted axis: a product per element, vectorised
 * along k), and `plain` (any type, any stride, one element at a time).
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import { Index, linear, unravel } from "../../ir/index.ts";
import type { Region } from "../../ir/kernel-graph.ts";
import type { Expr } from "../../ir/loop.ts";
import { contiguousStrides, elementCount } from "../../ir/shape.ts";
import { linearAccess } from "../../ir/views.ts";
import {
  addI,
  apply,
  cast,
  constant,
  indexExpr,
  integer,
  kindOf,
  load,
  mulI,
  narrowed,
  typeOf,
  variable,
} from "./expressions.ts";
import { lowerGpuTiles, suitsTiles } from "./contract-gpu.ts";
import { evaluate, type EvaluationContext } from "./evaluate.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "./kernel-builder.ts";
import { isWidened } from "./reductions.ts";

type Stored = (node: Node) => boolean;
/** Steps along the contracted axes that are written out one by one. */
const mostTaps = 9;
/**
 * Between the constants of two fences. When V8 writes out iterations of a loop, a fence for `k + 1 == -3` would be
 * known from one for `k == -4` before it, and go.
 */
const fenceSpacing = 64;
/** Elements of a column that are packed: eight columns take a megabyte. */
const mostPacked = (1 << 20) / 8 / dtypeBytes("float32");
const f32 = typeOf("f32");
const i32 = typeOf("i32");

/** One axis of the iteration space with the distance it moves in each operand and in the result. */
export interface Axis {
  readonly size: number;
  readonly left: number;
  readonly right: number;
  readonly out: number;
}
export interface Contraction {
  readonly left: { readonly base: Node; readonly offset: number };
  readonly right: { readonly base: Node; readonly offset: number };
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  readonly depth: readonly Axis[];
}

export function lowerContract(region: Region, name: string, target: Target, stored: Stored): LoweredKernel {
  const dot = region.members[0] as Node & NodeOf<"dot">;
  const builder = new KernelBuilder(target);
  const lowering = new ContractLowering(builder, region, dot, stored);
  if (dot.dtype !== "float32" || !lowering.isLinear) lowering.plain();
  else if (target.kind === "gpu") lowering.gpu();
  else lowering.tiles();
  return builder.finish(name);
}

export function analyse(dot: NodeOf<"dot">): Contraction {
  const [a, b] = dot.inputs as [Node, Node];
  const left = linearAccess(a);
  const right = linearAccess(b);
  const { batch, contract } = dot.attrs;
  const out = contiguousStrides(dot.shape);
  const free = (node: Node, side: 0 | 1): number[] =>
    node.shape.map((_, i) => i).filter((i) => !batch[side].includes(i) && !contract[side].includes(i));
  const freeA = free(a, 0);
  const freeB = free(b, 1);
  const nb = batch[0].length;
  return {
    left: { base: left.base, offset: left.offset },
    right: { base: right.base, offset: right.offset },
    batch: joinAxes(
      batch[0].map((axis, i) => ({
        size: a.shape[axis]!,
        left: left.strides[axis]!,
        right: right.strides[batch[1][i]!]!,
        out: out[i]!,
      })),
    ),
    rows: joinAxes(
      freeA.map((axis, i) => ({ size: a.shape[axis]!, left: left.strides[axis]!, right: 0, out: out[nb + i]! })),
    ),
    columns: joinAxes(
      freeB.map((axis, i) => ({
        size: b.shape[axis]!,
        left: 0,
        right: right.strides[axis]!,
        out: out[nb + freeA.length + i]!,
      })),
    ),
    depth: joinAxes(
      orderDepth(
        contract[0].map((axis, i) => ({
          size: a.shape[axis]!,
          left: left.strides[axis]!,
          right: right.strides[contract[1][i]!]!,
          out: 0,
        })),
      ),
    ),
  };
}

/** Columns that are computed together, as often as `count` says: each time `width` further. */
interface Strip {
  readonly first: number;
  readonly count: number;
  /** Where each register begins, counted from the strip's first column; they may overlap. */
  readonly vectors: readonly number[];
  /** Elements in each. */
  readonly lanes: number;
  readonly width: number;
}

/** Columns laid out next to each other in scratch memory, for all positions along `axes`. */
interface Packing {
  /** Outermost first, with the distance that each moves in the right operand. */
  readonly axes: readonly { readonly size: number; readonly right: number }[];
  /** Positions in all. */
  readonly size: number;
  /** Positions from one step along an axis of the contraction to the next. */
  readonly strideOf: (axis: Axis) => number;
  /** The columns' outer axes move through the same packed columns. */
  readonly shared: boolean;
}

/**
 * Every position of the right operand that the axes reach, as few axes that do not overlap. An axis moves through the
 * positions of another when its step is a multiple of the other's and falls inside.
 */
function joinedSpan(moving: readonly Axis[]): Omit<Packing, "shared"> {
  const joined: { right: number; size: number; readonly of: Axis[] }[] = [];
  for (const axis of [...moving].sort((a, b) => a.right - b.right)) {
    const home = joined.findLast(({ right, size }) => axis.right % right === 0 && axis.right < right * size);
    if (home === undefined) joined.push({ right: axis.right, size: axis.size, of: [axis] });
    else {
      home.size += (axis.size - 1) * (axis.right / home.right);
      home.of.push(axis);
    }
  }
  joined.reverse();
  const strides = contiguousStrides(joined.map(({ size }) => size));
  const steps = new Map(
    joined.flatMap(({ right, of }, i) => of.map((axis) => [axis, strides[i]! * (axis.right / right)] as const)),
  );
  return {
    axes: joined,
    size: joined.reduce((n, { size }) => n * size, 1),
    strideOf: (axis) => steps.get(axis)!,
  };
}

/** The contracted axes may be walked in any order: largest strides outermost, so that neighbours can be joined. */
const orderDepth = (axes: Axis[]): Axis[] => axes.sort((a, b) => b.left + b.right - (a.left + a.right));

/** Neighbouring axes that step evenly through every operand are one axis. */
function joinAxes(axes: readonly Axis[]): Axis[] {
  const joined: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = joined.at(-1);
    if (
      last &&
      last.left === axis.left * axis.size &&
      last.right === axis.right * axis.size &&
      last.out === axis.out * axis.size
    ) {
      joined[joined.length - 1] = { ...axis, size: axis.size * last.size };
    } else joined.push(axis);
  }
  return joined;
}

class ContractLowering {
  private readonly contraction: Contraction;
  private readonly builder: KernelBuilder;
  private readonly region: Region;
  private readonly dot: Node & NodeOf<"dot">;
  private readonly members: ReadonlySet<Node>;
  private readonly stored: Stored;
  /** Elements in a register. */
  private readonly lanes: number;

  constructor(builder: KernelBuilder, region: Region, dot: Node & NodeOf<"dot">, stored: Stored) {
    this.builder = builder;
    this.region = region;
    this.dot = dot;
    this.stored = stored;
    this.members = new Set(region.members);
    this.contraction = analyse(dot);
    this.lanes = builder.target.simd ? 4 : 1;
  }

  get isLinear(): boolean {
    const { left, right } = this.contraction;
    return (
      this.stored(left.base) &&
      this.stored(right.base) &&
      left.base.dtype === "float32" &&
      right.base.dtype === "float32"
    );
  }

  private context(value: Expr): EvaluationContext {
    return {
      builder: this.builder,
      stored: (node) => !this.members.has(node) && this.stored(node),
      supply: (node) => (node === (this.dot as Node) ? value : null),
    };
  }

  /** Finishes one element: the elementwise members, and the stores. */
  private epilogue(at: readonly Index[], value: Expr): void {
    const context = this.context(value);
    for (const node of this.region.stores) {
      const result = evaluate(context, node, at);
      const index = indexExpr(linear(at, contiguousStrides(node.shape)));
      this.builder.emit({ kind: "store", buffer: this.builder.buffer(node, "write"), index, value: result });
    }
  }

  /** Tiles in workgroup memory, where the shape fills them. */
  gpu(): void {
    if (!suitsTiles(this.contraction)) this.plain();
    else lowerGpuTiles(this.builder, this.dot, this.contraction, (at, value) => this.epilogue(at, value));
  }

  /** One element at a time. */
  plain(): void {
    const { builder, dot } = this;
    const [a, b] = dot.inputs as [Node, Node];
    const { batch, contract } = dot.attrs;
    const kind = kindOf(dot.dtype);
    const count = elementCount(dot.shape);
    const depth = contract[0].map((axis) => a.shape[axis]!);
    builder.loop("o", count, "parallel", () => {
      const at = unravel(Index.variable("o", count - 1), dot.shape);
      const wide = isWidened(builder.target, kind) ? "f64" : kind;
      const total = builder.declare(constant(wide, 0), "acc");
      const inner = elementCount(depth);
      builder.loop("k", inner, "serial", () => {
        const k = unravel(Index.variable("k", inner - 1), depth);
        const coordinates = (node: Node, side: 0 | 1, firstFree: number): Index[] => {
          let free = firstFree;
          return node.shape.map((_, axis) => {
            const inBatch = batch[side].indexOf(axis);
            if (inBatch >= 0) return at[inBatch]!;
            const inDepth = contract[side].indexOf(axis);
            return inDepth >= 0 ? k[inDepth]! : at[free++]!;
          });
        };
        const freeA = a.shape.length - batch[0].length - depth.length;
        const context = { builder, stored: (node: Node) => !this.members.has(node) && this.stored(node) };
        const x = evaluate(context, a, coordinates(a, 0, batch[0].length));
        const y = evaluate(context, b, coordinates(b, 1, batch[0].length + freeA));
        const product =
          kind === "f32" || kind === "f64"
            ? apply("madd", total.type, cast(x, wide), cast(y, wide), total)
            : apply("add", total.type, total, apply("mul", total.type, x, y));
        builder.assign(total, product);
      });
      this.epilogue(at, narrowed(cast(total, kind), dot.dtype));
    });
  }

  /** Register tiles. */
  tiles(): void {
    const { builder, contraction } = this;
    const { batch, rows, columns, depth } = contraction;
    const one: Axis = { size: 1, left: 0, right: 0, out: 0 };
    const row = rows.at(-1) ?? one;
    const column = columns.at(-1) ?? one;
    const innermost = depth.at(-1);
    // With many rows the columns are packed instead: the work is as fast, and what follows it is done in vectors.
    const manyRows = !builder.target.dynamic && row.size >= 48 && this.packable;
    const alongDepth = column.right !== 1 && innermost?.left === 1 && innermost.right === 1 && innermost.size >= 16;
    const dotForm = alongDepth && !manyRows;
    const packing = dotForm ? null : this.packing(row, column);
    const within = packing?.shared ? columns.slice(0, -1) : [];
    const outer = [...batch, ...rows.slice(0, -1), ...(within.length > 0 ? [] : columns.slice(0, -1))];
    const product = [...outer, ...within].reduce((n, axis) => n * axis.size, 1);
    const names = outer.map((_, i) => `o${i}`);
    const body = (): void => {
      const at = (pick: (axis: Axis) => number, offset: number): Index =>
        outer.reduce(
          (sum, axis, i) => sum.add(builder.position(names[i]!, axis.size).scale(pick(axis))),
          Index.constant(offset),
        );
      const start = {
        left: builder.let(indexExpr(at((x) => x.left, contraction.left.offset)), "left"),
        right: builder.let(indexExpr(at((x) => x.right, contraction.right.offset)), "right"),
        out: at((x) => x.out, 0),
      };
      if (dotForm) this.rowProducts(start, row, column);
      else this.columnTiles(start, row, column, packing, within);
    };
    const nest = (depthIndex: number): void => {
      const axis = outer[depthIndex];
      if (axis === undefined) return body();
      builder.loop(names[depthIndex]!, axis.size, "parallel", () => nest(depthIndex + 1));
    };
    if (product > 0) nest(0);
  }

  /** Whether eight columns of the right operand fit in scratch memory. */
  private get packable(): boolean {
    return this.depthSize <= mostPacked;
  }

  private get depthSize(): number {
    return this.contraction.depth.reduce((n, axis) => n * axis.size, 1);
  }

  /** Whether columns are packed before they are used, and how. */
  private packing(row: Axis, column: Axis): Packing | null {
    const { depth, columns } = this.contraction;
    const far = depth.some((axis) => axis.right >= 1024 && axis.size > 64);
    if (column.size < 4 || !this.packable || (column.right === 1 && !(far && row.size >= 32))) return null;
    const outer = columns.slice(0, -1);
    const forward = [...depth, ...outer].every(({ right }) => right > 0);
    if (outer.length > 0 && forward && !this.builder.target.dynamic) {
      // The windows of a convolution overlap: what lies behind all of them is packed once.
      const { axes, size, strideOf } = joinedSpan([...depth, ...outer]);
      const apart = outer.reduce((n, axis) => n * axis.size, this.depthSize);
      if (size <= mostPacked && 2 * size <= apart) return { shared: true, axes, size, strideOf };
    }
    const sizes = depth.map((axis) => axis.size);
    const strides = contiguousStrides(sizes);
    return {
      shared: false,
      axes: depth.map(({ size, right }) => ({ size, right })),
      size: this.depthSize,
      strideOf: (axis) => strides[depth.indexOf(axis)]!,
    };
  }

  private leftBuffer(): string {
    return this.builder.buffer(this.contraction.left.base, "read");
  }
  private rightBuffer(): string {
    return this.builder.buffer(this.contraction.right.base, "read");
  }

  /**
   * Loops over the contracted axes; `body` gets the position in each operand relative to the tile's start, the name of
   * the innermost loop, and the position along each axis.
   */
  private overDepth(body: (left: Index, right: Index, inner: string, at: readonly Index[]) => void): void {
    const { depth } = this.contraction;
    const { writtenOut } = this;
    const step = (i: number, left: Index, right: Index, inner: string, at: readonly Index[]): void => {
      const axis = depth[i];
      if (axis === undefined) return body(left, right, inner, at);
      if (i >= writtenOut) {
        for (let k = 0; k < axis.size; k++)
          step(i + 1, left.add(k * axis.left), right.add(k * axis.right), inner, [...at, Index.constant(k)]);
        return;
      }
      const name = this.builder.fresh("k");
      const k = this.builder.position(name, axis.size);
      this.builder.loop(name, axis.size, "serial", () =>
        step(i + 1, left.add(k.scale(axis.left)), right.add(k.scale(axis.right)), name, [...at, k]),
      );
    };
    step(0, Index.constant(0), Index.constant(0), "", []);
  }

  /** The first of the contracted axes whose loops are written out: the taps of a small filter. */
  private get writtenOut(): number {
    const { depth } = this.contraction;
    if (this.builder.target.dynamic || this.lanes === 1) return depth.length;
    let first = depth.length;
    let taps = 1;
    while (first > 0 && taps * depth[first - 1]!.size <= mostTaps) taps *= depth[--first]!.size;
    return first;
  }

  /** `within`: outer axes of the columns that are walked inside each strip. */
  private columnTiles(
    start: { left: Expr; right: Expr; out: Index },
    row: Axis,
    column: Axis,
    packing: Packing | null,
    within: readonly Axis[],
  ): void {
    const { builder } = this;
    for (const strip of this.strips(column.size, column.right === 1 || packing !== null)) {
      const compute = (columnStart: Index): void => {
        const width = packing === null ? 1 : strip.width;
        const buffer = width > 1 ? builder.scratch("float32", packing!.size * width) : null;
        if (buffer !== null) this.pack(buffer, packing!, start.right, columnStart, column, strip);
        const walk = (i: number, out: Index, offset: Index, moved: Index): void => {
          const axis = within[i];
          if (axis === undefined) {
            const packed = buffer === null ? null : { ...packing!, buffer, offset };
            const isThere = within.length === 0 || buffer !== null;
            const right = isThere ? start.right : builder.let(addI(start.right, indexExpr(moved)));
            this.overTiles(row.size, this.rowsOfTile(strip), "m", (rowStart, height) =>
              this.tile({ left: start.left, right, out }, row, column, rowStart, height, columnStart, strip, packed),
            );
            return;
          }
          const name = builder.fresh("w");
          const w = builder.position(name, axis.size);
          builder.loop(name, axis.size, "serial", () =>
            walk(
              i + 1,
              out.add(w.scale(axis.out)),
              offset.add(w.scale(packing!.strideOf(axis) * width)),
              moved.add(w.scale(axis.right)),
            ),
          );
        };
        walk(0, start.out, Index.constant(0), Index.constant(0));
      };
      const { count, width, first } = strip;
      // What is packed is one thread's own: it stands in a loop with its use, even of one turn.
      if (count === 1 && packing === null && !builder.target.dynamic) compute(Index.constant(first));
      else {
        const name = builder.fresh("n");
        builder.loop(name, count, "parallel", () => compute(builder.position(name, count).scale(width).add(first)));
      }
    }
  }

  /** How the columns are split. A last strip may compute columns twice: that costs a fraction of single columns. */
  private strips(size: number, wide: boolean): Strip[] {
    const { lanes } = this;
    const strip = (first: number, count: number, vectors: readonly number[], lanes: number): Strip => ({
      first,
      count,
      vectors,
      lanes,
      width: vectors.at(-1)! + lanes,
    });
    const single = (first: number, count: number): Strip => strip(first, count, [0], 1);
    if (size === 0 && !this.builder.target.dynamic) return [];
    if (!wide) return [single(0, size)];
    if (lanes === 1) {
      const whole = size >> 2;
      const strips = [strip(0, whole, [0, 1, 2, 3], 1), single(whole * 4, size - whole * 4)];
      return strips.filter(({ count }) => count > 0 || this.builder.target.dynamic);
    }
    const pairs = Math.floor(size / 8);
    if (this.builder.target.dynamic) {
      const four = (size >> 2) & 1;
      const rest = pairs * 8 + four * 4;
      return [strip(0, pairs, [0, 4], 4), strip(pairs * 8, four, [0], 4), single(rest, size - rest)];
    }
    if (size < 4) return [single(0, size)];
    const over = size % 8;
    // Up to four columns more than pairs of vectors make the last pair a triple.
    const triple = over > 0 && over <= 4 && pairs > 0;
    const whole = triple ? pairs - 1 : pairs;
    const strips = whole > 0 ? [strip(0, whole, [0, 4], 4)] : [];
    if (triple) strips.push(strip(whole * 8, 1, [0, 4, over + 4], 4));
    else if (over > 0) strips.push(strip(whole * 8, 1, over > 4 ? [0, over - 4] : [0], 4));
    return strips;
  }

  /**
   * About a dozen accumulators hide the latency of a multiply-add, and leave registers for the operands; ten where the
   * product takes a register too.
   */
  private rowsOfTile({ vectors, lanes }: Strip): number {
    if (this.lanes === 1) return 4;
    return lanes === 1 ? 6 : Math.floor((this.builder.target.fused ? 12 : 10) / vectors.length);
  }

  /** Blocks of `tile` steps, then the rest: as one smaller block, or (where sizes vary) one step at a time. */
  private overTiles(size: number, tile: number, prefix: string, body: (from: Index, count: number) => void): void {
    const { builder } = this;
    if (builder.target.dynamic) {
      // Counted in the kernel, so that the size is the only number that varies.
      const blocks = builder.let(apply("div", i32, integer(size), integer(tile)));
      const block = builder.fresh(prefix);
      builder.range(block, integer(0), blocks, 1, "parallel", () =>
        body(builder.position(block, Math.ceil(size / tile)).scale(tile), tile),
      );
      const rest = builder.fresh(prefix);
      const done = builder.let(apply("mul", i32, blocks, integer(tile)));
      builder.range(rest, done, integer(size), 1, "parallel", () => body(builder.position(rest, size), 1));
      return;
    }
    // A rest of few steps would leave most of the machine idle: it shares evenly with the last whole block.
    const rest = size % tile;
    const even = rest > 0 && rest <= tile / 2 && size > tile;
    const whole = Math.floor(size / tile) - (even ? 1 : 0);
    const blocks = (first: number, height: number, count: number): void => {
      if (count === 0 || height === 0) return;
      const name = builder.fresh(prefix);
      builder.loop(name, count, "parallel", () =>
        body(
          Index.variable(name, count - 1)
            .scale(height)
            .add(first),
          height,
        ),
      );
    };
    blocks(0, tile, whole);
    const last = size - whole * tile;
    if (!even) blocks(whole * tile, last, 1);
    else if (last % 2 === 0) blocks(whole * tile, last / 2, 2);
    else {
      blocks(whole * tile, (last + 1) / 2, 1);
      blocks(size - (last - 1) / 2, (last - 1) / 2, 1);
    }
  }

  /** Copies `width` columns next to each other: [...axes, width]. */
  private pack(
    buffer: string,
    { axes }: Packing,
    rightStart: Expr,
    columnStart: Index,
    column: Axis,
    { vectors, width }: Strip,
  ): void {
    const { builder } = this;
    const strides = contiguousStrides(axes.map(({ size }) => size));
    const right = this.rightBuffer();
    const nest = (i: number, from: Index, to: Index): void => {
      const axis = axes[i];
      if (axis === undefined) {
        const base = builder.let(addI(rightStart, indexExpr(from.add(columnStart.scale(column.right)))));
        // Neighbours are copied in vectors.
        const wide = column.right === 1 && this.lanes === 4;
        const places = wide ? vectors : Array.from({ length: width }, (_, j) => j);
        for (const j of places) {
          const value = load(right, typeOf("f32", wide ? 4 : 1), addI(base, integer(j * column.right)));
          builder.emit({ kind: "store", buffer, index: indexExpr(to.add(j)), value });
        }
        return;
      }
      const name = builder.fresh("p");
      const p = builder.position(name, axis.size);
      builder.loop(name, axis.size, "serial", () =>
        nest(i + 1, from.add(p.scale(axis.right)), to.add(p.scale(strides[i]! * width))),
      );
    };
    nest(0, Index.constant(0), Index.constant(0));
  }

  private tile(
    start: { left: Expr; right: Expr; out: Index },
    row: Axis,
    column: Axis,
    rowStart: Index,
    height: number,
    columnStart: Index,
    strip: Strip,
    packed: (Packing & { readonly buffer: string; readonly offset: Index }) | null,
  ): void {
    const { builder, contraction } = this;
    const { lanes, vectors, width } = strip;
    const type = typeOf("f32", lanes);
    const wide = lanes === 1 ? "f64" : "f32";
    const zero: Expr = constant(wide, 0);
    const sums = Array.from({ length: height * vectors.length }, () =>
      builder.declare(lanes === 1 ? zero : apply("splat", type, zero), "c"),
    );
    const leftBase = builder.let(addI(start.left, indexExpr(rowStart.scale(row.left))));
    const rightBase =
      packed === null ? builder.let(addI(start.right, indexExpr(columnStart.scale(column.right)))) : integer(0);
    const packedStrides = packed === null ? [] : contraction.depth.map((axis) => packed.strideOf(axis) * width);
    const left = this.leftBuffer();
    const right = packed?.buffer ?? this.rightBuffer();
    let fences = 0;
    this.overDepth((leftAt, rightAt, inner, at) => {
      const rightIndex = packed === null ? rightAt : linear(at, packedStrides).add(packed.offset);
      const b = vectors.map((offset) =>
        builder.let(cast(load(right, type, addI(addI(rightBase, indexExpr(rightIndex)), integer(offset))), wide)),
      );
      const a0 = builder.let(addI(leftBase, indexExpr(leftAt)));
      for (let i = 0; i < height; i++) {
        const scalar = load(left, f32, addI(a0, mulI(integer(i), integer(row.left))));
        const a = builder.let(lanes === 1 ? cast(scalar, wide) : apply("splat", type, scalar));
        b.forEach((value, v) => {
          const sum = sums[i * vectors.length + v]!;
          builder.assign(sum, apply("madd", a.type, a, value, sum));
        });
        const pause = vectors.length > 1 || i % 2 === 1;
        if (lanes === 4 && pause && inner !== "")
          builder.emit({ kind: "fence", counter: variable(inner, i32), never: -fenceSpacing * ++fences });
      }
    });
    const results = sums.map((sum) => cast(sum, "f32"));
    this.finishTile(start.out, row, column, rowStart, height, columnStart, strip, results);
  }

  /** Stores a tile: straight from registers when there is nothing to add, else through a small scratch tile. */
  private finishTile(
    out: Index,
    row: Axis,
    column: Axis,
    rowStart: Index,
    height: number,
    columnStart: Index,
    { lanes, vectors, width }: Strip,
    sums: readonly Expr[],
  ): void {
    const { builder, dot, region } = this;
    const position = (i: number | Index, j: number | Index): Index => {
      const r = typeof i === "number" ? rowStart.add(i) : rowStart.add(i);
      const c = typeof j === "number" ? columnStart.add(j) : columnStart.add(j);
      return out.add(r.scale(row.out)).add(c.scale(column.out));
    };
    if (region.members.length === 1 && (column.out === 1 || lanes === 1)) {
      const buffer = builder.buffer(dot, "write");
      sums.forEach((value, s) => {
        const at = position(Math.floor(s / vectors.length), vectors[s % vectors.length]!);
        builder.emit({ kind: "store", buffer, index: indexExpr(at), value });
      });
      return;
    }
    if (width === 1) {
      for (let i = 0; i < height; i++) this.epilogue(unravel(position(i, 0), dot.shape), sums[i]!);
      return;
    }
    const tile = builder.scratch("float32", height * width);
    sums.forEach((value, s) => {
      const index = integer(Math.floor(s / vectors.length) * width + vectors[s % vectors.length]!);
      builder.emit({ kind: "store", buffer: tile, index, value });
    });
    const rowName = builder.fresh("e");
    const columnName = builder.fresh("e");
    const i = Index.variable(rowName, height - 1);
    const j = Index.variable(columnName, width - 1);
    builder.loop(rowName, height, "serial", () => {
      builder.loop(columnName, width, "serial", () => {
        const value = builder.let(load(tile, f32, indexExpr(i.scale(width).add(j))));
        this.epilogue(unravel(position(i, j), dot.shape), value);
      });
    });
  }

  /** Both operands adjacent along k: vector accumulators along k, a few rows and columns at a time. */
  private rowProducts(start: { left: Expr; right: Expr; out: Index }, row: Axis, column: Axis): void {
    const { builder, contraction, dot } = this;
    const inner = contraction.depth.at(-1)!;
    const outerDepth = contraction.depth.slice(0, -1);
    const left = this.leftBuffer();
    const right = this.rightBuffer();
    const { lanes } = this;
    const vector = typeOf("f32", lanes);
    const block = (rowStart: Index, height: number, columnStart: Index, width: number): void => {
      const sums = Array.from({ length: height * width }, () =>
        builder.declare(lanes === 1 ? constant("f64", 0) : apply("splat", vector, constant("f32", 0)), "c"),
      );
      const rest = Array.from({ length: height * width }, () => builder.declare(constant("f64", 0), "d"));
      const leftBase = builder.let(addI(start.left, indexExpr(rowStart.scale(row.left))));
      const rightBase = builder.let(addI(start.right, indexExpr(columnStart.scale(column.right))));
      const nest = (i: number, leftAt: Index, rightAt: Index): void => {
        const axis = outerDepth[i];
        if (axis !== undefined) {
          const name = builder.fresh("k");
          const k = builder.position(name, axis.size);
          builder.loop(name, axis.size, "serial", () =>
            nest(i + 1, leftAt.add(k.scale(axis.left)), rightAt.add(k.scale(axis.right))),
          );
          return;
        }
        const l0 = builder.let(addI(leftBase, indexExpr(leftAt)));
        const r0 = builder.let(addI(rightBase, indexExpr(rightAt)));
        const whole = inner.size - (inner.size % lanes);
        const chunk = (type: typeof f32, k: Expr, targets: readonly Expr[]): void => {
          const wide = type.lanes === 1 ? "f64" : "f32";
          const b = Array.from({ length: width }, (_, j) =>
            builder.let(cast(load(right, type, addI(addI(r0, k), integer(j * column.right))), wide)),
          );
          for (let r = 0; r < height; r++) {
            const a = builder.let(cast(load(left, type, addI(addI(l0, k), integer(r * row.left))), wide));
            for (let c = 0; c < width; c++)
              builder.assign(targets[r * width + c]!, apply("madd", a.type, a, b[c]!, targets[r * width + c]!));
          }
        };
        const vectors = (end: Expr): void => {
          const name = builder.fresh("k");
          builder.range(name, integer(0), end, lanes, "serial", () => chunk(vector, variable(name, i32), sums));
        };
        if (builder.target.dynamic) {
          const aligned = builder.let(apply("and", i32, integer(inner.size), integer(-lanes)));
          vectors(aligned);
          const name = builder.fresh("k");
          builder.range(name, aligned, integer(inner.size), 1, "serial", () => chunk(f32, variable(name, i32), rest));
          return;
        }
        if (whole > 0) vectors(integer(whole));
        for (let k = whole; k < inner.size; k++) chunk(f32, integer(k), rest);
      };
      nest(0, Index.constant(0), Index.constant(0));
      for (let r = 0; r < height; r++) {
        for (let c = 0; c < width; c++) {
          const sum = sums[r * width + c]!;
          const joined = lanes === 1 ? sum : cast(apply("reduce_add", f32, sum), "f64");
          const total = builder.let(cast(apply("add", joined.type, joined, rest[r * width + c]!), "f32"));
          const at = start.out.add(rowStart.add(r).scale(row.out)).add(columnStart.add(c).scale(column.out));
          this.epilogue(unravel(at, dot.shape), total);
        }
      }
    };
    this.overTiles(column.size, 4, "t", (columnStart, width) =>
      this.overTiles(row.size, 2, "t", (rowStart, height) => block(rowStart, height, columnStart, width)),
    );
  }
}
