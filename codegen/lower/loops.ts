/**
 * Lowers a `loops` region: a nest over the kept axes; inside it, for each phase, a nest over the reduced axes with that
 * phase's accumulators, elementwise values and stores; between phases, the values of a row.
 */
import type { Node, NodeOf } from "../../ir/graph.ts";
import { Index, linear, unravel } from "../../ir/index.ts";
import { keptAxes, partsOf, rowCountOf, type Region } from "../../ir/kernel-graph.ts";
import type { Expr, Stmt } from "../../ir/loop.ts";
import { contiguousStrides, elementCount, sameShape } from "../../ir/shape.ts";
import { isReduce } from "../../ir/traits.ts";
import { behindReshape, reshapeCoordinates } from "../../ir/views.ts";
import { addI, apply, indexExpr, integer, kindOf, load, mulI, typeOf, variable } from "./expressions.ts";
import { evaluate, read, type EvaluationContext } from "./evaluate.ts";
import { gpuLowering } from "./gpu-lowering.ts";
import { KernelBuilder, zeroOf, type LoweredKernel, type Target } from "./kernel-builder.ts";
import { isCheapMap, planPhases, type PhasePlan } from "./phases.ts";
import { accumulator, type Accumulator } from "./reductions.ts";
import { blockCountOf, blockRows, blockSums, sumsAcross, totalsRegion } from "./sums-across.ts";

interface Join {
  readonly node: Node & NodeOf<"concat">;
  readonly placeOf: (at: readonly Index[]) => readonly Index[];
}

/** Consecutive axes run as one loop. */
type AxisGroups = readonly (readonly number[])[];

/** One kernel; with sums across, a second one that adds up the first one's blocks. */
export function lowerLoops(
  region: Region,
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
): LoweredKernel[] {
  const first = lowerNest(region, name, target, stored);
  if (sumsAcross(region).length === 0) return [first];
  const { region: totals, sumOf } = totalsRegion(region);
  const last = lowerNest(totals, `${name}_total`, target, (node) =>
    totals.members.some(({ inputs }) => inputs[0] === node),
  );
  return [first, { ...last, arguments: last.arguments.map((node) => sumOf.get(node) ?? node) }];
}

function lowerNest(region: Region, name: string, target: Target, stored: (node: Node) => boolean): LoweredKernel {
  const plan = planPhases(region, stored);
  const { domain, reduced } = region;
  let groups: number[][] = domain.map((_, axis) => [axis]);
  const lower = (tried: AxisGroups): LoweredKernel => new LoopLowering(region, plan, target, stored, tried).run(name);
  let best = lower(groups);
  let divisions = countDivisions(best.kernel.body);
  // Join neighbouring axes, innermost first, wherever that costs no index division.
  for (let i = groups.length - 2; i >= 0; i--) {
    const [left, right] = [groups[i]!, groups[i + 1]!];
    if (reduced.includes(left[0]!) !== reduced.includes(right[0]!)) continue;
    const joined = [...groups.slice(0, i), [...left, ...right], ...groups.slice(i + 2)];
    const attempt = lower(joined);
    const cost = countDivisions(attempt.kernel.body);
    if (cost <= divisions) {
      groups = joined;
      best = attempt;
      divisions = cost;
    }
  }
  return best;
}

/** Index divisions in a body: what joining axes may cost. */
function countDivisions(body: readonly Stmt[]): number {
  let count = 0;
  const inExpr = (expr: Expr): void => {
    if (expr.op === "load") inExpr(expr.index);
    else if ("args" in expr) {
      if ((expr.op === "div" || expr.op === "rem") && expr.type.kind === "i32") count++;
      expr.args.forEach(inExpr);
    }
  };
  const inStmt = (s: Stmt): void => {
    switch (s.kind) {
      case "let":
      case "declare":
      case "assign":
        inExpr(s.value);
        break;
      case "store":
        inExpr(s.index);
        inExpr(s.value);
        break;
      case "for":
      case "while":
        s.body.forEach(inStmt);
        break;
      case "if":
        s.then.forEach(inStmt);
        s.else.forEach(inStmt);
        break;
      default:
    }
  };
  body.forEach(inStmt);
  return count;
}

