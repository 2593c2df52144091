/**
 * Loop IR as text:
 *
 *     kernel k0_add(b0: read float32[6], b1: write float32[6], n0: f32) workgroup 64
 *       scratch s0: float32[4]
 *       parallel i = 0 .. 6
 *         let t0: f32 = (b0[i] + n0)
 *         b1[i] = exp(t0)
 *
 * i32 literals stand bare, others carry their type (`1.5:f32`). A type follows an operation, a load or a literal in
 * angle brackets only when its operands do not imply it: `cast<i32>(t0)`, `b0[i]<f32x4>`.
 */
import type { BufferParam, Expr, LoopKernel, NumberParam, Operation, Stmt } from "../loop.ts";
import { elementType, impliedType, sameType, typeText } from "./loop-types.ts";

export const infix = { add: "+", sub: "-", mul: "*" } as const satisfies Partial<Record<Operation, string>>;

const bufferText = ({ name, dtype, elements, access, scope }: BufferParam): string =>
  scope === "argument"
    ? `${name}: ${access} ${dtype}[${elements}]`
    : `${scope} ${name}: ${access === "readwrite" ? "" : `${access} `}${dtype}[${elements}]`;
const numberText = ({ name, kind }: NumberParam): string => `${name}: ${kind}`;

export function literalText(value: number | bigint): string {
  if (typeof value === "bigint") return value.toString();
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

export class LoopPrinter {
  private readonly buffers: ReadonlyMap<string, BufferParam>;
  private readonly lines: string[] = [];

  constructor(kernel: LoopKernel) {
    this.buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  }

  expression(expr: Expr): string {
    switch (expr.op) {
      case "const": {
        const bare = expr.type.kind === "i32" && expr.type.lanes === 1;
        return bare ? literalText(expr.value) : `${literalText(expr.value)}:${typeText(expr.type)}`;
      }
      case "var":
      case "param":
        return expr.name;
      case "load": {
        const buffer = this.buffers.get(expr.buffer);
        const plain = buffer !== undefined && sameType(elementType(buffer), expr.type);
        return `${expr.buffer}[${this.expression(expr.index)}]${plain ? "" : `<${typeText(expr.type)}>`}`;
      }
      default:
        return this.operation(expr);
    }
  }

  private operation(expr: Extract<Expr, { args: readonly Expr[] }>): string {
    const implied = impliedType(
      expr.op,
      expr.args.map((arg) => arg.type),
    );
    const plain = implied !== null && sameType(implied, expr.type);
    const args = expr.args.map((arg) => this.expression(arg));
    if (plain && Object.hasOwn(infix, expr.op))
      return `(${args[0]} ${infix[expr.op as keyof typeof infix]} ${args[1]})`;
    if (expr.memory !== undefined) args.push(expr.memory);
    if (expr.lane !== undefined) args.push(`lane ${expr.lane}`);
    return `${expr.op}${plain ? "" : `<${typeText(expr.type)}>`}(${args.join(", ")})`;
  }

  statements(body: readonly Stmt[], indent: string): void {
    const put = (text: string): number => this.lines.push(indent + text);
    for (const s of body) {
      switch (s.kind) {
        case "let":
          put(`let ${s.name}: ${typeText(s.value.type)} = ${this.expression(s.value)}`);
          break;
        case "declare":
          put(`var ${s.name}: ${typeText(s.value.type)} = ${this.expression(s.value)}`);
          break;
        case "assign":
          put(`${s.name} = ${this.expression(s.value)}`);
          break;
        case "store":
          put(`${s.buffer}[${this.expression(s.index)}] = ${this.expression(s.value)}`);
          break;
        case "for": {
          const range = `${this.expression(s.start)} .. ${this.expression(s.end)}`;
          put(`${s.mode} ${s.name} = ${range}${s.step === 1 ? "" : ` step ${s.step}`}`);
          this.statements(s.body, `${indent}  `);
          break;
        }
        case "while":
          put(`while ${this.expression(s.condition)}`);
          this.statements(s.body, `${indent}  `);
          break;
        case "if":
          put(`if ${this.expression(s.condition)}`);
          this.statements(s.then, `${indent}  `);
          if (s.else.length > 0) {
            put("else");
            this.statements(s.else, `${indent}  `);
          }
          break;
        case "fence":
          put(`fence ${this.expression(s.counter)} never ${s.never}`);
          break;
        case "barrier":
          put("barrier");
          break;
      }
    }
  }

  /** The text of one statement. */
  statement(statement: Stmt): string {
    this.lines.length = 0;
    this.statements([statement], "");
    return this.lines.join("\n");
  }

  kernel(kernel: LoopKernel, indent: string): string {
    const parameters = [
      ...kernel.buffers.filter((buffer) => buffer.scope === "argument").map(bufferText),
      ...kernel.numbers.map(numberText),
    ];
    const status = kernel.status === undefined ? "" : ` status ${kernel.status}`;
    this.lines.push(
      `${indent}kernel ${kernel.name}(${parameters.join(", ")}) workgroup ${kernel.workgroupSize}${status}`,
    );
    for (const buffer of kernel.buffers) {
      if (buffer.scope !== "argument") this.lines.push(`${indent}  ${bufferText(buffer)}`);
    }
    this.statements(kernel.body, `${indent}  `);
    return this.lines.join("\n") + "\n";
  }
}

export const printKernel = (kernel: LoopKernel, indent = ""): string => new LoopPrinter(kernel).kernel(kernel, indent);
