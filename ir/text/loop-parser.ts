/** Reads printed loop IR back: see loop-printer.ts for the form. Blocks are told by their indentation. */
import { IrError } from "../errors.ts";
import { isDType } from "../dtype.ts";
import type { BufferParam, Expr, Kind, LoopKernel, NumberParam, Operation, Stmt, Type } from "../loop.ts";
import { infix } from "./loop-printer.ts";
import { elementType, impliedType, kinds, typeRules } from "./loop-types.ts";
import { Scanner } from "./scanner.ts";

const infixOperation = new Map<string, Operation>(
  Object.entries(infix).map(([op, symbol]) => [symbol, op as Operation]),
);
const i32: Type = { kind: "i32", lanes: 1 };

export interface Line {
  readonly indent: number;
  readonly text: string;
}
export const linesOf = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
    .map((line) => ({ indent: line.length - line.trimStart().length, text: line.trim() }));

/** Reads the kernel that starts at a line; `end` is the line after it. */
export function parseKernelLines(lines: readonly Line[], start: number): { kernel: LoopKernel; end: number } {
  const parser = new LoopParser(lines, start);
  const kernel = parser.kernel();
  return { kernel, end: parser.at };
}

/** @throws IrError for text that the printer does not write */
export function parseKernel(text: string): LoopKernel {
  const lines = linesOf(text);
  const { kernel, end } = parseKernelLines(lines, 0);
  if (end < lines.length) throw new IrError("ir/text", `no kernel holds this line: ${lines[end]!.text}`);
  return kernel;
}

class LoopParser {
  private readonly lines: readonly Line[];
  at: number;
  private readonly buffers = new Map<string, BufferParam>();
  private readonly numbers = new Map<string, NumberParam>();
  private readonly variables = new Map<string, Type>();

  constructor(lines: readonly Line[], at: number) {
    this.lines = lines;
    this.at = at;
  }

  kernel(): LoopKernel {
    const header = this.lines[this.at];
    if (header === undefined) throw new IrError("ir/text", "a kernel starts with its parameters");
    const line = new Scanner(header.text);
    line.expect("kernel");
    const name = line.word();
    line.list("(", ")", () => this.parameter(line));
    line.expect("workgroup");
    const workgroupSize = line.integer();
    const status = line.take("status") ? { status: line.oneOf(["true", "false"]) === "true" } : {};
    this.at++;
    for (let next = this.lines[this.at]; next && next.indent > header.indent; next = this.lines[this.at]) {
      const declaration = new Scanner(next.text);
      if (declaration.peek() !== "scratch" && declaration.peek() !== "workgroup") break;
      const scope = declaration.oneOf(["scratch", "workgroup"]);
      const local = declaration.word();
      declaration.expect(":");
      this.buffer(declaration, local, scope);
      this.at++;
    }
    const body = this.block(header.indent);
    return {
      name,
      buffers: [...this.buffers.values()],
      numbers: [...this.numbers.values()],
      body,
      workgroupSize,
      ...status,
    };
  }

  private parameter(line: Scanner): void {
    const name = line.word();
    line.expect(":");
    if ((kinds as readonly string[]).includes(line.peek())) this.numbers.set(name, { name, kind: line.oneOf(kinds) });
    else this.buffer(line, name, "argument");
  }

  private buffer(line: Scanner, name: string, scope: BufferParam["scope"]): void {
    const stated = isDType(line.peek()) ? "readwrite" : line.oneOf(["read", "write", "readwrite"]);
    const dtype = line.dtype();
    line.expect("[");
    const elements = line.integer();
    line.expect("]");
    this.buffers.set(name, { name, dtype, elements, access: stated, scope });
  }

  /** The lines that are indented deeper than `indent`. */
  private block(indent: number): Stmt[] {
    const body: Stmt[] = [];
    for (let line = this.lines[this.at]; line && line.indent > indent; line = this.lines[this.at]) {
      this.at++;
      body.push(this.statement(line));
    }
    return body;
  }

  private statement({ indent, text }: Line): Stmt {
    const line = new Scanner(text);
    const statement = this.statementOf(line, indent);
    if (!line.done) line.fail("the end of the line");
    return statement;
  }

