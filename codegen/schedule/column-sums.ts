/**
 * Sums down the columns of a large matrix, row by row: each row is read from end to end, as memory delivers it, and
 * added to a row of running sums that stays in cache. Four rows that lie apart are read side by side, since processors
 * fetch ahead for several streams at once; their sum is added, so that the running sums are touched a quarter as often.
 *
 * in:  a kernel of scalar loops for a CPU with vectors
 * out: the same kernel; loops over many columns around a loop over rows are loops over rows around loops over columns
 *
 * Digits are kept by the order: four rows at a time are added to sums that start from zero for each block of rows, and
 * those to the totals. It depends on the sizes alone.
 */
import type { BufferParam, Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { addI, apply, constant, integer, load, typeOf, variable } from "../lower/expressions.ts";
import { countOf, leastColumns, leastElements, strideOf } from "./columns.ts";
import { narrowSums } from "./narrow-sums.ts";
import { copyLoopBody, mapStmt, readsOf, replaceVariable, visitStmts, type ForStmt } from "./statements.ts";

const i32 = typeOf("i32");
const f32 = typeOf("f32");

/** Rows that are read side by side. */
const streams = 4;
/** Rows from one stream to the next, at least: nearer ones are no streams of their own. */
const leastDistance = 64;
/** Columns whose running sums are kept at a time. */
const mostColumns = 2 ** 14;

type Range = readonly [from: Expr, to: Expr];

export function columnSums(kernel: LoopKernel): LoopKernel {
  const buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  const scratch: BufferParam[] = [];
  const inBody = (body: readonly Stmt[]): Stmt[] =>
    body.map((statement) => {
      if (statement.kind !== "for") return statement;
      const found = findColumns(statement, buffers);
      return found === null ? { ...statement, body: inBody(statement.body) } : new RowWalk(found, scratch).run();
    });
  const body = inBody(kernel.body);
  return scratch.length === 0 ? kernel : { ...kernel, body, buffers: [...kernel.buffers, ...scratch] };
}

interface Columns {
  readonly columns: ForStmt;
  readonly columnCount: number;
  readonly rows: ForStmt;
  readonly rowCount: number;
  readonly sums: readonly string[];
  /** What each column computes before and after its rows. */
  readonly before: readonly Stmt[];
  readonly after: readonly Stmt[];
}

/** A loop over columns whose body sums over rows, and nothing else that loops. */
function findColumns(columns: ForStmt, buffers: ReadonlyMap<string, BufferParam>): Columns | null {
  const columnCount = countOf(columns);
  if (columns.mode === "lane" || columnCount === null || columnCount < leastColumns) return null;
  const body = narrowSums(columns.body);
  const place = body.findIndex((s) => s.kind === "for");
  const rows = body[place];
  if (rows?.kind !== "for" || rows.mode === "lane") return null;
  const rowCount = countOf(rows);
  if (rowCount === null || rowCount < streams * leastDistance || rowCount * columnCount < leastElements) return null;
  const sums = body.flatMap((s) => (s.kind === "declare" ? [s.name] : []));
  const before = body.slice(0, place).filter((s) => s.kind !== "declare");
  const after = body.slice(place + 1);
  const isZero = (s: Stmt): boolean =>
    s.kind !== "declare" || (s.value.op === "const" && s.value.type.kind === "f32" && Object.is(s.value.value, 0));
  if (sums.length === 0 || sums.length > 2 || !body.every(isZero)) return null;
  if (!before.every((s) => s.kind === "let") || !after.every((s) => s.kind === "let" || s.kind === "store"))
    return null;
  if (!rows.body.every((s) => isOfRow(s, sums))) return null;
  if (sums.some((name) => readsOf(rows.body, name) !== 1 || readsOf(before, name) > 0)) return null;
  if (!isMatrix([...before, ...rows.body], columns.name, rows.name, buffers)) return null;
  return { columns, columnCount, rows, rowCount, sums, before, after };
}

/** What a row does: names values, stores them, and adds them to the sums. */
function isOfRow(s: Stmt, sums: readonly string[]): boolean {
  if (s.kind !== "assign") return s.kind === "let" || s.kind === "store";
  const { name, value } = s;
  return sums.includes(name) && value.op === "add" && value.args[0]!.op === "var" && value.args[0]!.name === name;
}

/** Whether memory is read and written along its rows, by one element a column. */
function isMatrix(
  body: readonly Stmt[],
  column: string,
  row: string,
  buffers: ReadonlyMap<string, BufferParam>,
): boolean {
  let fits = true;
  let along = 0;
  const access = (index: Expr): void => {
    const [byColumn, byRow] = [strideOf(index, column), strideOf(index, row)];
    if (byColumn === null || byRow === null || byColumn > 1) fits = false;
    else if (byColumn === 1 && byRow >= leastColumns) along++;
    else if (byColumn === 1 && byRow !== 0) fits = false;
  };
  visitStmts(body, (s) => {
    if (s.kind !== "store") return;
    access(s.index);
    if (buffers.get(s.buffer)!.access !== "write" || strideOf(s.index, row) === 0) fits = false;
  });
  for (const statement of body)
    mapStmt(statement, (expr) => {
      if (expr.op === "load") access(expr.index);
      return expr;
    });
  return fits && along > 0;
}

/** The loops that take rows one after the other. */
class RowWalk {
  private readonly found: Columns;
  private readonly width: number;
  private readonly tile: string;
  private readonly parts: readonly string[];
  private readonly totals: readonly string[];
  private copies = 0;

  constructor(found: Columns, scratch: BufferParam[]) {
    this.found = found;
    this.width = Math.min(found.columnCount, mostColumns);
    this.tile = `${found.columns.name}_tile`;
    const row = (name: string): string => {
      scratch.push({ name, dtype: "float32", elements: this.width, access: "readwrite", scope: "scratch" });
      return name;
    };
    const { name } = found.columns;
    this.parts = found.sums.map((sum) => row(`${sum}_${name}_part`));
    this.totals = found.sums.map((sum) => row(`${sum}_${name}_total`));
  }

  run(): Stmt {
    const { columns, columnCount, rowCount } = this.found;
    // Sums of a block and totals are about as many additions each, in matrices of very many rows.
    const distance = Math.max(leastDistance, Math.ceil(Math.sqrt(rowCount) / 2));
    const block = streams * distance;
    const whole = Math.floor(rowCount / block) * block;
    const body = [this.clear(this.totals), ...this.blocks(whole, distance), ...this.rest(whole), this.finish()];
    return { ...columns, name: this.tile, end: integer(columnCount), step: this.width, mode: columns.mode, body };
  }

  /** A loop over the columns of a tile, with fresh names: the position in the tile, and a body for the column. */
  private overColumns(body: (at: Expr) => readonly Stmt[]): Stmt {
    const { columnCount, columns } = this.found;
    const suffix = `_w${this.copies++}`;
    const name = `${columns.name}${suffix}`;
    const tile = variable(this.tile, i32);
    const left = apply("sub", i32, integer(columnCount), tile);
    const isEven = columnCount % this.width === 0;
    const end = isEven ? integer(this.width) : apply("min", i32, integer(this.width), left);
    const at = variable(name, i32);
    const column = addI(tile, at);
    const renamed = copyLoopBody(body(at), "", "", suffix).map((s) => replaceVariable(s, columns.name, column));
    return { kind: "for", name, start: integer(0), end, step: 1, mode: "serial", body: renamed };
  }

  private overRows(name: string, [start, end]: Range, step: number, body: readonly Stmt[]): Stmt {
    return { kind: "for", name, start, end, step, mode: "serial", body };
  }

  private clear(buffers: readonly string[]): Stmt {
    return this.overColumns((at) =>
      buffers.map((buffer): Stmt => ({ kind: "store", buffer, index: at, value: constant("f32", 0) })),
    );
  }

  private addParts(): Stmt {
    return this.overColumns((at) => this.totals.map((total, i) => add(total, at, load(this.parts[i]!, f32, at))));
  }

  /** Blocks of rows, in four streams each. */
  private blocks(whole: number, distance: number): Stmt[] {
    if (whole === 0) return [];
    const { rows } = this.found;
    const name = `${rows.name}_block`;
    const first = variable(name, i32);
    const row = variable(rows.name, i32);
    const apart = Array.from({ length: streams }, (_, k) => addI(row, integer(k * distance)));
    const within: Range = [first, addI(first, integer(distance))];
    const body = [
      this.clear(this.parts),
      this.overRows(rows.name, within, 1, [this.overColumns((at) => this.takeRows(apart, at))]),
      this.addParts(),
    ];
    return [this.overRows(name, [integer(0), integer(whole)], streams * distance, body)];
  }

  /** Fewer rows than a block has. */
  private rest(whole: number): Stmt[] {
    const { rows, rowCount } = this.found;
    if (whole === rowCount) return [];
    const name = `${rows.name}_last`;
    const body = [this.overColumns((at) => this.takeRows([variable(name, i32)], at))];
    return [this.clear(this.parts), this.overRows(name, [integer(whole), integer(rowCount)], 1, body), this.addParts()];
  }

  /** What is done with one column of some rows, and their values added to its parts. */
  private takeRows(at: readonly Expr[], column: Expr): Stmt[] {
    const { rows, before, sums } = this.found;
    const values = sums.map((): Expr[] => []);
    const body = at.flatMap((row, k) => {
      const copy = copyLoopBody(rows.body, "", "", `_r${k}`).map((s) => replaceVariable(s, rows.name, row));
      return copy.flatMap((s): Stmt[] => {
        if (s.kind !== "assign") return [s];
        values[sums.indexOf(s.name)]!.push((s.value as Expr & { args: readonly Expr[] }).args[1]!);
        return [];
      });
    });
    return [...before, ...body, ...values.map((list, i) => add(this.parts[i]!, column, sumOf(list)))];
  }

  /** What becomes of the totals. */
  private finish(): Stmt {
    const { sums, before, after } = this.found;
    return this.overColumns((at) => {
      const total = (expr: Expr): Expr => {
        const i = expr.op === "var" ? sums.indexOf(expr.name) : -1;
        return i < 0 ? expr : load(this.totals[i]!, f32, at);
      };
      return [...before, ...after.map((s) => mapStmt(s, total))];
    });
  }
}

const add = (buffer: string, index: Expr, value: Expr): Stmt => ({
  kind: "store",
  buffer,
  index,
  value: apply("add", f32, load(buffer, f32, index), value),
});

/** Added in pairs. */
function sumOf(values: readonly Expr[]): Expr {
  if (values.length === 1) return values[0]!;
  const half = values.length >> 1;
  return apply("add", f32, sumOf(values.slice(0, half)), sumOf(values.slice(half)));
}