/** Elements of a row that are written out one by one, and values that each may compute. */
const longestWrittenOut = 9;
const mostWrittenOut = 8;
const isCheap = (node: Node): boolean => isReduce(node) || isCheapMap(node);

const stageLimit = { cpu: 1 << 20, gpu: 2048 } as const;

class LoopLowering {
  private readonly builder: KernelBuilder;
  private readonly region: Region;
  private readonly plan: PhasePlan;
  private readonly stored: (node: Node) => boolean;
  private readonly groups: AxisGroups;
  private readonly members: ReadonlySet<Node>;
  private readonly target: Target;
  private readonly rowSize: number;
  /** One workgroup a row, its invocations sharing the reduction. */
  private readonly lanes: boolean;
  private phase = 0;
  private rowPosition: Index = Index.constant(0);
  private at: Index[] = [];
  private readonly slots = new Map<Node, string>();
  /** The buffers of sums across. */
  private readonly blocks: ReadonlyMap<Node, string>;

  constructor(region: Region, plan: PhasePlan, target: Target, stored: (node: Node) => boolean, groups: AxisGroups) {
    this.region = region;
    this.plan = plan;
    this.target = target;
    this.stored = stored;
    this.groups = groups;
    this.members = new Set(region.members);
    this.builder = new KernelBuilder(target);
    this.blocks = new Map(
      sumsAcross(region).map((sum) => [sum, this.builder.buffer(blockSums(sum, region), "readwrite")]),
    );
    this.rowSize = elementCount(region.reduced.map((axis) => region.domain[axis]!));
    const innermost = region.domain.length - 1;
    this.lanes =
      target.kind === "gpu" && region.reduced.length > 0 && this.rowSize >= 32 && region.reduced.includes(innermost);
  }

  run(name: string): LoweredKernel {
    const { reduced, domain } = this.region;
    const outer = this.groups.filter((axes) => !reduced.includes(axes[0]!));
    if (this.target.kind === "gpu") {
      if (this.lanes) this.builder.workgroupSize = Math.min(256, 2 ** Math.ceil(Math.log2(this.rowSize)));
      // One flat index: the grid has one dimension.
      const axes = outer.flat();
      const sizes = axes.map((axis) => domain[axis]!);
      const count = elementCount(sizes);
      this.nest([{ name: "i", count, parallel: true }], 0, (values) => {
        const coordinates = unravel(values[0]!, sizes);
        this.row(new Map(axes.map((axis, i) => [axis, coordinates[i]!])));
      });
      return this.builder.finish(name);
    }
    if (this.blocks.size > 0) {
      this.runInBlocks();
      return this.builder.finish(name);
    }
    const loops = outer.map((axes, i) => ({
      name: `i${i}`,
      count: elementCount(axes.map((axis) => domain[axis]!)),
      parallel: true,
    }));
    const last = loops.at(-1);
    if (last === undefined || !this.isLastWrittenOut(loops.map(({ count }) => count))) {
      this.nest(loops, 0, (values) => this.row(this.coordinates(outer, values)));
      return this.builder.finish(name);
    }
    this.nest(loops.slice(0, -1), 0, (values) => {
      for (let i = 0; i < last.count; i++) this.row(this.coordinates(outer, [...values, Index.constant(i)]));
    });
    return this.builder.finish(name);
  }

