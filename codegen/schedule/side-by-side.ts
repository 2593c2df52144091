/**
 * Which rows are computed side by side, a lane of a vector for each, rather than each in vectors along itself: rows whose
 * elements lie far apart while those of neighbouring rows lie together (softmax over channels), windows, and short rows
 * of much work: functions, extremes, or several passes.
 */
import { mathFunctions, type BufferParam, type Expr, type Stmt } from "../../ir/loop.ts";
import { countOf, strideOf } from "./columns.ts";
import { visitExprs, visitStmts, type ForStmt } from "./statements.ts";

/** Fewer rows are few vectors. */
const leastRows = 16;
/** Longer rows have vectors enough of their own. */
const longestShort = 32;
/** The same for rows that are read more than once, with no functions in them. */
const longestPlain = 16;

const heavy = new Set<string>([...mathFunctions, "exp_nonpositive", "div", "sqrt", "min", "max", "select"]);

/**
 * How far neighbouring rows lie apart at most, where a loop's iterations are such rows; else null.
 */
export function rowsSideBySide(
  rows: ForStmt,
  buffers: ReadonlyMap<string, BufferParam>,
): { readonly apart: number } | null {
  const count = countOf(rows);
  if (rows.mode !== "parallel" || count === null || count < leastRows) return null;
  if (!isOfLoops(rows.body)) return null;
  let [loops, longestRow, isHeavy, fits, apart, longest] = [0, 0, false, true, 0, 0];
  const inside = (loop: ForStmt): void => {
    const length = countOf(loop);
    loops++;
    longestRow = Math.max(longestRow, length ?? Infinity);
    const access = (buffer: string, index: Expr): void => {
      if (buffers.get(buffer)!.scope !== "argument") return;
      const [byRow, along] = [strideOf(index, rows.name), strideOf(index, loop.name)];
      if (byRow === null || byRow < 0) fits = false;
      else apart = Math.max(apart, byRow);
      if (byRow !== null && byRow > 1 && along !== 1) fits = false;
      if (byRow === 0 && along === 1) longest = Math.max(longest, length ?? Infinity);
    };
    visitExprs(loop.body, (expr) => {
      if (expr.op === "load") access(expr.buffer, expr.index);
      if (heavy.has(expr.op) && expr.type.kind === "f32") isHeavy = true;
    });
    visitStmts(loop.body, (s) => void (s.kind === "store" && access(s.buffer, s.index)));
  };
  visitStmts(rows.body, (s) => void (s.kind === "for" && inside(s)));
  if (!fits || apart === 0) return null;
  if (apart === 1) return longest > longestShort ? null : { apart };
  return longestRow <= (isHeavy ? longestShort : loops > 1 ? longestPlain : 0) ? { apart } : null;
}

/** Whether rows have loops that are theirs alone, and no branches. */
function isOfLoops(body: readonly Stmt[]): boolean {
  let [loops, fits] = [0, true];
  visitStmts(body, (s) => {
    if (s.kind === "for") [loops, fits] = [loops + 1, fits && s.mode === "serial"];
    if (s.kind === "if" || s.kind === "while") fits = false;
  });
  return loops > 0 && fits;
}
