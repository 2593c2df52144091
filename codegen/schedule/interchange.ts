/**
 * What is computed of the columns of a large matrix (maxima, sums of integers, deviations from the mean), row by row:
 * each row is read from end to end, as memory delivers it, and what a column has so far lies in a row of scratch memory
 * that stays in cache. Each column's operations keep their order, and so its bits.
 *
 * in:  a kernel of scalar loops for a CPU
 * out: the same kernel; a loop over columns around loops over rows is loops over rows around loops over columns
 */
import type { BufferParam, Expr, Kind, LoopKernel, Stmt } from "../../ir/loop.ts";
import { addI, apply, integer, load, typeOf, variable } from "../lower/expressions.ts";
import { countOf, leastColumns, leastElements, memoryOf, strideOf } from "./columns.ts";
import {
  copyLoopBody,
  mapExpr,
  mapStmt,
  mentions,
  replaceVariable,
  visitExprs,
  visitStmts,
  type ForStmt,
} from "./statements.ts";

const i32 = typeOf("i32");

/** Columns that are taken at a time: a page of them, and several for threads to share. */
const mostColumns = 1024;
/** Rows of a loop whose bounds are computed, such as a block's. */
const blockRows = 64;
/** Numbers that a column may have so far. */
const mostNumbers = 6;

export function interchange(kernel: LoopKernel): LoopKernel {
  const scratch: BufferParam[] = [];
  const gathered = new Set(kernel.buffers.filter(({ scope }) => scope === "scratch").map(({ name }) => name));
  const inBody = (body: readonly Stmt[]): Stmt[] =>
    body.map((statement) => {
      if (statement.kind !== "for") return statement;
      const columns = { ...statement, body: readAgain(statement.body, gathered) };
      const count = columnCount(columns);
      const numbers = count === null ? null : numbersBetween(columns);
      if (count === null || numbers === null) return { ...statement, body: inBody(statement.body) };
      return new ByRows(columns, count, numbers, scratch).run();
    });
  const body = inBody(kernel.body);
  if (scratch.length === 0) return kernel;
  const used = new Set<string>();
  visitStmts(body, (s) => void (s.kind === "store" && used.add(s.buffer)));
  const buffers = kernel.buffers.filter(({ name }) => !gathered.has(name) || used.has(name));
  return { ...kernel, body, buffers: [...buffers, ...scratch] };
}

/** A column that is gathered in scratch memory as it is read first, and read there from then on, is read where it is. */
function readAgain(body: readonly Stmt[], gathered: ReadonlySet<string>): readonly Stmt[] {
  const sources = new Map<string, { readonly row: string; readonly value: Load } | null>();
  const visit = (list: readonly Stmt[], row: string | null): void => {
    const loads = new Map<string, Expr>();
    for (const s of list) {
      if (s.kind === "for") visit(s.body, s.name);
      if (s.kind === "let") loads.set(s.name, s.value);
      if (s.kind !== "store" || !gathered.has(s.buffer)) continue;
      const value = s.value.op === "var" ? loads.get(s.value.name) : s.value;
      const isGathered =
        value?.op === "load" &&
        s.index.op === "var" &&
        s.index.name === row &&
        ![...loads.keys()].some((name) => mentions(value.index, name));
      sources.set(s.buffer, isGathered && !sources.has(s.buffer) ? { row: s.index.name, value } : null);
    }
  };
  visit(body, null);
  const sourceOf = (buffer: string): { readonly row: string; readonly value: Load } | null =>
    sources.get(buffer) ?? null;
  if (![...sources.keys()].some((buffer) => sourceOf(buffer) !== null)) return body;
  const replaced = (expr: Expr): Expr => {
    const source = expr.op === "load" ? sourceOf(expr.buffer) : null;
    if (source === null || expr.op !== "load") return expr;
    const at = (e: Expr): Expr => (e.op === "var" && e.name === source.row ? expr.index : e);
    return { ...source.value, index: mapExpr(source.value.index, at) };
  };
  const without = (list: readonly Stmt[]): Stmt[] =>
    list.flatMap((s): Stmt[] => {
      if (s.kind === "store" && sourceOf(s.buffer) !== null) return [];
      return [s.kind === "for" ? { ...s, body: without(s.body) } : mapStmt(s, replaced)];
    });
  return without(body);
}
type Load = Extract<Expr, { op: "load" }>;

/** Of a loop over columns that read far apart down the rows, and of which nothing depends on another; else null. */
function columnCount(columns: ForStmt): number | null {
  const count = countOf(columns);
  if (columns.mode === "lane" || count === null || count < leastColumns) return null;
  let fits = true;
  let along = 0;
  const loaded = new Set<string>();
  const stored = new Set<string>();
  const visit = (body: readonly Stmt[], row: string | null, rows: number): void => {
    const innermost = !body.some((s) => s.kind === "for");
    const access = (buffer: string, index: Expr, isStore: boolean): void => {
      (isStore ? stored : loaded).add(buffer);
      const byColumn = strideOf(index, columns.name);
      if (byColumn === null || byColumn > 1 || byColumn < 0 || (isStore && byColumn !== 1)) fits = false;
      else if (row !== null && innermost && byColumn === 1 && (strideOf(index, row) ?? 0) >= leastColumns)
        along = Math.max(along, rows * count);
    };
    for (const s of body) {
      if (s.kind === "for") {
        const inside = s.start.op === "const" && s.end.op === "const" ? Number(s.end.value) / s.step : blockRows;
        if (s.mode === "lane") fits = false;
        visit(s.body, s.name, rows * Math.max(1, inside));
        continue;
      }
      if (s.kind !== "let" && s.kind !== "declare" && s.kind !== "assign" && s.kind !== "store") fits = false;
      if (s.kind === "store") access(s.buffer, s.index, true);
      visitExprs([s], (expr) => {
        if (expr.op === "load") access(expr.buffer, expr.index, false);
      });
    }
  };
  visit(columns.body, null, 1);
  for (const buffer of stored) if (loaded.has(buffer)) fits = false;
  return fits && along >= leastElements ? count : null;
}