  private statementOf(line: Scanner, indent: number): Stmt {
    const word = line.word();
    switch (word) {
      case "let":
      case "var": {
        const name = line.word();
        line.expect(":");
        this.variables.set(name, this.type(line));
        line.expect("=");
        return { kind: word === "let" ? "let" : "declare", name, value: this.expression(line) };
      }
      case "serial":
      case "parallel":
      case "lane": {
        const name = line.word();
        line.expect("=");
        const start = this.expression(line);
        line.expect("..");
        const end = this.expression(line);
        const step = line.take("step") ? line.integer() : 1;
        this.variables.set(name, i32);
        return { kind: "for", name, start, end, step, mode: word, body: this.block(indent) };
      }
      case "while":
        return { kind: "while", condition: this.expression(line), body: this.block(indent) };
      case "if": {
        const condition = this.expression(line);
        const whenTrue = this.block(indent);
        const next = this.lines[this.at];
        const hasElse = next !== undefined && next.indent === indent && next.text === "else";
        if (hasElse) this.at++;
        return { kind: "if", condition, then: whenTrue, else: hasElse ? this.block(indent) : [] };
      }
      case "fence": {
        const counter = this.expression(line);
        line.expect("never");
        return { kind: "fence", counter, never: line.integer() };
      }
      case "barrier":
        return { kind: "barrier" };
      default:
        if (line.take("[")) {
          const index = this.expression(line);
          line.expect("]");
          line.expect("=");
          return { kind: "store", buffer: word, index, value: this.expression(line) };
        }
        line.expect("=");
        return { kind: "assign", name: word, value: this.expression(line) };
    }
  }

  private type(line: Scanner): Type {
    const match = /^([a-z]+?\d*)(?:x(\d+))?$/.exec(line.word());
    const kind = match?.[1] as Kind | undefined;
    if (kind === undefined || !kinds.includes(kind)) return line.fail(kinds.join(" or "));
    return { kind, lanes: Number(match![2] ?? 1) };
  }

  private expression(line: Scanner): Expr {
    if (line.take("(")) {
      const left = this.expression(line);
      const op = infixOperation.get(line.next()) ?? line.fail("+, - or *");
      const right = this.expression(line);
      line.expect(")");
      return { op, type: left.type, args: [left, right] };
    }
    const text = line.next();
    if (/^-?\d/.test(text) || text === "-" || text === "nan" || text === "inf") return this.literal(line, text);
    const buffer = this.buffers.get(text);
    if (line.take("[")) {
      const index = this.expression(line);
      line.expect("]");
      const stated = this.stated(line);
      if (stated === null && buffer === undefined) return line.fail(`a buffer (not ${text})`);
      return { op: "load", type: stated ?? elementType(buffer!), buffer: text, index };
    }
    if (Object.hasOwn(typeRules, text) && (line.peek() === "(" || line.peek() === "<"))
      return this.operation(line, text as Operation);
    const number = this.numbers.get(text);
    if (number !== undefined) return { op: "param", type: { kind: number.kind, lanes: 1 }, name: text };
    const type = this.variables.get(text);
    return type === undefined ? line.fail(`a variable (not ${text})`) : { op: "var", type, name: text };
  }

  private stated(line: Scanner): Type | null {
    if (!line.take("<")) return null;
    const type = this.type(line);
    line.expect(">");
    return type;
  }

  private literal(line: Scanner, text: string): Expr {
    const digits = text === "-" ? `-${line.next()}` : text;
    const type = line.take(":") ? this.type(line) : i32;
    const special = { nan: NaN, inf: Infinity, "-inf": -Infinity }[digits];
    const value = special ?? (type.kind === "i64" ? BigInt(digits) : Number(digits));
    return { op: "const", type, value };
  }

  private operation(line: Scanner, op: Operation): Expr {
    const stated = this.stated(line);
    let memory = {};
    let lane = {};
    const args: Expr[] = [];
    line.list("(", ")", () => {
      const next = line.peek();
      if (isDType(next) && op === "narrow") memory = { memory: line.dtype() };
      else if (next === "lane" && op === "extract") {
        line.next();
        lane = { lane: line.integer() };
      } else args.push(this.expression(line));
    });
    const type =
      stated ??
      impliedType(
        op,
        args.map((arg) => arg.type),
      ) ??
      line.fail(`the type of ${op}`);
    return { op, type, args, ...memory, ...lane };
  }
}
