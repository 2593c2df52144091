/**
 * Reductions of the long rows of a large matrix, four rows at a time that lie a quarter of the matrix apart: processors
 * fetch ahead for several streams at once, and one does not reach what memory delivers.
 *
 * in:  a kernel of scalar loops for a CPU with vectors
 * out: the same kernel; a loop over such rows takes a quarter of the turns, and another loop the rows that are left over
 */
import type { BufferParam, LoopKernel, Stmt } from "../../ir/loop.ts";
import { addI, integer, typeOf, variable } from "../lower/expressions.ts";
import { countOf, leastColumns, strideOf } from "./columns.ts";
import { copyLoopBody, replaceVariable, visitExprs, type ForStmt } from "./statements.ts";

const streams = 4;
/** Elements of a matrix that no nearer cache holds. */
const leastElements = 2 ** 21;
/** Statements of a row's turn: one that computes more does not wait for memory. */
const mostStatements = 8;
/** Arrays that are read: each is a stream for every row. */
const mostArrays = 2;

export function rowStreams(kernel: LoopKernel): LoopKernel {
  const buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  const body = kernel.body.flatMap((statement): readonly Stmt[] => {
    if (statement.kind !== "for") return [statement];
    return reducesLongRows(statement, buffers) ? inStreams(statement) : [statement];
  });
  return { ...kernel, body };
}

/** Whether a loop over rows reduces each, in one loop that does nothing else. */
function reducesLongRows(rows: ForStmt, buffers: ReadonlyMap<string, BufferParam>): boolean {
  const rowCount = countOf(rows);
  if (rows.mode !== "parallel" || rowCount === null || rowCount < streams) return false;
  const inside = rows.body.filter((s) => s.kind === "for");
  const [row] = inside;
  const length = row && countOf(row);
  if (inside.length !== 1 || row!.mode !== "serial" || !length || length < leastColumns) return false;
  if (rowCount * length < leastElements || row.body.length > mostStatements) return false;
  if (!row.body.every((s) => s.kind === "let" || s.kind === "assign")) return false;
  if (!rows.body.every((s) => s === row || s.kind === "let" || s.kind === "declare" || s.kind === "store"))
    return false;
  let fits = rows.body.every((s) => s.kind !== "store" || buffers.get(s.buffer)!.scope === "argument");
  let arrays = 0;
  visitExprs(row.body, (expr) => {
    if (expr.op !== "load") return;
    const along = strideOf(expr.index, row.name);
    if (along === null || along > 1) fits = false;
    if (along === 1 && strideOf(expr.index, rows.name) !== 0) arrays++;
  });
  return fits && arrays > 0 && arrays <= mostArrays;
}

function inStreams(rows: ForStmt): Stmt[] {
  const rowCount = countOf(rows)!;
  const apart = Math.floor(rowCount / streams);
  const row = variable(rows.name, typeOf("i32"));
  const copies = Array.from({ length: streams }, (_, k) =>
    copyLoopBody(rows.body, "", "", `_s${k}`).map((s) => replaceVariable(s, rows.name, addI(row, integer(k * apart)))),
  );
  const place = rows.body.findIndex((s) => s.kind === "for");
  const loops = copies.map((body) => body[place] as ForStmt);
  const { name } = loops[0]!;
  const together: Stmt = { ...loops[0]!, body: loops.flatMap((loop) => copyLoopBody(loop.body, loop.name, name, "")) };
  const body = [...copies.flatMap((b) => b.slice(0, place)), together, ...copies.flatMap((b) => b.slice(place + 1))];
  const whole: Stmt = { ...rows, end: integer(apart), body };
  if (apart * streams === rowCount) return [whole];
  const last = `${rows.name}_last`;
  return [
    whole,
    { ...rows, name: last, start: integer(apart * streams), body: copyLoopBody(rows.body, rows.name, last, "_last") },
  ];
}
