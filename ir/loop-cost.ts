/** How much arithmetic a kernel does: floating-point operations, counted by walking its loops. */
import { mathFunctions, type Expr, type LoopKernel, type Stmt } from "./loop.ts";

/** What one element of an operation counts. A mathematical function counts as one, whatever its polynomial takes. */
const flopsOf: ReadonlyMap<string, number> = new Map([
  ...["add", "sub", "mul", "div", "sqrt", "min", "max", "reduce_add", "reduce_mul", "reduce_max", "reduce_min"].map(
    (name) => [name, 1] as const,
  ),
  ...mathFunctions.map((name) => [name, 1] as const),
  ["madd", 2],
]);

type Values = ReadonlyMap<string, number>;

/**
 * `numbers`: the values of the kernel's number parameters, by name; sizes among them decide how often loops turn.
 * A loop whose bounds depend on an outer loop is counted at the middle of the outer one's range, a branch as its larger
 * side, an open loop once.
 */
export function countFlops(kernel: LoopKernel, numbers: Values = new Map()): number {
  return flopsOfBody(kernel.body, numbers);
}

function flopsOfBody(body: readonly Stmt[], outer: Values): number {
  const values = new Map(outer);
  let total = 0;
  for (const statement of body) {
    switch (statement.kind) {
      case "let":
      case "declare":
        total += flopsOfExpr(statement.value);
        setKnown(values, statement.name, evaluate(statement.value, values));
        break;
      case "assign":
        total += flopsOfExpr(statement.value);
        values.delete(statement.name);
        break;
      case "store":
        total += flopsOfExpr(statement.value);
        break;
      case "if":
        total +=
          flopsOfExpr(statement.condition) +
          Math.max(flopsOfBody(statement.then, values), flopsOfBody(statement.else, values));
        break;
      case "while":
        total += flopsOfExpr(statement.condition) + flopsOfBody(statement.body, values);
        break;
      case "for": {
        const start = evaluate(statement.start, values) ?? 0;
        const end = evaluate(statement.end, values) ?? start + statement.step;
        const turns = Math.max(0, Math.ceil((end - start) / statement.step));
        const middle = start + statement.step * (turns >> 1);
        total += turns * flopsOfBody(statement.body, new Map(values).set(statement.name, middle));
        break;
      }
      case "fence":
      case "barrier":
        break;
    }
  }
  return total;
}

function setKnown(values: Map<string, number>, name: string, value: number | null): void {
  if (value === null) values.delete(name);
  else values.set(name, value);
}

function flopsOfExpr(root: Expr): number {
  let total = 0;
  const stack: Expr[] = [root];
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (!("args" in expr)) continue;
    stack.push(...expr.args);
    const { kind, lanes } = expr.args[0]?.type ?? expr.type;
    if (kind === "f32" || kind === "f64") total += (flopsOf.get(expr.op) ?? 0) * lanes;
  }
  return total;
}

/** The value of a size or an index, or null. */
function evaluate(expr: Expr, values: Values): number | null {
  if (expr.op === "const") return Number(expr.value);
  if (expr.op === "var" || expr.op === "param") return values.get(expr.name) ?? null;
  if (expr.op === "load") return null;
  const args = expr.args.map((arg) => evaluate(arg, values));
  if (args.includes(null)) return null;
  const [a = 0, b = 0] = args as number[];
  switch (expr.op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return b === 0 ? 0 : Math.trunc(a / b);
    case "rem":
      return b === 0 ? 0 : a % b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "shl":
      return a << b;
    case "shr":
      return a >> b;
    default:
      return null;
  }
}
