/**
 * Cuts the long sums of a kernel for threads. A loop that adds something to variables in each of its turns is done in
 * parts that keep what each turn would have added; then it is added in the order of the turns. So the result is that of
 * the whole loop, bit for bit, and does not depend on how many threads there are.
 *
 * in:  a scheduled kernel for a CPU whose loops are in a row, such as the sum of everything
 * out: its stages, one after the other: for each such loop one in parts, as split.ts describes them, and one that adds up
 *      and goes on to the next. Null where no loop is worth it.
 *
 * Stages hand on what they name, and the terms of each turn, in memory that they share: words of eight bytes, which
 * further buffers of theirs show as values of each kind.
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import type { BufferParam, Expr, Kind, LoopKernel, Stmt, Type } from "../../ir/loop.ts";
import { countInstructions, turnsOf, type Values } from "../../ir/loop-cost.ts";
import { addI, apply, integer, load, mulI, typeOf, variable } from "../lower/expressions.ts";
import { boundary, firstPart, isZero, lastPart, partNumbers } from "./parts.ts";
import { jobOf, typicalValues, withLets, type Job } from "./jobs.ts";
import { assignedFromOutside, readsOf, visitStmts, type ForStmt } from "./statements.ts";

export interface Stage {
  readonly kernel: LoopKernel;
  /** Null for what one thread does. */
  readonly jobOf: ((values: Values) => Job) | null;
}

export interface SplitSums {
  readonly stages: readonly Stage[];
  /** Bytes of the memory that the stages share: what `sharedBuffers` of theirs all begin at. */
  readonly bytesOf: (values: Values) => number;
}

/** What a turn does must be much more than what keeping and adding its terms takes. */
const leastPerTerm = 24;
const wordBytes = 8;
const i32 = typeOf("i32");

/** A value of each turn, and how it is added to a variable. */
interface Term {
  readonly name: string;
  readonly value: Expr;
  readonly add: (value: Expr) => Expr;
}

interface SumLoop {
  readonly loop: ForStmt;
  readonly terms: readonly Term[];
  /** Its place among the kernel's statements. */
  readonly place: number;
}

export function splitSums(kernel: LoopKernel, leastInstructions: number): SplitSums | null {
  // Scratch is a thread's own: a stage would not find there what another has left.
  if (kernel.buffers.some(({ scope }) => scope === "scratch")) return null;
  const typical = typicalValues(kernel);
  const isLong = (loop: ForStmt, place: number, terms: number): boolean => {
    const values = withLets(kernel.body.slice(0, place), typical);
    const turns = turnsOf(loop, values);
    const instructions = countInstructions([loop], values);
    if (turns === null || instructions < leastPerTerm * terms * turns) return false;
    return typical.size > 0 || instructions >= leastInstructions;
  };
  const loops = kernel.body.flatMap((loop, place): SumLoop[] => {
    const terms = loop.kind === "for" && loop.mode !== "parallel" ? termsOf(loop) : null;
    return loop.kind === "for" && terms !== null && isLong(loop, place, terms.length) ? [{ loop, terms, place }] : [];
  });
  const [first] = loops;
  const onlyNames = (s: Stmt): boolean => s.kind === "let" || s.kind === "declare";
  if (first === undefined || !kernel.body.slice(0, first.place).every(onlyNames)) return null;
  return new SumSplitting(kernel, loops).run(leastInstructions);
}

/** Null for a loop that does anything but add to variables, each once a turn. */
function termsOf(loop: ForStmt): Term[] | null {
  const { body } = loop;
  const assigned = assignedFromOutside(body);
  if (assigned.size === 0 || writes(body)) return null;
  const terms: Term[] = [];
  for (const statement of body) {
    if (statement.kind !== "assign" || !assigned.has(statement.name)) continue;
    const { name, value } = statement;
    const [total, term] = "args" in value ? value.args : [];
    const isTotal = total?.op === "var" && total.name === name && value.op !== "madd" && term !== undefined;
    if (!isTotal || term.type.lanes !== 1 || readsOf(body, name) !== 1 || !("args" in value)) return null;
    terms.push({ name, value: term, add: (other) => ({ ...value, args: [total, other] }) });
  }
  return terms.length === assigned.size ? terms : null;
}

function writes(body: readonly Stmt[]): boolean {
  let found = false;
  visitStmts(body, (s) => (found ||= s.kind === "store" || s.kind === "fence"));
  return found;
}

/** What a stage has named that a later one reads. */
interface Carried {
  readonly name: string;
  readonly type: Type;
  readonly place: number;
}

class SumSplitting {
  private readonly kernel: LoopKernel;
  private readonly loops: readonly SumLoop[];
  private readonly carried: readonly Carried[];
  private readonly buffers = new Map<Kind, BufferParam>();

  constructor(kernel: LoopKernel, loops: readonly SumLoop[]) {
    this.kernel = kernel;
    this.loops = loops;
    this.carried = carriedAcross(kernel.body, loops);
  }