  /** Blocks of rows, each with a row of sums of its own for every sum across. */
  private runInBlocks(): void {
    const { builder, region, target } = this;
    const axes = keptAxes(region);
    const sizes = axes.map((axis) => region.domain[axis]!);
    const count = rowCountOf(region);
    builder.loop("block", blockCountOf(region), "parallel", () => {
      builder.loop("c", this.rowSize, "serial", () => {
        for (const [sum, buffer] of this.blocks)
          builder.emit({
            kind: "store",
            buffer,
            index: this.inBlock(variable("c", typeOf("i32"))),
            value: zeroOf(sum.dtype),
          });
      });
      const start = mulI(variable("block", typeOf("i32")), integer(blockRows));
      const next = addI(start, integer(blockRows));
      const isEven = !target.dynamic && count % blockRows === 0;
      const end = isEven ? next : apply("min", typeOf("i32"), next, integer(count));
      builder.range("i", start, end, 1, "serial", () => {
        const coordinates = unravel(builder.position("i", count), sizes);
        this.row(new Map(axes.map((axis, i) => [axis, coordinates[i]!])));
      });
    });
  }

  /** A place in the row of sums of the block at hand. */
  private inBlock(column: Expr): Expr {
    return addI(mulI(variable("block", typeOf("i32")), integer(this.rowSize)), column);
  }

  private addAcross(sum: Node, value: Expr): void {
    const buffer = this.blocks.get(sum)!;
    const index = this.inBlock(indexExpr(this.rowPosition));
    const old = load(buffer, typeOf(kindOf(sum.dtype)), index);
    this.builder.emit({ kind: "store", buffer, index, value: apply("add", old.type, old, value) });
  }

  private coordinates(groups: AxisGroups, values: readonly Index[]): Map<number, Index> {
    const result = new Map<number, Index>();
    groups.forEach((axes, i) => {
      const parts = unravel(
        values[i]!,
        axes.map((axis) => this.region.domain[axis]!),
      );
      axes.forEach((axis, k) => result.set(axis, parts[k]!));
    });
    return result;
  }

  private nest(
    loops: readonly { name: string; count: number; parallel: boolean; lane?: boolean }[],
    depth: number,
    body: (values: Index[]) => void,
    values: Index[] = [],
  ): void {
    const loop = loops[depth];
    if (loop === undefined) return body(values);
    const value = this.builder.position(loop.name, loop.count);
    const mode = loop.lane ? "lane" : loop.parallel ? "parallel" : "serial";
    this.builder.loop(loop.name, loop.count, mode, () => this.nest(loops, depth + 1, body, [...values, value]));
  }

  /** Everything of one row: phases, row values, stores. */
  private row(kept: ReadonlyMap<number, Index>): void {
    const { domain, reduced, members, stores } = this.region;
    const rowAt = domain.map((_, axis) => kept.get(axis) ?? Index.constant(0));
    const rowContext: EvaluationContext = { builder: this.builder, stored: (node) => this.isStored(node) };
    const inner = this.groups.filter((axes) => reduced.includes(axes[0]!));
    this.planSlots();
    const rowsDone = new Set<Node>();
    const finishRows = (phase: number): void => {
      for (const node of members) {
        if (rowsDone.has(node) || isReduce(node) || (this.plan.rows.get(node) ?? Infinity) > phase) continue;
        rowsDone.add(node);
        const value = evaluate(rowContext, node, rowAt);
        if (stores.includes(node)) this.store(node, rowAt, value);
      }
    };
    finishRows(0);
    for (let phase = 0; phase < this.plan.phaseCount; phase++) {
      this.phase = phase;
      const sums = (this.plan.reductions[phase] ?? []).map((node) => ({ node, sum: accumulator(this.builder, node) }));
      const loops = inner.map((axes, i) => ({
        name: `r${phase}_${i}`,
        count: elementCount(axes.map((axis) => domain[axis]!)),
        parallel: false,
        lane: this.lanes && inner.length === 1,
      }));
      const work = sums.length > 0 || [...this.plan.computed.values()].some((phases) => phases.includes(phase));
      if (!work) continue;
      if (this.lanes && inner.length > 1) {
        const sizes = inner.map((axes) => elementCount(axes.map((axis) => domain[axis]!)));
        this.nest([{ name: `r${phase}`, count: this.rowSize, parallel: false, lane: true }], 0, (values) => {
          this.element(new Map([...kept, ...this.coordinates(inner, unravel(values[0]!, sizes))]), sums);
        });
      } else if (this.isWrittenOut) this.writeOut(kept, sums);
      else this.nest(loops, 0, (values) => this.element(new Map([...kept, ...this.coordinates(inner, values)]), sums));
      for (const { node, sum } of sums) {
        if (this.lanes) gpuLowering.value.joinLanes(this.builder, sum, node);
        // Named, since a name does not change: what is made of it is made once, in front of the loops that use it.
        const value = this.named(sum.finish());
        this.builder.remember(node, rowAt, value);
        if (stores.includes(node)) this.store(node, rowAt, value);
      }
      finishRows(phase + 1);
    }
  }

