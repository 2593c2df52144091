/**
 * Whether a kernel may write a result over the memory of an input that it reads.
 *
 * Method: every read of the input is held against every write of the result. They are safe together when both name the
 * same element in the same iteration, the read first; then no other iteration touches that element, because these
 * loops write every element of a result once. A loop's vector part and its scalar rest count as one loop. They are safe,
 * too, when the loops' bounds keep them to elements that lie apart, as blocks of rows do, or to other columns of all rows.
 */
import type { Expr, LoopKernel, Stmt } from "./loop.ts";

interface Access {
  readonly buffer: string;
  readonly loops: readonly LoopStmt[];
  /** Number of the statement in program order. */
  readonly order: number;
  readonly index: Expr;
  readonly lanes: number;
  /** Loops around it in only one turn of which it stands, and the statement that chooses this turn. */
  readonly pins: Pins;
}
type LoopStmt = Extract<Stmt, { kind: "for" }>;
type Pins = ReadonlyMap<string, Stmt>;

export function mayOverwrite(kernel: LoopKernel, input: string, result: string): boolean {
  const { reads, writes } = accessesOf(kernel);
  return writes.every(
    (write) =>
      write.buffer !== result ||
      (namesEveryLoop(write) &&
        reads.every((read) => (read.buffer !== input && read.buffer !== result) || areSafe(read, write))),
  );
}

interface Accesses {
  readonly reads: readonly Access[];
  readonly writes: readonly Access[];
}

/** An update of many parameters is asked about each of them. */
const known = new WeakMap<LoopKernel, Accesses>();

function accessesOf(kernel: LoopKernel): Accesses {
  let found = known.get(kernel);
  if (found === undefined) known.set(kernel, (found = collectAccesses(kernel)));
  return found;
}

function collectAccesses(kernel: LoopKernel): Accesses {
  const reads: Access[] = [];
  const writes: Access[] = [];
  let order = 0;
  const inBlock = (body: readonly Stmt[], loops: readonly LoopStmt[], pins: Pins): void => {
    const inExpr = (expr: Expr): void => {
      if (expr.op === "load") {
        reads.push({ buffer: expr.buffer, loops, order, index: expr.index, lanes: expr.type.lanes, pins });
        inExpr(expr.index);
      } else if ("args" in expr) for (const arg of expr.args) inExpr(arg);
    };
    for (const s of body) {
      order++;
      switch (s.kind) {
        case "let":
        case "declare":
        case "assign":
          inExpr(s.value);
          break;
        case "store":
          inExpr(s.index);
          inExpr(s.value);
          writes.push({ buffer: s.buffer, loops, order, index: s.index, lanes: s.value.type.lanes, pins });
          break;
        case "for":
          inExpr(s.start);
          inExpr(s.end);
          if (!isEmpty(s, loops)) inBlock(s.body, [...loops, s], pins);
          break;
        case "if":
          inExpr(s.condition);
          inBlock(s.then, loops, withPin(pins, s));
          inBlock(s.else, loops, pins);
          break;
        case "while":
          inExpr(s.condition);
          inBlock(s.body, loops, pins);
          break;
        case "fence":
        case "barrier":
          break;
      }
    }
  };
  inBlock(kernel.body, [], new Map());
  return { reads, writes };
}

/** `if (256 * d == 512)`: d has one value in what follows. */
function withPin(pins: Pins, choice: Extract<Stmt, { kind: "if" }>): Pins {
  const { condition } = choice;
  if (condition.op !== "eq") return pins;
  const [left, right] = condition.args.map(linearOf);
  const [term, ...others] = left?.terms ?? [];
  const isOne = term !== undefined && term[1] !== 0 && others.length === 0 && right?.terms.size === 0;
  return isOne ? new Map([...pins, [term[0], choice]]) : pins;
}

function areSafe(read: Access, write: Access): boolean {
  return areAtOnePlace(read, write) || areApart(spanOf(read), spanOf(write)) || areInOtherColumns(read, write);
}

function areAtOnePlace(read: Access, write: Access): boolean {
  if (read.lanes !== write.lanes && !isRest(read, write)) return false;
  if (elementText(read.index) !== elementText(write.index) || read.loops.length !== write.loops.length) return false;
  const same = read.loops.every((loop, i) => loop === write.loops[i]);
  // In another turn it might read what has been written.
  if (![...write.pins].every(([name, choice]) => read.pins.get(name) === choice)) return false;
  return same ? read.order <= write.order : isRest(read, write);
}

/** Whole numbers from the first to the last; null where the bounds of loops do not tell. */
type Span = readonly [first: number, last: number] | null;

const areApart = (a: Span, b: Span): boolean => a !== null && b !== null && (a[1] < b[0] || b[1] < a[0]);

/** An index as a sum of variables times numbers, and a number. */
interface Linear {
  readonly terms: ReadonlyMap<string, number>;
  readonly constant: number;
}

function linearOf(index: Expr): Linear | null {
  if (index.op === "const") return { terms: new Map(), constant: Number(index.value) };
  if (index.op === "var") return { terms: new Map([[index.name, 1]]), constant: 0 };
  if ((index.op !== "add" && index.op !== "mul") || index.args.length !== 2) return null;
  const [a, b] = index.args.map(linearOf) as [Linear | null, Linear | null];
  if (a === null || b === null) return null;
  if (index.op === "add") {
    const terms = new Map(a.terms);
    for (const [name, factor] of b.terms) terms.set(name, (terms.get(name) ?? 0) + factor);
    return { terms, constant: a.constant + b.constant };
  }
  const [{ terms, constant }, by] = b.terms.size === 0 ? [a, b.constant] : [b, a.constant];
  if (a.terms.size > 0 && b.terms.size > 0) return null;
  return { terms: new Map([...terms].map(([name, factor]) => [name, factor * by])), constant: constant * by };
}

