/** Prints the statements of one shader, indented, with every name made a WGSL identifier. */
import { IrError } from "../../ir/errors.ts";
import type { Expr, Stmt } from "../../ir/loop.ts";
import { isProduct, operands, type LaneFacts } from "./analysis.ts";
import type { HelperName, HelperSet } from "./helpers.ts";
import { loadText, storeText, type BufferAccess } from "./memory.ts";
import { printOperation } from "./operations.ts";
import { literal, opaqueLiteral, roundedFloat, typeName, widthOf, type Width } from "./types.ts";

/** Longer expressions are cut by a `let`: compilers limit how deep expressions nest. */
const longestExpression = 400;

export interface PrinterContext {
  readonly helpers: HelperSet;
  readonly buffers: ReadonlyMap<string, BufferAccess>;
  /** WGSL text of each number parameter. */
  readonly numbers: ReadonlyMap<string, string>;
  readonly lanes: LaneFacts;
  /** Variables that may hold a product of floats. */
  readonly products: ReadonlySet<string>;
  /** Buffers that outlive the kernel. */
  readonly argumentNames: ReadonlySet<string>;
  readonly workgroupSize: number;
  /** Whether a `barrier` must order memory outside the workgroup's own as well. */
  readonly storageBarriers: boolean;
}

export class Printer {
  private readonly lines: string[] = [];
  private readonly names = new Map<string, string>();
  private readonly taken = new Set<string>();
  private depth = 1;
  private temporaries = 0;
  private readonly context: PrinterContext;
  /** Set while statements are shared by the invocations of a workgroup. */
  private cooperative = false;
  /** Buffers that the current cooperative statements both read and write. */
  private rewritten: ReadonlySet<string> = new Set();

  constructor(context: PrinterContext) {
    this.context = context;
  }

  text(): string {
    return this.lines.join("\n");
  }

