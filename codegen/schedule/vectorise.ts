/**
 * Turns a serial or parallel loop over neighbouring elements into 128-bit vector operations, with a scalar loop for the
 * rest. A loop qualifies when every load and store moves by one element (or not at all) with the loop, all values have
 * 32 bits (four lanes) or all have 64 (two), and every accumulator is a plain reduction, which then gets a vector of
 * partial results.
 *
 * A sum that is wider than its values is joined from blocks, each summed in vectors of the values' own width from zero.
 *
 * in:  a kernel of scalar loops
 * out: the same kernel; loops that do not qualify are left as they were
 */
import type { BufferParam, Expr, LoopKernel, Stmt, Type } from "../../ir/loop.ts";
import { addI, apply, cast, constant, integer, typeOf, variable } from "../lower/expressions.ts";
import { identityOf } from "../lower/reductions.ts";
import { cascadeBody } from "./cascade.ts";
import { beginChoice, endChoice, partialName } from "./choices.ts";
import { narrowSums } from "./narrow-sums.ts";
import { peel } from "./peel.ts";
import { rowsSideBySide } from "./side-by-side.ts";
import { copyLoopBody, replaceVariable, visitStmts, type ForStmt } from "./statements.ts";
import {
  type Lanes,
  NotVectorisable,
  notVectorisable,
  reductionOperations,
  TooWide,
  Widening,
  type Reduction,
  type VectorMemory,
} from "./widening.ts";

/** Numbers that are added to one lane from zero, when the sum is a wider variable. */
const laneBlock = 64;

export interface VectorOptions {
  /** Sizes may vary: the form of the code must not depend on them. */
  readonly dynamic?: boolean;
  /** Loops may be cut at the borders of padded arrays. */
  readonly peels?: boolean;
  /** Vectors of elements that are narrower or wider than 32 bits are loaded and stored, too. */
  readonly everyWidth?: boolean;
}

export function vectorise(
  kernel: LoopKernel,
  { dynamic = false, peels = false, everyWidth = false }: VectorOptions = {},
): LoopKernel {
  const buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  const scratch = new Map<string, BufferParam>();
  const body = vectoriseBody(kernel.body, {
    buffers,
    dynamic,
    peels,
    everyWidth,
    farthest,
    ownScratch: false,
    scratch,
  });
  if (scratch.size === 0) return { ...kernel, body };
  const used = new Set<string>();
  visitStmts(body, (s) => void (s.kind === "store" && used.add(s.buffer)));
  const kept = kernel.buffers.filter(({ name, scope }) => scope !== "scratch" || used.has(name));
  return { ...kernel, body, buffers: [...kept, ...scratch.values()] };
}

/** Elements this far apart are taken one by one for a vector; farther apart that costs more than the vectors save. */
const farthest = 4;

interface Context extends Required<VectorOptions>, VectorMemory {
  /** What vectors need beyond the kernel's own. */
  readonly scratch: Map<string, BufferParam>;
}

function vectoriseBody(body: readonly Stmt[], context: Context): Stmt[] {
  const within = (inner: readonly Stmt[]): Stmt[] => vectoriseBody(inner, context);
  return body.flatMap((statement): Stmt[] => {
    if (statement.kind === "if") return [{ ...statement, then: within(statement.then), else: within(statement.else) }];
    if (statement.kind === "while") return [{ ...statement, body: within(statement.body) }];
    if (statement.kind !== "for") return [statement];
    if (statement.step !== 1 || statement.mode === "lane") return [{ ...statement, body: within(statement.body) }];
    const across = context.everyWidth && !context.dynamic ? rowsSideBySide(statement, context.buffers) : null;
    const rows =
      across && tried(statement, { ...context, farthest: Math.max(farthest, across.apart), ownScratch: true });
    if (rows !== null) return rows;
    // The innermost loop that qualifies: try the loops inside first.
    const inner = within(statement.body);
    const changed = inner.length !== statement.body.length || inner.some((s, i) => s !== statement.body[i]);
    if (changed && containsVector(inner)) return [{ ...statement, body: inner }];
    return tried(statement, context) ?? peeled(statement, context) ?? [statement];
  });
}

/** The loop in vectors, or null where it does not qualify. */
function tried(loop: ForStmt, context: Context): Stmt[] | null {
  const inVectorsOf = (lanes: Lanes): Stmt[] | null => {
    try {
      return vectorLoops(loop, lanes, context);
    } catch (error) {
      if (error instanceof TooWide && context.everyWidth) return inVectorsOf(2);
      if (error instanceof NotVectorisable) return null;
      throw error;
    }
  };
  return inVectorsOf(4);
}

/** The loop between borders that do not qualify, where it does. */
function peeled(loop: ForStmt, context: Context): Stmt[] | null {
  const parts = context.peels && !context.dynamic ? peel(loop) : null;
  const inside = parts && tried(parts.inside, context);
  return inside && [parts.before, ...inside, parts.after];
}

