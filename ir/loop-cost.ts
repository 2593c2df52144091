/** What a kernel costs, counted by walking its loops: floating-point operations, or instructions. */
import { mathFunctions, type Expr, type LoopKernel, type Stmt } from "./loop.ts";

/** What one element of an operation counts. A mathematical function counts as one, whatever its polynomial takes. */
const flopsOf: ReadonlyMap<string, number> = new Map([
  ...["add", "sub", "mul", "div", "sqrt", "min", "max", "reduce_add", "reduce_mul", "reduce_max", "reduce_min"].map(
    (name) => [name, 1] as const,
  ),
  ...mathFunctions.map((name) => [name, 1] as const),
  ["exp_nonpositive", 1],
  ["madd", 2],
]);

/** Of numbers and variables, by name. */
export type Values = ReadonlyMap<string, number>;

/** What the parts of a body cost. */
interface Cost {
  /** Of an expression and all in it. */
  readonly expr: (root: Expr) => number;
  /** Of a store besides its value and index, and of a turn of a loop. */
  readonly store: number;
  readonly turn: number;
}

/**
 * `numbers`: the values of the kernel's number parameters, by name; sizes among them decide how often loops turn.
 * A loop whose bounds depend on an outer loop is counted at the middle of the outer one's range, and once more at its end
 * where that goes in steps; a branch as its larger side, an open loop once.
 */
export function countFlops(kernel: LoopKernel, numbers: Values = new Map()): number {
  return costOfBody(kernel.body, numbers, { expr: flopsOfExpr, store: 0, turn: 0 });
}

/**
 * About how many instructions a body takes: loads, stores, and arithmetic on values, scalar or vector alike. Integers
 * are left out, since most are addresses that move along; loops whose bounds are not known count one turn.
 */
export function countInstructions(body: readonly Stmt[], values: Values = new Map()): number {
  return costOfBody(body, values, { expr: instructionsOfExpr, store: 1, turn: 1 });
}

/** How often a loop turns, or null when its bounds are not known. */
export function turnsOf({ start, end, step }: Extract<Stmt, { kind: "for" }>, values: Values): number | null {
  const [from, to] = [evaluate(start, values), evaluate(end, values)];
  return from === null || to === null ? null : Math.max(0, Math.ceil((to - from) / step));
}

function costOfBody(body: readonly Stmt[], outer: Values, cost: Cost): number {
  const values = new Map(outer);
  let total = 0;
  for (const statement of body) {
    switch (statement.kind) {
      case "let":
      case "declare":
        total += cost.expr(statement.value);
        setKnown(values, statement.name, evaluate(statement.value, values));
        break;
      case "assign":
        total += cost.expr(statement.value);
        values.delete(statement.name);
        break;
      case "store":
        total += cost.expr(statement.value) + cost.store;
        break;
      case "if":
        total +=
          cost.expr(statement.condition) +
          Math.max(costOfBody(statement.then, values, cost), costOfBody(statement.else, values, cost));
        break;
      case "while":
        total += cost.expr(statement.condition) + costOfBody(statement.body, values, cost);
        break;
      case "for": {
        const start = evaluate(statement.start, values) ?? 0;
        const end = evaluate(statement.end, values) ?? start + statement.step;
        const turns = Math.max(0, Math.ceil((end - start) / statement.step));
        const at = (turn: number): number => {
          const inside = new Map(values).set(statement.name, start + statement.step * turn);
          return costOfBody(statement.body, inside, cost) + cost.turn;
        };
        // Of blocks the last may have fewer iterations than the others.
        if (statement.step > 1 && turns > 1) total += (turns - 1) * at((turns - 1) >> 1) + at(turns - 1);
        else total += turns * at(turns >> 1);
        break;
      }
      case "fence":
      case "barrier":
        break;
    }
  }
  return total;
}

/** A mathematical function is a polynomial; of float64, a call of the host. */
const functionInstructions = { f32: 16, f64: 60 } as const;
const slowInstructions: ReadonlyMap<string, number> = new Map([
  ["div", 4],
  ["rem", 8],
  ["sqrt", 4],
]);
const isMathFunction = (op: string): boolean =>
  op === "exp_nonpositive" || (mathFunctions as readonly string[]).includes(op);

function instructionsOfExpr(root: Expr): number {
  let total = 0;
  const stack: Expr[] = [root];
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (expr.op === "load") {
      total += 1;
      stack.push(expr.index);
    }
    if (!("args" in expr)) continue;
    stack.push(...expr.args);
    const { kind, lanes } = expr.args[0]?.type ?? expr.type;
    if (kind === "i32" && lanes === 1) continue;
    if (isMathFunction(expr.op)) total += kind === "f64" ? functionInstructions.f64 * lanes : functionInstructions.f32;
    else total += slowInstructions.get(expr.op) ?? 1;
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

/** The value of a size or an index, or null where it is not known. */
export function evaluate(expr: Expr, values: Values): number | null {
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
    case "and":
      return a & b;
    case "shl":
      return a << b;
    case "shr":
      return a >> b;
    default:
      return null;
  }
}
