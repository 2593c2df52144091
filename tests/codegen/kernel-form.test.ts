/** A form has everything that is in a kernel but the values of its literals. */
import { expect, test } from "vitest";
import { formOf, sameForm, withLiterals } from "../../codegen/kernel-form.ts";
import { f32, i32, type Expr, type LoopKernel, type Stmt } from "../../ir/loop.ts";

const integer = (value: number): Expr => ({ op: "const", type: i32, value });
const i: Expr = { op: "var", type: i32, name: "i" };
const at = (index: Expr): Expr => ({ op: "load", type: f32, buffer: "b", index });
const body: Stmt[] = [
  { kind: "let", name: "n", value: { op: "param", type: i32, name: "p" } },
  { kind: "declare", name: "s", value: { op: "const", type: f32, value: 0.5 } },
  {
    kind: "for",
    name: "i",
    start: integer(1),
    end: integer(8),
    step: 2,
    mode: "parallel",
    body: [
      { kind: "assign", name: "s", value: { op: "add", type: f32, args: [at(i), at(integer(3))] } },
      { kind: "fence", counter: i, never: -64 },
      { kind: "barrier" },
    ],
  },
  {
    kind: "if",
    condition: { op: "const", type: { kind: "bool", lanes: 1 }, value: 1 },
    then: [
      { kind: "store", buffer: "c", index: integer(4), value: { op: "narrow", type: f32, args: [i], memory: "int8" } },
    ],
    else: [],
  },
  {
    kind: "while",
    condition: { op: "lt", type: { kind: "bool", lanes: 1 }, args: [i, integer(5)] },
    body: [{ kind: "let", name: "x", value: { op: "extract", type: f32, args: [at(i)], lane: 2 } }],
  },
  { kind: "let", name: "v", value: { op: "const", type: { kind: "i32", lanes: 4 }, value: 7 } },
];
const kernel = (statements: readonly Stmt[]): LoopKernel => ({
  name: "k",
  buffers: [],
  numbers: [],
  body: statements,
  workgroupSize: 64,
});

/** Copies of a part that differ in one word or number each, with what differs. */
function* changes(part: unknown): Generator<readonly [string, unknown]> {
  if (typeof part === "string") yield [part, `${part}_`];
  else if (typeof part === "number") yield [String(part), part + 1];
  else if (Array.isArray(part))
    for (const [i, item] of part.entries())
      for (const [what, other] of changes(item)) yield [what, part.with(i, other)];
  else if (typeof part === "object" && part !== null)
    for (const [key, value] of Object.entries(part))
      for (const [what, other] of changes(value)) yield [`${key} ${what}`, { ...part, [key]: other }];
}

test("kernels that differ anywhere else are of other forms", () => {
  const form = formOf(kernel(body));
  const alike: string[] = [];
  for (const [what, other] of changes(body))
    try {
      if (sameForm(form, formOf(kernel(other as Stmt[])))) alike.push(what);
    } catch {
      // No kernel any more.
    }
  const literals = ["value 0.5", "start value 1", "end value 8", "value 3", "value 4", "value 5"];
  expect(alike.map((what) => literals.find((literal) => what.endsWith(literal)))).toEqual(literals);
  expect(sameForm(form, formOf(kernel(body.slice(1))))).toBe(false);
});

test("literals are met in the order of the form", () => {
  const { literals } = formOf(kernel(body));
  const met: Expr[] = [];
  const same = withLiterals(body, (literal, place) => {
    expect(place).toBe(met.push(literal) - 1);
    return literal;
  });
  expect(met).toEqual(literals);
  expect(literals.map(({ value }) => value)).toEqual([0.5, 1, 8, 3, 4, 5]);
  expect(same).toEqual(body);
});
