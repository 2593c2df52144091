/**
 * Work along rows of the result that reads an operand down its columns, since that lies the other way round (`x.t()`,
 * channels last): a few rows at a time. The operand's part of these is read as it lies, line by line, and turned on the
 * way to scratch memory; what is computed then reads all its operands along the rows, in vectors where it can.
 *
 * in:  a kernel of scalar loops for a CPU, before its sums are cut into blocks
 * out: the same kernel; a nest of parallel loops whose rows read an operand down its columns is one over blocks of rows
 */
import { attrsKey } from "../../ir/attribute-text.ts";
import type { BufferParam, Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { addI, apply, integer, load, mulI, typeOf, variable } from "../lower/expressions.ts";
import { countOf, memoryOf, strideOf } from "./columns.ts";
import { mapStmt, mentions, replaceVariable, visitExprs, visitStmts, type ForStmt } from "./statements.ts";

const i32 = typeOf("i32");
type Load = Extract<Expr, { op: "load" }>;
type Literal = Extract<Expr, { op: "const" }>;

/** Rows of a block: more are pages that a processor writes to in turn, and it knows the places of few. */
const height = 8;
/** Elements of a row that are computed at a time, where each is computed by itself. */
const width = 64;
/** Shorter rows and columns are read as they are: what is fetched of them stays in cache. */
const leastLength = 16;
/** Elements of a row that are turned as a whole. */
const longestRow = 4096;
/** Operands that a kernel turns: they stay in cache together. */
const mostTurned = 2;
/** Rows of a block lie apart by a line more than their length, so that they do not take each other's places in cache. */
const apart = 16;

export function transposed(kernel: LoopKernel): LoopKernel {
  const scratch: BufferParam[] = [];
  const buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  const body = kernel.body.map((statement) => {
    const rows = statement.kind === "for" ? rowsOf(statement) : null;
    const plan = rows && planOf(rows, buffers);
    return plan ? blocks(rows, plan, scratch) : statement;
  });
  return scratch.length === 0 ? kernel : { ...kernel, body, buffers: [...kernel.buffers, ...scratch] };
}

/** What is done for each row. */
interface Rows {
  /** Around the row, the outermost first. */
  readonly loops: readonly ForStmt[];
  /** What the loops name. */
  readonly names: readonly Stmt[];
  readonly body: readonly Stmt[];
}

function rowsOf(outer: ForStmt): Rows | null {
  const loops: ForStmt[] = [];
  const names: Stmt[] = [];
  let body: readonly Stmt[] = [outer];
  for (;;) {
    const loop = body.find((s): s is ForStmt => s.kind === "for" && s.mode === "parallel");
    if (loop === undefined) return loops.length > 0 ? { loops, names, body } : null;
    const around = body.filter((s) => s !== loop);
    if (countOf(loop) === null || around.some((s) => s.kind !== "let")) return null;
    names.push(...around);
    if (loop.body.every((s) => s.kind === "let" || s.kind === "store"))
      return loops.length > 0 ? stretches(loops, names, loop) : null;
    loops.push(loop);
    body = loop.body;
  }
}

/** Rows whose elements are computed each by itself, as rows of `width` elements. */
function stretches(loops: Rows["loops"], names: Rows["names"], elements: ForStmt): Rows {
  const { name, body } = elements;
  const inside: ForStmt = {
    ...elements,
    name: `${name}_of`,
    end: endInside(elements, width),
    mode: "serial",
    body: body.map((s) => replaceVariable(s, name, addI(variable(name, i32), variable(`${name}_of`, i32)))),
  };
  return { loops: [...loops, { ...elements, step: width, body: [] }], names, body: [inside] };
}

/** Of a loop over the part of another that begins where that one stands. */
function endInside(loop: ForStmt, step: number): Expr {
  const count = Number((loop.end as Literal).value);
  if (count <= step || count % step === 0) return integer(Math.min(count, step));
  return apply("min", i32, integer(step), apply("sub", i32, integer(count), variable(loop.name, i32)));
}

/** Something that is read down its columns. */
interface Turned {
  readonly read: Load;
  /** Along the row. */
  readonly loop: ForStmt;
}
interface Plan {
  /** The loop along whose counter the operands lie. */
  readonly lines: ForStmt;
  readonly turned: readonly Turned[];
}

/** Null where nothing is read down its columns, or where the rows are not what the result consists of. */
function planOf({ loops, names, body }: Rows, buffers: ReadonlyMap<string, BufferParam>): Plan | null {
  const named = new Set<string>();
  const written = new Set<string>();
  visitStmts([...names, ...body], (s) => {
    if (s.kind === "let" || s.kind === "declare" || s.kind === "for") named.add(s.name);
    if (s.kind === "store") written.add(s.buffer);
  });
  const found = new Map<ForStmt, Turned[]>();
  let isAlongRows = false;
  for (const loop of body) {
    const length = loop.kind === "for" ? lengthOf(loop) : null;
    if (loop.kind !== "for" || length === null || length < leastLength || length > longestRow) continue;
    if (loop.body.some((s) => s.kind === "for" || s.kind === "if" || s.kind === "while")) continue;
    for (const s of loop.body)
      if (s.kind === "store" && buffers.get(s.buffer)!.scope === "argument" && strideOf(s.index, loop.name) === 1)
        isAlongRows = true;
    // What is read on a condition may lie outside of its operand.
    const guarded = new Set<Expr>();
    visitExprs(loop.body, (expr) => {
      if (guarded.has(expr) || expr.op === "select") partsOf(expr).forEach((part) => guarded.add(part));
      if (expr.op !== "load" || guarded.has(expr) || written.has(expr.buffer)) return;
      if (memoryOf[expr.type.kind] === undefined || (strideOf(expr.index, loop.name) ?? 0) < leastLength) return;
      if ([...named].some((name) => name !== loop.name && mentions(expr.index, name))) return;
      const lines = loops.find(({ name }) => strideOf(expr.index, name) === 1);
      if (lines === undefined || lines.step !== 1 || countOf(lines)! < leastLength) return;
      const others = found.get(lines) ?? [];
      const turned = { read: expr, loop };
      if (!others.some((other) => keyOf(other) === keyOf(turned))) found.set(lines, [...others, turned]);
    });
  }
  const [only] = found;
  if (!isAlongRows || only === undefined || found.size > 1 || only[1].length > mostTurned) return null;
  return { lines: only[0], turned: only[1] };
}

const partsOf = (expr: Expr): readonly Expr[] => (expr.op === "load" ? [expr.index] : "args" in expr ? expr.args : []);

/** The most turns of a loop from 0, or null where they are not known. */
function lengthOf({ start, end, step }: ForStmt): number | null {
  if (start.op !== "const" || Number(start.value) !== 0 || step !== 1) return null;
  if (end.op === "const") return Number(end.value);
  const [most] = end.op === "min" ? end.args : [];
  return most?.op === "const" ? Number(most.value) : null;
}

/** The same for the same elements in the same order, whichever loop reads them. */
function keyOf({ read, loop }: Turned): string {
  const store: Stmt = { kind: "store", buffer: "", index: loop.end, value: read };
  return attrsKey(replaceVariable(store, loop.name, variable("", i32)));
}

/** The loops over blocks of rows. */
function blocks({ loops, names, body }: Rows, { lines, turned }: Plan, scratch: BufferParam[]): Stmt {
  const row = `${lines.name}_of`;
  /** With another name for the row. */
  const at = (s: Stmt, name: string): Stmt =>
    replaceVariable(s, lines.name, addI(variable(lines.name, i32), variable(name, i32)));
  const inBlock = (name: string, inside: readonly Stmt[]): ForStmt => {
    const end = endInside(lines, height);
    return { kind: "for", name, start: integer(0), end, step: 1, mode: "serial", body: inside };
  };
  const places = turned.map(({ read, loop }, i) => {
    const buffer = `${read.buffer}_turned${i}`;
    const pitch = lengthOf(loop)! + apart;
    const dtype = memoryOf[read.type.kind]!;
    scratch.push({ name: buffer, dtype, elements: height * pitch, access: "readwrite", scope: "scratch" });
    const index = (line: string, column: string): Expr =>
      addI(mulI(variable(line, i32), integer(pitch)), variable(column, i32));
    return { buffer, index, key: keyOf({ read, loop }) };
  });
  const fill = turned.map(({ read, loop }, i): Stmt => {
    const { buffer, index } = places[i]!;
    const [line, column] = [`${row}_in${i}`, `${loop.name}_in${i}`];
    const store: Stmt = { kind: "store", buffer, index: index(line, loop.name), value: read };
    const inside = replaceVariable(at(store, line), loop.name, variable(column, i32));
    return { ...loop, name: column, mode: "serial", body: [inBlock(line, [inside])] };
  });
  const turnedIn = (loop: ForStmt): ForStmt => {
    const change = (expr: Expr): Expr => {
      const place = expr.op === "load" ? places.find(({ key }) => key === keyOf({ read: expr, loop })) : undefined;
      return place === undefined ? expr : load(place.buffer, expr.type, place.index(row, loop.name));
    };
    return { ...loop, body: loop.body.map((s) => mapStmt(s, change)) };
  };
  const compute = [...names, ...body.map((s) => (s.kind === "for" ? turnedIn(s) : s))].map((s) => at(s, row));
  const order = [...loops.filter((loop) => loop !== lines), { ...lines, step: height }];
  const inside: readonly Stmt[] = [...fill, inBlock(row, compute)];
  return order.reduceRight<readonly Stmt[]>((list, loop) => [{ ...loop, body: list }], inside)[0]!;
}