type Stretch = readonly Stmt[];

/**
 * A body as loops, statements that are the same for all columns (the end of a block of rows), and between them
 * stretches of what is computed for each column. `varying`: names that differ between columns, which grow.
 */
function partsOf(body: readonly Stmt[], varying: Set<string>): (ForStmt | LetStmt | Stretch)[] {
  const parts: (ForStmt | LetStmt | Stmt[])[] = [];
  for (const statement of body) {
    const last = parts.at(-1);
    if (statement.kind === "for" || (statement.kind === "let" && isUniform(statement, varying))) parts.push(statement);
    else {
      if (statement.kind === "let" || statement.kind === "declare") varying.add(statement.name);
      if (Array.isArray(last)) last.push(statement);
      else parts.push([statement]);
    }
  }
  return parts;
}

type LetStmt = Extract<Stmt, { kind: "let" }>;
function isUniform(statement: LetStmt, varying: ReadonlySet<string>): boolean {
  let uniform = statement.value.type.kind === "i32";
  visitExprs([statement], (expr) => {
    if (expr.op === "load" || (expr.op === "var" && varying.has(expr.name))) uniform = false;
  });
  return uniform;
}

/** Variables that are used in another stretch than where they are made; null where they cannot be kept. */
function numbersBetween({ name, body }: ForStmt): ReadonlyMap<string, Kind> | null {
  const varying = new Set([name]);
  const madeIn = new Map<string, Stretch>();
  const kinds = new Map<string, Kind>();
  const between = new Map<string, Kind>();
  let fits = true;
  const use = (used: string, stretch: Stretch): void => {
    const kind = kinds.get(used);
    if (kind === undefined || madeIn.get(used) === stretch) return;
    between.set(used, kind);
    if (memoryOf[kind] === undefined) fits = false;
  };
  const visit = (list: readonly Stmt[]): void => {
    for (const part of partsOf(list, varying)) {
      if ("kind" in part) {
        if (part.kind === "let") continue;
        // All columns must turn as often.
        for (const bound of [part.start, part.end])
          for (const other of varying) if (mentions(bound, other)) fits = false;
        visit(part.body);
        continue;
      }
      visitStmts(part, (s) => {
        if (s.kind === "let" || s.kind === "declare") {
          madeIn.set(s.name, part);
          kinds.set(s.name, s.value.type.kind);
        } else if (s.kind === "assign") use(s.name, part);
      });
      visitExprs(part, (expr) => {
        if (expr.op === "var") use(expr.name, part);
      });
    }
  };
  visit(body);
  return fits && between.size <= mostNumbers ? between : null;
}

/** The loops that take rows one after the other. */
class ByRows {
  private readonly columns: ForStmt;
  private readonly count: number;
  private readonly numbers: ReadonlyMap<string, Kind>;
  private readonly width: number;
  private readonly tile: string;
  private readonly varying: Set<string>;
  private copies = 0;

  constructor(columns: ForStmt, count: number, numbers: ReadonlyMap<string, Kind>, scratch: BufferParam[]) {
    this.columns = columns;
    this.count = count;
    this.numbers = numbers;
    this.width = Math.min(count, mostColumns);
    this.tile = `${columns.name}_tile`;
    this.varying = new Set([columns.name]);
    for (const [name, kind] of numbers)
      scratch.push({
        name: this.rowOf(name),
        dtype: memoryOf[kind]!,
        elements: this.width,
        access: "readwrite",
        scope: "scratch",
      });
  }

  private rowOf(name: string): string {
    return `${name}_${this.columns.name}`;
  }

  run(): Stmt {
    const { columns, tile, count, width } = this;
    return { ...columns, name: tile, end: integer(count), step: width, body: this.distributed(columns.body) };
  }

  private distributed(body: readonly Stmt[]): Stmt[] {
    return partsOf(body, this.varying).map((part) => {
      if (!("kind" in part)) return this.overColumns(part);
      return part.kind === "let" ? part : { ...part, mode: "serial", body: this.distributed(part.body) };
    });
  }

  /** A stretch for each column of a tile, with fresh names. */
  private overColumns(stretch: Stretch): Stmt {
    const { columns, count, width, tile, numbers } = this;
    const suffix = `_c${this.copies++}`;
    const name = `${columns.name}${suffix}`;
    const at = variable(name, i32);
    const left = apply("sub", i32, integer(count), variable(tile, i32));
    const end = count % width === 0 ? integer(width) : apply("min", i32, integer(width), left);
    const read = (expr: Expr): Expr => {
      const kind = expr.op === "var" ? numbers.get(expr.name) : undefined;
      return kind === undefined || expr.op !== "var" ? expr : load(this.rowOf(expr.name), typeOf(kind), at);
    };
    const kept = stretch.map((s): Stmt => {
      const changed = mapStmt(s, read);
      if ((s.kind !== "let" && s.kind !== "declare" && s.kind !== "assign") || !numbers.has(s.name)) return changed;
      return { kind: "store", buffer: this.rowOf(s.name), index: at, value: (changed as typeof s).value };
    });
    const column = addI(variable(tile, i32), at);
    const body = copyLoopBody(kept, "", "", suffix).map((s) => replaceVariable(s, columns.name, column));
    return { kind: "for", name, start: integer(0), end, step: 1, mode: "serial", body };
  }
}
