/** Runs integer loop kernels statement by statement: what the emitter's hoisting and addressing must not change. */
import type { Expr, LoopKernel, Stmt } from "../../../ir/loop.ts";

const operations: Partial<Record<string, (...args: number[]) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  neg: (a) => -a | 0,
  div: (a, b) => (b === 0 ? 0 : (a / b) | 0),
  rem: (a, b) => (b === 0 ? 0 : (a % b) | 0),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  lt: (a, b) => Number(a < b),
  eq: (a, b) => Number(a === b),
  select: (condition, a, b) => (condition ? a : b),
};

export function interpret(
  kernel: LoopKernel,
  buffers: Readonly<Record<string, Int32Array>>,
  numbers: Readonly<Record<string, number>>,
): void {
  const variables = new Map<string, number>();
  const element = (name: string, index: number): number => {
    const buffer = buffers[name]!;
    if (index < 0 || index >= buffer.length) throw new RangeError(`${name}[${index}]`);
    return index;
  };
  const value = (expr: Expr): number => {
    switch (expr.op) {
      case "const":
        return Number(expr.value);
      case "var":
        return variables.get(expr.name)!;
      case "param":
        return numbers[expr.name]!;
      case "load":
        return buffers[expr.buffer]![element(expr.buffer, value(expr.index))]!;
      default:
        return operations[expr.op]!(...expr.args.map(value));
    }
  };
  const run = (statements: readonly Stmt[]): void => {
    for (const statement of statements) {
      switch (statement.kind) {
        case "let":
        case "declare":
        case "assign":
          variables.set(statement.name, value(statement.value));
          break;
        case "store": {
          const index = element(statement.buffer, value(statement.index));
          buffers[statement.buffer]![index] = value(statement.value);
          break;
        }
        case "if":
          run(value(statement.condition) !== 0 ? statement.then : statement.else);
          break;
        case "for": {
          const end = value(statement.end);
          for (let i = value(statement.start); i < end; i += statement.step) {
            variables.set(statement.name, i);
            run(statement.body);
          }
          break;
        }
        case "while":
          while (value(statement.condition) !== 0) run(statement.body);
          break;
        case "fence":
        case "barrier":
          break;
      }
    }
  };
  run(kernel.body);
}