  /** Converted as it is used: a position that is wanted as int32 need not be an int64 on the way. */
  private named(value: Expr): Expr {
    if (value.op !== "cast" || value.type.kind !== "i64") return this.builder.name(value);
    return { ...value, args: value.args.map((arg) => this.builder.name(arg)) };
  }

  /** Short rows of little work need no loop: then neighbouring rows can share vectors. */
  private get isWrittenOut(): boolean {
    const { kind, dynamic } = this.target;
    const { members, reduced } = this.region;
    if (kind !== "cpu" || dynamic || reduced.length === 0) return false;
    // What is computed once a row is written once.
    const repeated = members.filter((node) => !this.plan.rows.has(node));
    return this.rowSize <= longestWrittenOut && members.length <= mostWrittenOut && repeated.every(isCheap);
  }

  /** An innermost axis of few elements of little work is written out, so that vectors go along the one around it. */
  private isLastWrittenOut(counts: readonly number[]): boolean {
    const { kind, dynamic } = this.target;
    const { members, reduced } = this.region;
    const [around, last] = counts.slice(-2);
    if (kind !== "cpu" || dynamic || reduced.length > 0 || last === undefined) return false;
    return last > 1 && last < 4 && around! >= 4 && members.length * last <= mostWrittenOut && members.every(isCheap);
  }

  private writeOut(kept: ReadonlyMap<number, Index>, sums: readonly { node: Node; sum: Accumulator }[]): void {
    const { domain, reduced } = this.region;
    const sizes = reduced.map((axis) => domain[axis]!);
    for (let i = 0; i < this.rowSize; i++) {
      const at = unravel(Index.constant(i), sizes);
      this.element(new Map([...kept, ...reduced.map((axis, k) => [axis, at[k]!] as const)]), sums);
    }
  }

  private isStored(node: Node): boolean {
    return !this.members.has(node) && this.stored(node);
  }

  private element(coordinates: ReadonlyMap<number, Index>, sums: readonly { node: Node; sum: Accumulator }[]): void {
    const { domain, reduced, members, stores } = this.region;
    const at = domain.map((_, axis) => coordinates.get(axis)!);
    this.at = at;
    this.rowPosition = linear(
      reduced.map((axis) => at[axis]!),
      contiguousStrides(reduced.map((axis) => domain[axis]!)),
    );
    const context: EvaluationContext = {
      builder: this.builder,
      stored: (node) => this.isStored(node),
      supply: (node, where) => this.supply(node, where),
    };
    // Read what earlier phases left before anything of this phase takes over its slot.
    for (const [node, span] of this.plan.staged) {
      if (span.first < this.phase && this.phase <= span.last) evaluate(context, node, at);
    }
    for (const node of members) {
      if (!(this.plan.computed.get(node) ?? []).includes(this.phase)) continue;
      if (this.blocks.has(node)) {
        this.addAcross(node, evaluate(context, node.inputs[0]!, at));
        continue;
      }
      if (node.op === "concat" && partsOf(node, domain) !== null) {
        this.storeParts(node, at, context);
        continue;
      }
      const value = evaluate(context, node, at);
      this.stage(node, value);
      if (stores.includes(node) && this.plan.computed.get(node)![0] === this.phase) this.store(node, at, value);
    }
    for (const { node, sum } of sums) sum.add(evaluate(context, node.inputs[0]!, at), at);
  }