/** For rows of some length one keeps to some columns, and the other to others. */
function areInOtherColumns(a: Access, b: Access): boolean {
  const [first, second] = [walkOf(a), walkOf(b)];
  if (first === null || second === null) return false;
  const lengths = new Set([...first.strides, ...second.strides].map(({ by }) => by).filter((by) => by > 1));
  return [...lengths].some((length) => {
    const [left, right] = [columnsOf(first, a, length), columnsOf(second, b, length)];
    return left !== null && right !== null && areApart(left, right);
  });
}

/** Where an access begins, and how it goes on: so many elements further, from 0 to so many times. */
interface Walk {
  readonly first: number;
  readonly strides: readonly { readonly by: number; readonly times: number }[];
}

/** Null where the bounds of loops do not tell. */
function walkOf({ index, loops }: Access): Walk | null {
  const linear = linearOf(index);
  if (linear === null) return null;
  let first = linear.constant;
  const strides: { by: number; times: number }[] = [];
  for (const [name, factor] of linear.terms) {
    const loop = loops.find((each) => each.name === name);
    if (loop === undefined) return null;
    const [start, span] = [spanOfIndex(loop.start, loops), spanOfLoop(loop, loops)];
    if (start === null || span === null || start[0] !== start[1]) return null;
    first += start[0] * factor;
    strides.push({ by: loop.step * factor, times: Math.ceil((span[1] - span[0]) / loop.step) });
  }
  return { first, strides };
}

/** Null where an access goes beyond the end of a row. */
function columnsOf({ first, strides }: Walk, { lanes }: Access, length: number): Span {
  let from = first - Math.floor(first / length) * length;
  let to = from + lanes - 1;
  for (const { by, times } of strides) {
    if (by % length === 0) continue;
    from += Math.min(0, by * times);
    to += Math.max(0, by * times);
  }
  return from >= 0 && to < length ? [from, to] : null;
}

/** The elements among which an access stays. */
function spanOf({ index, loops, lanes }: Access): Span {
  const span = spanOfIndex(index, loops);
  return span && [span[0], span[1] + lanes - 1];
}

/** Known to turn not once, as a rest where vectors come out even. */
function isEmpty({ start, end }: LoopStmt, loops: readonly LoopStmt[]): boolean {
  const [from, to] = [spanOfIndex(start, loops), spanOfIndex(end, loops)];
  return from !== null && to !== null && to[1] <= from[0];
}

function spanOfLoop({ start, end, step }: LoopStmt, loops: readonly LoopStmt[]): Span {
  const [from, to] = [spanOfIndex(start, loops), spanOfIndex(end, loops)];
  if (from === null || to === null) return null;
  const most = Math.max(0, to[1] - 1 - from[0]);
  return [from[0], from[0] + (from[0] === from[1] ? most - (most % step) : most)];
}

function spanOfIndex(index: Expr, loops: readonly LoopStmt[]): Span {
  if (index.op === "const") return [Number(index.value), Number(index.value)];
  if (index.op === "var") {
    const loop = loops.find(({ name }) => name === index.name);
    return loop === undefined ? null : spanOfLoop(loop, loops);
  }
  if (!("args" in index) || index.args.length !== 2) return null;
  const [a, b] = index.args.map((arg) => spanOfIndex(arg, loops)) as [Span, Span];
  if (a === null || b === null) return null;
  switch (index.op) {
    case "add":
      return [a[0] + b[0], a[1] + b[1]];
    case "mul": {
      const corners = a.flatMap((x) => b.map((y) => x * y));
      return [Math.min(...corners), Math.max(...corners)];
    }
    case "and": // the end of a loop's vector part
      return a[0] === a[1] && b[0] === b[1] ? [a[0] & b[0], a[0] & b[0]] : null;
    default:
      return null;
  }
}

/** One is in the vector part of a loop, the other in its rest. */
function isRest(read: Access, write: Access): boolean {
  const differing = read.loops.findIndex((loop, i) => loop !== write.loops[i]);
  const [a, b] = [read.loops[differing], write.loops[differing]];
  return a !== undefined && b !== undefined && a.name !== b.name && plain(a.name) === plain(b.name);
}

const plain = (name: string): string => name.replace(/_rest$/, "");

/** An index with the names of a rest loop changed to those of the loop. Names of other values are no loop's. */
function elementText(index: Expr): string {
  switch (index.op) {
    case "const":
      return String(index.value);
    case "var":
    case "param":
      return plain(index.name);
    case "load":
      return `${index.buffer}[${elementText(index.index)}]`;
    default:
      return `${index.op}(${index.args.map(elementText).join()})`;
  }
}

/** Whether an access moves with all loops around it in more than one turn of which it stands. */
function namesEveryLoop({ loops, index, pins }: Access): boolean {
  const names = new Set<string>();
  const collect = (expr: Expr): void => {
    if (expr.op === "var") names.add(expr.name);
    else if ("args" in expr) expr.args.forEach(collect);
  };
  collect(index);
  const once = ({ start, end, step }: LoopStmt): boolean =>
    start.op === "const" && end.op === "const" && Number(end.value) - Number(start.value) <= step;
  const loopNames = new Set(loops.map((loop) => loop.name));
  return (
    [...names].every((name) => loopNames.has(name)) &&
    loops.every((loop) => names.has(loop.name) || pins.has(loop.name) || once(loop))
  );
}