/** Whether a loop inside has been turned into vectors already. */
const containsVector = (body: readonly Stmt[]): boolean =>
  body.some((statement) => {
    switch (statement.kind) {
      case "let":
      case "declare":
      case "assign":
      case "store":
        return statement.value.type.lanes > 1;
      case "for":
      case "while":
        return containsVector(statement.body);
      case "if":
        return containsVector(statement.then) || containsVector(statement.else);
      default:
        return false;
    }
  });

/** The loop as vector loops, and a scalar one for the rest. */
function vectorLoops(loop: ForStmt, lanes: Lanes, context: Context): Stmt[] {
  const { dynamic } = context;
  // Sums that the iterations keep for themselves must have their values' width to be vectors. Those of 64 bits have it.
  const narrows = lanes === 4 && loop.body.some((s) => s.kind === "declare");
  const narrowed = narrows ? { ...loop, body: cascadeBody(narrowSums(loop.body), { dynamic, lanes: 1 }) } : loop;
  const first = new Widening(context, narrowed, lanes, "");
  const body = first.run();
  const ownBytes = first.scratch.reduce((sum, { elements }) => sum + elements * (vectorBytes / lanes), 0);
  if (ownBytes > mostScratch) throw notVectorisable;
  const { reductions, choices, stores } = first;
  if (stores === 0 && reductions.length + choices.length === 0) throw notVectorisable;
  const result: Stmt[] = [];
  let from = loop.start;
  for (const wanted of unrolling(narrowed, first, body.length, dynamic)) {
    const copies = ownBytes * wanted > mostScratch ? 1 : wanted;
    const apart = dynamic ? 0 : streamDistance(loop, first, copies);
    const streams = apart === 0 ? 1 : 2;
    const bodies = [body];
    const widenings = [first];
    for (let u = 1; u < copies * streams; u++) {
      const copy = new Widening(context, narrowed, lanes, `_${u}`);
      bodies.push(copy.run());
      widenings.push(copy);
    }
    for (const { scratch } of widenings) for (const buffer of scratch) context.scratch.set(buffer.name, buffer);
    const to = apart === 0 ? alignedEnd(loop, lanes * copies, dynamic) : integer(apart);
    const name = result.length === 0 ? loop.name : `${loop.name}_${copies}`;
    const wide = { ...loop, name, start: from, end: to, step: lanes * copies };
    const place = (u: number): Expr => shift(name, (u % copies) * lanes + Math.floor(u / copies) * apart);
    const shifted = jam(bodies.map((copy, u) => copy.map((s) => replaceVariable(s, loop.name, place(u)))));
    if (!dynamic && isEmpty(wide)) continue;
    if (reductions.length + choices.length > 0)
      result.push(...reduced({ ...wide, body: shifted }, first, bodies.length, dynamic));
    else result.push({ ...wide, body: result.length === 0 ? shifted : copyLoopBody(shifted, name, name, "_last") });
    from = apart === 0 ? to : integer(streams * apart);
  }
  const name = `${loop.name}_rest`;
  const rest: ForStmt = { ...loop, name, start: from, mode: "serial" };
  if (!dynamic && isEmpty(rest)) return result;
  return [...result, { ...rest, body: copyLoopBody(loop.body, loop.name, name, "_rest") }];
}

const isEmpty = ({ start, end }: ForStmt): boolean =>
  start.op === "const" && end.op === "const" && Number(start.value) >= Number(end.value);

const vectorBytes = 16;
/** Bytes of scratch memory that iterations side by side have for themselves. */
const mostScratch = 2 ** 17;

/** Statements of a vector where several are taken at a time. */
const shortBody = 8;

/** Joining choices takes longer than other partial results: rows of fewer elements have one vector of them. */
const shortRow = 64;

/** How many vectors an iteration of each vector loop takes. `statements`: what one of them takes. */
function unrolling(
  loop: ForStmt,
  { reductions, choices, lanes }: Widening,
  statements: number,
  dynamic: boolean,
): number[] {
  const inner = loop.body.filter((s) => s.kind === "for");
  // A reduction alone keeps few values in flight: several independent partial results hide its latency.
  const results = reductions.length + choices.length;
  const isShort = choices.length > 0 && !dynamic && loopCount(loop) < shortRow;
  if (results > 0) return [results <= 2 && inner.length === 0 && !isShort ? 4 : 1];
  // Sums down the columns of a matrix: rows of several vectors, so that what memory delivers together is used together.
  const sums = loop.body.filter((s) => s.kind === "declare").length;
  // What only streams through memory spends its time on counting: a few vectors share it.
  const streams = inner.length === 0 && statements <= shortBody;
  const copies = sums === 0 ? (streams ? 4 : 1) : sums === 1 ? 8 : sums === 2 ? 4 : 1;
  const count =
    loop.start.op === "const" && loop.end.op === "const" ? Number(loop.end.value) - Number(loop.start.value) : 0;
  if (dynamic || copies === 1 || count < lanes * copies) return [1];
  return count % (lanes * copies) < lanes ? [copies] : [copies, 1];
}

/** A position after the loop's. */
const shift = (name: string, by: number): Expr => addI(variable(name, typeOf("i32")), integer(by));

/** Elements of a loop that reads far more than caches hold. */
const longStream = 2 ** 18;

