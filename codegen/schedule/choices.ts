/**
 * A loop that looks for the best of some values and where it is, in vectors: each lane looks for the best of its own
 * turns, then the best of the lanes is taken, and of equals the first.
 */
import type { Expr, Stmt, Type } from "../../ir/loop.ts";
import { apply, typeOf, variable } from "../lower/expressions.ts";
import { mapExpr, readsOfEach, visitExprs } from "./statements.ts";

/** `taken = ...; best = taken ? value : best; where = taken ? position : where`, where positions grow with the loop. */
export interface Choice {
  readonly taken: string;
  /** Whether `value` beats `best`, of nothing else. */
  readonly condition: Expr;
  readonly value: Variable;
  readonly best: Variable;
  readonly where: Variable;
}

type Variable = Extract<Expr, { op: "var" }>;
type Let = Extract<Stmt, { kind: "let" }>;

/** The choices among the statements of a body that assigns the variables `carried` from outside. */
export function choicesOf(body: readonly Stmt[], carried: ReadonlySet<string>): Choice[] {
  return body.flatMap((statement): Choice[] => {
    if (statement.kind !== "let" || statement.value.type.kind !== "bool") return [];
    const choice = choiceBy(statement, body);
    if (choice === null || !carried.has(choice.best.name) || !carried.has(choice.where.name)) return [];
    const { taken, condition, best, where } = choice;
    const reads = readsOfEach(body, [taken, best.name, where.name]);
    const inside = readsOfEach([statement], [best.name]).get(best.name)!;
    const isAlone =
      reads.get(taken) === 2 && reads.get(where.name) === 1 && inside > 0 && reads.get(best.name) === inside + 1;
    return isAlone && dependsOnly(condition, choice) ? [choice] : [];
  });
}

function choiceBy({ name: taken, value: condition }: Let, body: readonly Stmt[]): Choice | null {
  const chosen = body.flatMap((s): { target: Variable; value: Expr }[] => {
    if (s.kind !== "assign" || s.value.op !== "select") return [];
    const [by, value, kept] = s.value.args as [Expr, Expr, Expr];
    const isKept = kept.op === "var" && kept.name === s.name;
    return by.op === "var" && by.name === taken && isKept ? [{ target: kept, value }] : [];
  });
  const [best, where] = chosen;
  if (chosen.length !== 2 || best!.value.op !== "var" || where!.target.type.kind !== "i32") return null;
  return { taken, condition, value: best!.value, best: best!.target, where: where!.target };
}

function dependsOnly(condition: Expr, { value, best }: Choice): boolean {
  let only = true;
  visitExprs([{ kind: "let", name: "", value: condition }], (expr) => {
    if (expr.op === "load" || expr.op === "param") only = false;
    if (expr.op === "var" && expr.name !== value.name && expr.name !== best.name) only = false;
  });
  return only;
}

const partial = (variable: Variable, lanes: number, suffix: string): Expr => ({
  ...variable,
  type: { ...variable.type, lanes },
  name: partialName(variable.name, suffix),
});
export const partialName = (name: string, suffix: string): string => `${name}_v${suffix}`;

/** Each lane begins with what was found before, so that one without a better value changes nothing. */
export function beginChoice({ best, where }: Choice, suffixes: readonly string[], lanes: number): Stmt[] {
  return suffixes.flatMap((suffix) =>
    [best, where].map((start): Stmt => {
      const value = apply("splat", { ...start.type, lanes }, start);
      return { kind: "declare", name: partialName(start.name, suffix), value };
    }),
  );
}

/** Joins the copies, and then the lanes. */
export function endChoice(choice: Choice, suffixes: readonly string[], lanes: number): Stmt[] {
  const { taken, best, where } = choice;
  const [first, ...others] = suffixes.map((suffix) => [best, where].map((v) => partial(v, lanes, suffix)));
  const joins = others.flatMap((other, u) => join(choice, `${taken}_of${u}`, first!, other));
  for (let lane = 0; lane < lanes; lane++) {
    const parts = first!.map((vector, i) => {
      const type = typeOf(vector.type.kind);
      const name = `${i === 0 ? best.name : where.name}_lane${lane}`;
      joins.push({ kind: "let", name, value: { op: "extract", type, args: [vector], lane } });
      return variable(name, type);
    });
    joins.push(...join(choice, `${taken}_lane${lane}`, [best, where], parts));
  }
  return joins;
}

/** Takes the second pair if it is better, or as good and earlier. */
function join(
  choice: Choice,
  name: string,
  [best, where]: readonly Expr[],
  [value, position]: readonly Expr[],
): Stmt[] {
  const bool: Type = { kind: "bool", lanes: best!.type.lanes };
  const worse = apply("not", bool, beats(choice, best!, value!));
  const tie = apply("and", bool, worse, apply("lt", bool, position!, where!));
  const taken = variable(name, bool);
  return [
    { kind: "let", name, value: apply("or", bool, beats(choice, value!, best!), tie) },
    ...[
      [best!, value!],
      [where!, position!],
    ].map(([target, other]): Stmt => {
      const kept = target as Variable;
      return { kind: "assign", name: kept.name, value: apply("select", kept.type, taken, other!, kept) };
    }),
  ];
}

/** The choice's condition, of other operands. */
function beats({ condition, value, best }: Choice, challenger: Expr, holder: Expr): Expr {
  const { lanes } = holder.type;
  return mapExpr(condition, (expr) => {
    if (expr.op === "var") return expr.name === value.name ? challenger : expr.name === best.name ? holder : expr;
    const type = { ...expr.type, lanes };
    if (expr.op === "const" && lanes > 1) return apply("splat", type, expr);
    return { ...expr, type };
  });
}