  run(leastInstructions: number): SplitSums {
    const { body } = this.kernel;
    const kernels = this.loops.map((sum, i): { readonly parts: Stmt[]; readonly rest: Stmt[] } => {
      const next = this.loops[i + 1]?.place ?? body.length;
      // What stands before the first loop only names values, and is repeated.
      const start = i === 0 ? body.slice(0, sum.place) : this.restored(sum.place);
      return {
        parts: [...start, this.partialLoop(sum)],
        rest: [...start, this.addingLoop(sum), ...body.slice(sum.place + 1, next), ...this.kept(next)],
      };
    });
    const stages = kernels.flatMap(({ parts, rest }, i): Stage[] => {
      const { loop, place } = this.loops[i]!;
      const job = jobOf([loop], [{ loop, before: body.slice(0, place) }], leastInstructions);
      return [
        { kernel: this.stage(parts, partNumbers), jobOf: job },
        { kernel: this.stage(rest, []), jobOf: null },
      ];
    });
    return { stages, bytesOf: (values) => this.words(values) * wordBytes };
  }

  private stage(body: readonly Stmt[], numbers: LoopKernel["numbers"]): LoopKernel {
    const { kernel } = this;
    const buffers = [...kernel.buffers, ...this.buffers.values()];
    return { ...kernel, buffers, numbers: [...kernel.numbers, ...numbers], body };
  }

  private words(values: Values): number {
    const terms = this.loops.map(
      ({ loop, terms: { length }, place }) =>
        length * (turnsOf(loop, withLets(this.kernel.body.slice(0, place), values)) ?? 0),
    );
    return this.carried.length + Math.max(...terms);
  }

  private partialLoop({ loop, terms }: SumLoop): Stmt {
    const body = loop.body.map((statement): Stmt => {
      const term = terms.findIndex(({ name }) => statement.kind === "assign" && statement.name === name);
      return term < 0 ? statement : this.store(this.wordOf(loop, term, terms.length), terms[term]!.value);
    });
    return { ...loop, body, start: boundary(loop, firstPart), end: boundary(loop, lastPart) };
  }

  private addingLoop({ loop, terms }: SumLoop): Stmt {
    const body = terms.map(({ name, value, add }, k): Stmt => {
      const term = this.load(this.wordOf(loop, k, terms.length), value.type);
      return { kind: "assign", name, value: add(term) };
    });
    return { ...loop, body };
  }

  /** The place of a term of the loop's turn. */
  private wordOf({ name, start, step }: ForStmt, term: number, terms: number): Expr {
    const distance = isZero(start) ? variable(name, i32) : apply("sub", i32, variable(name, i32), start);
    const turn = step === 1 ? distance : apply("div", i32, distance, integer(step));
    return addI(mulI(turn, integer(terms)), integer(this.carried.length + term));
  }

  private isCarried({ name, place }: Carried, to: number): boolean {
    return place < to && readsOf(this.kernel.body.slice(to), name) > 0;
  }

  private kept(next: number): Stmt[] {
    return this.carried.flatMap((carried, word) =>
      this.isCarried(carried, next) ? [this.store(integer(word), variable(carried.name, carried.type))] : [],
    );
  }

  private restored(from: number): Stmt[] {
    return this.carried.flatMap((carried, word): Stmt[] => {
      const { name, type } = carried;
      return this.isCarried(carried, from) ? [{ kind: "declare", name, value: this.load(integer(word), type) }] : [];
    });
  }

  private store(word: Expr, value: Expr): Stmt {
    const { buffer, elements } = this.view(value.type.kind);
    return { kind: "store", buffer, index: mulI(word, integer(elements)), value };
  }

  private load(word: Expr, type: Type): Expr {
    const { buffer, elements } = this.view(type.kind);
    return load(buffer, type, mulI(word, integer(elements)));
  }

  /** The shared memory as values of a kind, of which a word holds so many. */
  private view(kind: Kind): { readonly buffer: string; readonly elements: number } {
    const name = `${sharedBuffer}${kind}`;
    const dtype = memoryOf[kind];
    this.buffers.set(kind, { name, dtype, elements: 0, access: "readwrite", scope: "argument" });
    return { buffer: name, elements: wordBytes / dtypeBytes(dtype) };
  }
}

/** What buffers of the shared memory are called, with the kind of their values behind. */
export const sharedBuffer = "shared_";
const memoryOf = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool" } as const;

function carriedAcross(body: readonly Stmt[], loops: readonly SumLoop[]): Carried[] {
  return body.flatMap((statement, place): Carried[] => {
    if (statement.kind !== "let" && statement.kind !== "declare") return [];
    const { name, value } = statement;
    const isLater = loops.slice(1).some((next) => place < next.place && readsOf(body.slice(next.place), name) > 0);
    return isLater ? [{ name, type: value.type, place }] : [];
  });
}