  readonly line = (text: string): void => {
    this.lines.push("  ".repeat(this.depth) + text);
  };

  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.depth++;
    body();
    this.depth--;
    this.line("}");
  }

  /** A value used more than once gets a name; names and literals are their own. */
  readonly bind = (text: string): string => {
    if (/^[\w.]+$/.test(text)) return text;
    const name = `t${this.temporaries++}`;
    this.line(`let ${name} = ${text};`);
    return name;
  };

  readonly helper = (name: HelperName, width: Width): string => this.context.helpers.use(name, width);

  /** The identifier of a variable of the loop IR. */
  name(variable: string): string {
    const known = this.names.get(variable);
    if (known !== undefined) return known;
    const plain = `v_${variable.replaceAll(/\W/g, "_")}`;
    let name = plain;
    for (let i = 1; this.taken.has(name); i++) name = `${plain}_${i}`;
    this.taken.add(name);
    this.names.set(variable, name);
    return name;
  }

  /**
   * Prints an expression, binding what it uses more than once and what has grown too long to names.
   * Without recursion and in linear time: expressions may be deep, and may share parts.
   */
  expr(root: Expr): string {
    const uses = new Map<Expr, number>();
    const order: Expr[] = [];
    const pending: { readonly expr: Expr; readonly entered: boolean }[] = [{ expr: root, entered: false }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { expr, entered } = next;
      if (entered) {
        order.push(expr);
        continue;
      }
      const count = uses.get(expr) ?? 0;
      uses.set(expr, count + 1);
      if (count > 0) continue;
      pending.push({ expr, entered: true });
      for (const operand of operands(expr)) pending.push({ expr: operand, entered: false });
    }
    const texts = new Map<Expr, string>();
    for (const expr of order) {
      const text = this.one(expr, texts);
      const isPlain = expr.op === "const" || expr.op === "var" || expr.op === "param";
      const isNamed = !isPlain && (uses.get(expr)! > 1 || text.length > longestExpression);
      texts.set(expr, isNamed ? this.bind(text) : text);
    }
    return texts.get(root)!;
  }

  /** One expression whose operands are printed. */
  private one(expr: Expr, texts: ReadonlyMap<Expr, string>): string {
    switch (expr.op) {
      case "const":
        return literal(expr.type, expr.value);
      case "var":
        return this.name(expr.name);
      case "param": {
        const text = this.context.numbers.get(expr.name);
        if (text === undefined) throw new IrError("wgsl/param", `The kernel has no number named ${expr.name}.`);
        return text;
      }
      case "load":
        return loadText(this.access(expr.buffer), expr.type, texts.get(expr.index)!, this);
      default: {
        // WGSL evaluates an operation on constants itself and refuses an overflow: one of them is hidden from it.
        const constant = expr.args.length > 0 && expr.args.every((arg) => arg.op === "const");
        // Drivers take 0 * x for 0, which it is not when x is infinite or no number.
        const hidesZero = expr.op === "mul" && expr.type.kind === "f32";
        const args = expr.args.map((arg, i) =>
          arg.op === "const" && ((constant && i === 0) || (hidesZero && Number(arg.value) === 0))
            ? opaqueLiteral(arg.type, arg.value)
            : texts.get(arg)!,
        );
        // Products are rounded before they are added; `madd` is there for what may be fused.
        if ((expr.op === "add" || expr.op === "sub") && expr.type.kind === "f32") {
          expr.args.forEach((arg, i) => {
            if (isProduct(arg, this.context.products)) args[i] = roundedFloat(args[i]!, widthOf(arg.type));
          });
        }
        return printOperation({ args, type: expr.type, expr, bind: this.bind, helper: this.helper });
      }
    }
  }

  private access(buffer: string): BufferAccess {
    const access = this.context.buffers.get(buffer);
    if (access === undefined) throw new IrError("wgsl/buffer", `The kernel has no buffer named ${buffer}.`);
    return access;
  }

  /** Statements that each invocation runs for itself. */
  statements(body: readonly Stmt[]): void {
    for (const stmt of body) this.statement(stmt);
  }

  /** Statements that a workgroup's invocations run together; `rewritten` names buffers both read and written. */
  cooperativeStatements(body: readonly Stmt[], rewritten: ReadonlySet<string>): void {
    this.cooperative = true;
    this.rewritten = rewritten;
    this.statements(body);
    this.cooperative = false;
  }

  private statement(stmt: Stmt): void {
    switch (stmt.kind) {
      case "let":
        return this.line(`let ${this.name(stmt.name)} = ${this.expr(stmt.value)};`);
      case "declare":
        return this.line(`var ${this.name(stmt.name)}: ${typeName(stmt.value.type)} = ${this.expr(stmt.value)};`);
      case "assign":
        return this.line(`${this.name(stmt.name)} = ${this.expr(stmt.value)};`);
      case "for":
        return this.forLoop(stmt);
      case "if":
        this.block(`if (${this.expr(stmt.condition)})`, () => this.statements(stmt.then));
        if (stmt.else.length > 0) {
          this.lines[this.lines.length - 1] += " else {";
          this.depth++;
          this.statements(stmt.else);
          this.depth--;
          this.line("}");
        }
        return;
      case "while":
        return this.block("loop", () => {
          this.line(`if (!(${this.expr(stmt.condition)})) { break; }`);
          this.statements(stmt.body);
        });
      case "store":
        return this.store(stmt);
      case "fence":
        return;
      case "barrier":
        this.line("workgroupBarrier();");
        if (this.context.storageBarriers) this.line("storageBarrier();");
        return;
    }
  }

  private forLoop(stmt: Stmt & { kind: "for" }): void {
    const name = this.name(stmt.name);
    const start = this.expr(stmt.start);
    const end = this.bind(this.expr(stmt.end));
    const isLane = stmt.mode === "lane" && this.cooperative;
    const first = !isLane ? start : `${start} + i32(local)${stmt.step === 1 ? "" : ` * ${stmt.step}`}`;
    const step = isLane ? stmt.step * this.context.workgroupSize : stmt.step;
    this.block(`for (var ${name}: i32 = ${first}; ${name} < ${end}; ${name} += ${step})`, () =>
      this.statements(stmt.body),
    );
  }

  private store(stmt: Stmt & { kind: "store" }): void {
    const index = this.expr(stmt.index);
    const value = this.expr(stmt.value);
    const access = this.access(stmt.buffer);
    const write = (): void => storeText(access, stmt.value.type, index, value, this);
    // What all invocations would write alike is written by one of them: they may not overwrite what others still read.
    const { lanes, argumentNames } = this.context;
    const alike = this.cooperative && argumentNames.has(stmt.buffer);
    if (!alike || lanes.divergent.has(stmt) || lanes.varies(stmt.index)) return write();
    const ordered = this.rewritten.has(stmt.buffer);
    if (ordered) this.line("storageBarrier();");
    this.block("if (local == 0u)", write);
    if (ordered) this.line("storageBarrier();");
  }
}
