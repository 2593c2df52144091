/**
 * Whether a kernel may write a result over the memory of an input that it reads.
 *
 * Method: every read of the input is held against every write of the result. They are safe together when both name the
 * same element in the same iteration, the read first; then no other iteration touches that element, because a kernel
 * writes every element of a result once. A loop's vector part and its scalar rest count as one loop.
 */
import type { Expr, LoopKernel, Stmt } from "./loop.ts";

interface Access {
  readonly loops: readonly LoopStmt[];
  /** Number of the statement in program order. */
  readonly order: number;
  readonly index: Expr;
  readonly lanes: number;
}
type LoopStmt = Extract<Stmt, { kind: "for" }>;

export function mayOverwrite(kernel: LoopKernel, input: string, result: string): boolean {
  const reads: Access[] = [];
  const writes: Access[] = [];
  let order = 0;
  const inExpr = (expr: Expr, loops: readonly LoopStmt[]): void => {
    if (expr.op === "load") {
      if (expr.buffer === input || expr.buffer === result)
        reads.push({ loops, order, index: expr.index, lanes: expr.type.lanes });
      inExpr(expr.index, loops);
    } else if ("args" in expr) for (const arg of expr.args) inExpr(arg, loops);
  };
  const inBlock = (body: readonly Stmt[], loops: readonly LoopStmt[]): void => {
    for (const s of body) {
      order++;
      switch (s.kind) {
        case "let":
        case "declare":
        case "assign":
          inExpr(s.value, loops);
          break;
        case "store":
          inExpr(s.index, loops);
          inExpr(s.value, loops);
          if (s.buffer === result) writes.push({ loops, order, index: s.index, lanes: s.value.type.lanes });
          break;
        case "for":
          inExpr(s.start, loops);
          inExpr(s.end, loops);
          inBlock(s.body, [...loops, s]);
          break;
        case "if":
          inExpr(s.condition, loops);
          inBlock(s.then, loops);
          inBlock(s.else, loops);
          break;
        case "while":
          inExpr(s.condition, loops);
          inBlock(s.body, loops);
          break;
        case "fence":
        case "barrier":
          break;
      }
    }
  };
  inBlock(kernel.body, []);
  return writes.every((write) => namesEveryLoop(write) && reads.every((read) => areSafe(read, write)));
}

function areSafe(read: Access, write: Access): boolean {
  if (read.lanes !== write.lanes && !isRest(read, write)) return false;
  if (elementText(read.index) !== elementText(write.index) || read.loops.length !== write.loops.length) return false;
  const same = read.loops.every((loop, i) => loop === write.loops[i]);
  return same ? read.order <= write.order : isRest(read, write);
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

/** Whether an access moves with all loops around it that run more than once. */
function namesEveryLoop({ loops, index }: Access): boolean {
  const names = new Set<string>();
  const collect = (expr: Expr): void => {
    if (expr.op === "var") names.add(expr.name);
    else if ("args" in expr) expr.args.forEach(collect);
  };
  collect(index);
  const once = ({ start, end, step }: LoopStmt): boolean =>
    start.op === "const" && end.op === "const" && Number(end.value) - Number(start.value) <= step;
  const loopNames = new Set(loops.map((loop) => loop.name));
  return [...names].every((name) => loopNames.has(name)) && loops.every((loop) => names.has(loop.name) || once(loop));
}