  private store(node: Node, at: readonly Index[], value: Expr): void {
    const position = linear(at, contiguousStrides(node.shape));
    const buffer = this.builder.buffer(node, "write");
    this.builder.emit({ kind: "store", buffer, index: indexExpr(position), value });
  }

  /** Each part of a join at its place in it. */
  private storeParts(node: Node & NodeOf<"concat">, at: readonly Index[], context: EvaluationContext): void {
    const buffer = this.builder.buffer(node, "write");
    // Joins within the join, with where one's element is in the whole.
    const stack: Join[] = [{ node, placeOf: (inside) => inside }];
    for (let join = stack.pop(); join !== undefined; join = stack.pop()) {
      const { axis } = join.node.attrs;
      const { placeOf } = join;
      let start = 0;
      for (const part of join.node.inputs) {
        const source = behindReshape(part);
        const first = start;
        const inJoin = (position: readonly Index[]): readonly Index[] =>
          placeOf(
            reshapeCoordinates(position, source.shape, part.shape).map((index, i) =>
              i === axis ? index.add(first) : index,
            ),
          );
        start += part.shape[axis]!;
        if (source.op === "concat" && !sameShape(source.shape, this.region.domain)) {
          stack.push({ node: source, placeOf: inJoin });
          continue;
        }
        const value = evaluate(context, source, at);
        const position = linear(inJoin(at), contiguousStrides(node.shape));
        this.builder.emit({ kind: "store", buffer, index: indexExpr(position), value });
      }
    }
  }

  // ---- values kept for later phases

  private get stagingFits(): boolean {
    return this.rowSize <= stageLimit[this.target.kind];
  }

  private planSlots(): void {
    if (!this.stagingFits) return;
    const free: { buffer: string; dtype: string; until: number }[] = [];
    const items = [...this.plan.staged].sort((a, b) => a[1].first - b[1].first);
    for (const [node, { first, last }] of items) {
      const slot = free.find((candidate) => candidate.dtype === node.dtype && candidate.until <= first);
      if (slot !== undefined) {
        slot.until = last;
        this.slots.set(node, slot.buffer);
      } else {
        const buffer = this.builder.scratch(
          node.dtype,
          this.rowSize,
          this.target.kind === "gpu" && this.lanes ? "workgroup" : "scratch",
        );
        free.push({ buffer, dtype: node.dtype, until: last });
        this.slots.set(node, buffer);
      }
    }
  }

  private stage(node: Node, value: Expr): void {
    const buffer = this.slots.get(node);
    const span = this.plan.staged.get(node);
    if (buffer === undefined || span === undefined || span.first !== this.phase) return;
    this.builder.emit({ kind: "store", buffer, index: indexExpr(this.rowPosition), value });
  }

  private supply(node: Node, where: readonly Index[]): Expr | null {
    const span = this.plan.staged.get(node);
    if (span === undefined || !sameIndices(where, this.at)) return null;
    const buffer = this.slots.get(node);
    if (this.phase === span.first) {
      if (this.members.has(node) || buffer === undefined) return null;
      const value = this.builder.let(read({ builder: this.builder, stored: this.stored }, node, where));
      this.stage(node, value);
      return value;
    }
    // Through a view it may be read in other phases than it is kept in: its slot is not yet, or no longer, its own.
    if (this.phase < span.first || this.phase > span.last) return null;
    if (buffer !== undefined) return load(buffer, typeOf(kindOf(node.dtype)), indexExpr(this.rowPosition));
    return null; // no room to keep it: read or computed again
  }
}

const sameIndices = (a: readonly Index[], b: readonly Index[]): boolean =>
  a.length === b.length && a.every((index, i) => index.key === b[i]!.key);