/**
 * A long reduction takes both halves of its range side by side, since processors fetch ahead for several streams at
 * once: how far apart they are, or 0 for one stream.
 */
function streamDistance({ start, end, body }: ForStmt, widening: Widening, copies: number): number {
  const { reductions, choices, stores, lanes } = widening;
  if (
    reductions.length + choices.length !== 1 ||
    stores > 0 ||
    start.op !== "const" ||
    end.op !== "const" ||
    start.value !== 0
  )
    return 0;
  if (Number(end.value) < longStream || body.length > shortBody) return 0;
  const step = lanes * copies;
  return Math.floor(Number(end.value) / (2 * step)) * step;
}

/** The end of the last whole step. */
function alignedEnd({ start, end }: ForStmt, width: number, dynamic: boolean): Expr {
  if (!dynamic && start.op === "const" && end.op === "const") {
    const from = Number(start.value);
    return integer(from + Math.max(0, Math.floor((Number(end.value) - from) / width)) * width);
  }
  const i32 = typeOf("i32");
  const fromZero = start.op === "const" && start.value === 0;
  const span = fromZero ? end : apply("sub", i32, end, start);
  const aligned = apply("and", i32, span, integer(-width));
  return fromZero ? aligned : apply("add", i32, start, aligned);
}

/** Copies of a body side by side, in one loop where each has a loop. */
function jam(bodies: readonly (readonly Stmt[])[]): Stmt[] {
  const [first] = bodies;
  if (bodies.length === 1) return [...first!];
  if (!first!.some((s) => s.kind === "for")) return bodies.flat();
  return first!.flatMap((statement, i): Stmt[] => {
    const row = bodies.map((body) => body[i]!);
    if (statement.kind !== "for") return row;
    return [{ ...statement, body: jam(row.map((copy) => (copy as ForStmt).body)) }];
  });
}

/** A row of more elements is taken in blocks, which threads can share; vectors of a block. */
const longRow = 2 ** 14;
const sharedBlock = 256;

/** A vector loop between the start of its partial results and their joining. */
function reduced(loop: ForStmt, { reductions, choices, lanes }: Widening, copies: number, dynamic: boolean): Stmt[] {
  const suffixes = Array.from({ length: copies }, (_, u) => copySuffix(u));
  const before = [
    ...reductions.flatMap((reduction) => partials(reduction, lanes, copies)),
    ...choices.flatMap((choice) => beginChoice(choice, suffixes, lanes)),
  ];
  const after = [
    ...reductions.map((reduction) => joined(reduction, lanes, copies)),
    ...choices.flatMap((choice) => endChoice(choice, suffixes, lanes)),
  ];
  const isWide = reductions.some(({ kind, total }) => kind !== total);
  const length = loop.step * (isWide ? laneBlock : sharedBlock);
  const count = loopCount(loop);
  const isShort = !dynamic && count <= (isWide ? length : longRow);
  // Others than wide sums are taken in blocks where all of a range is: what turns as often as it is told may be a block.
  const isWhole = loop.start.op === "const" && Number.isFinite(count) && choices.length === 0;
  if (isShort || (!isWide && !isWhole)) return [...before, loop, ...after];
  const i32 = typeOf("i32");
  const block = variable(`${loop.name}_block`, i32);
  const stop = variable(`${loop.name}_stop`, i32);
  const next = apply("min", i32, loop.end, apply("add", i32, block, integer(length)));
  return [
    {
      ...loop,
      name: `${loop.name}_block`,
      step: length,
      body: [
        ...before,
        { kind: "let", name: `${loop.name}_stop`, value: next },
        { ...loop, start: block, end: stop },
        ...after,
      ],
    },
  ];
}

/** The most iterations that a loop may have. */
function loopCount({ end }: ForStmt): number {
  if (end.op === "const") return Number(end.value);
  const [size] = "args" in end ? end.args : [];
  return end.op === "and" && size?.op === "const" ? Number(size.value) : Infinity;
}

const identity = ({ operation, kind }: Reduction): Expr =>
  kind === "bool" ? constant("bool", operation === "and" || operation === "min" ? 1 : 0) : identityOf(operation, kind);

const copySuffix = (u: number): string => (u === 0 ? "" : `_${u}`);

function partials(reduction: Reduction, lanes: Lanes, copies: number): Stmt[] {
  const type: Type = { kind: reduction.kind, lanes };
  const value = apply("splat", type, identity(reduction));
  return Array.from({ length: copies }, (_, u) => ({
    kind: "declare",
    name: partialName(reduction.name, copySuffix(u)),
    value,
  }));
}

function joined({ name, operation, kind, total }: Reduction, lanes: Lanes, copies: number): Stmt {
  const type: Type = { kind, lanes };
  let vector = variable(partialName(name, ""), type);
  for (let u = 1; u < copies; u++)
    vector = apply(operation, type, vector, variable(partialName(name, copySuffix(u)), type));
  const value = cast(apply(reductionOperations[operation]!, typeOf(kind), vector), total);
  return { kind: "assign", name, value: apply(operation, typeOf(total), variable(name, typeOf(total)), value) };
}
