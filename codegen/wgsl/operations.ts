/** How each operation of the loop IR is written in WGSL. */
import { IrError } from "../../ir/errors.ts";
import type { Expr, Kind, Operation, Type } from "../../ir/loop.ts";
import type { HelperName } from "./helpers.ts";
import { scalar, typeName, widthOf, type Width } from "./types.ts";

/** One operation to print: its operands are printed, side-effect free and bracketed where needed. */
export interface Call {
  readonly op: Operation;
  readonly args: readonly string[];
  /** The operands' kind (for `select`, that of the values to choose from). */
  readonly kind: Kind;
  readonly type: Type;
  readonly width: Width;
  readonly expr: Expr & { readonly args: readonly Expr[] };
  /** Binds a value to a name, for rules that need it twice. */
  readonly bind: (text: string) => string;
  readonly helper: (name: HelperName, width: Width) => string;
}

type Rule = (call: Call) => string;

const refuse = ({ op, kind }: Call): never => {
  throw new IrError("wgsl/operation", `The loop IR operation ${op} does not exist for ${kind} on WebGPU.`);
};

const calling =
  (name: HelperName): Rule =>
  (call) =>
    `${call.helper(name, call.width)}(${call.args.join(", ")})`;

const infix =
  (operator: string): Rule =>
  ({ args: [a, b] }) =>
    `(${a} ${operator} ${b})`;

const prefix =
  (operator: string): Rule =>
  ({ args: [a] }) =>
    `(${operator}${a})`;

const builtin =
  (name: string): Rule =>
  ({ args }) =>
    `${name}(${args.join(", ")})`;

const first: Rule = ({ args: [a] }) => a!;

type Kinds = Readonly<Record<Exclude<Kind, "f64">, Rule>>;
const byKind =
  (rules: Kinds): Rule =>
  (call) =>
    call.kind === "f64" ? refuse(call) : rules[call.kind](call);

const floats = (rule: Rule): Rule => byKind({ f32: rule, i32: refuse, i64: refuse, bool: refuse });
/** By a constant that neither is 0 nor makes MIN overflow, WGSL's own division will do. */
const division =
  (operator: "/" | "%", guarded: Rule): Rule =>
  (call) => {
    const divisor = call.expr.args[1];
    const isSafe = divisor?.op === "const" && ![0, -1].includes(Number(divisor.value));
    return isSafe ? infix(operator)(call) : guarded(call);
  };

/** Operations that leave an integer as it is. */
const rounding = (name: string): Rule => byKind({ f32: builtin(name), i32: first, i64: first, bool: first });
const math = (name: HelperName): Rule => floats(calling(name));

const shift = (operator: "<<" | ">>", helper: HelperName): Rule =>
  byKind({
    f32: refuse,
    i32: ({ args: [a, b], width: { U } }) => `(${a} ${operator} (bitcast<${U}>(${b}) & ${U}(31u)))`,
    i64: calling(helper),
    bool: refuse,
  });

const ordered = (operator: "<" | "<=" | ">" | ">="): Rule =>
  byKind({
    f32: infix(operator),
    i32: infix(operator),
    i64: (call) => {
      const [a, b] = call.args;
      const less = call.helper("lt_i64", scalar);
      const swapped = operator === ">" || operator === "<=";
      const text = swapped ? `${less}(${b}, ${a})` : `${less}(${a}, ${b})`;
      return operator === "<=" || operator === ">=" ? `(!${text})` : text;
    },
    bool: ({ args: [a, b] }) =>
      ({ "<": `(!${a} & ${b})`, "<=": `(!${a} | ${b})`, ">": `(${a} & !${b})`, ">=": `(${a} | !${b})` })[operator],
  });

const equality = (operator: "==" | "!="): Rule =>
  byKind({
    f32: (call) => {
      const [a, b] = call.args;
      // x != x asks for NaN, which a compiler may assume away.
      if (a !== b) {
        const equal = infix("==")(call);
        // WGSL's != is false for NaN on some drivers.
        return operator === "==" ? equal : `(!${equal})`;
      }
      const isNan = `${call.helper("is_nan", call.width)}(${a})`;
      return operator === "!=" ? isNan : `(!${isNan})`;
    },
    i32: infix(operator),
    i64: ({ args: [a, b] }) => `${operator === "==" ? "all" : "any"}(${a} ${operator} ${b})`,
    bool: infix(operator),
  });

/** A vector's lanes, folded in pairs. */
const reduction =
  (combine: (a: string, b: string, call: Call) => string): Rule =>
  (call) => {
    const value = call.bind(call.args[0]!);
    const half = (a: string, b: string): string => call.bind(combine(`${value}.${a}`, `${value}.${b}`, call));
    return combine(half("x", "y"), half("z", "w"), call);
  };

const extreme = (name: "min" | "max"): Rule =>
  reduction((a, b, call) =>
    call.kind === "f32" ? `${call.helper(`${name}_f32`, scalar)}(${a}, ${b})` : `${name}(${a}, ${b})`,
  );

function cast(call: Call): string {
  const { kind: from, type, width } = call;
  const [a] = call.args;
  const to = type.kind;
  if (from === to) return a!;
  if (from === "f64" || to === "f64") return refuse(call);
  if (to === "bool") {
    if (from === "f32") return `${call.helper("f32_to_bool", width)}(${a})`;
    return from === "i64" ? `any(${a} != vec2<u32>(0u, 0u))` : `(${a} != ${width.I}(0))`;
  }
  if (from === "bool") {
    return to === "i64" ? `vec2<u32>(select(0u, 1u, ${a}), 0u)` : `${typeName(type)}(${a})`;
  }
  if (to === "i32") return from === "f32" ? `${call.helper("f32_to_i32", width)}(${a})` : `bitcast<i32>(${a}.x)`;
  if (to === "f32") return from === "i64" ? `${call.helper("i64_to_f32", scalar)}(${a})` : `${width.F}(${a})`;
  return `${call.helper(from === "f32" ? "f32_to_i64" : "i32_to_i64", scalar)}(${a})`;
}

function narrow(call: Call): string {
  const { width } = call;
  const memory = "memory" in call.expr ? call.expr.memory : undefined;
  const [a] = call.args;
  switch (memory) {
    case "int8":
      return `extractBits(${a}, 0u, 8u)`;
    case "int16":
      return `extractBits(${a}, 0u, 16u)`;
    case "uint8":
      return `(${a} & ${width.I}(255))`;
    case "float16":
      return `${call.helper("round_f16", width)}(${a})`;
    case "bfloat16":
      return `${call.helper("round_bf16", width)}(${a})`;
    default:
      return a!;
  }
}

const lanes = ["x", "y", "z", "w"];

export const operations = {
  add: byKind({ f32: infix("+"), i32: infix("+"), i64: calling("add_i64"), bool: infix("|") }),
  sub: byKind({ f32: infix("-"), i32: infix("-"), i64: calling("sub_i64"), bool: refuse }),
  mul: byKind({ f32: infix("*"), i32: infix("*"), i64: calling("mul_i64"), bool: infix("&") }),
  div: byKind({ f32: infix("/"), i32: division("/", calling("div_i32")), i64: calling("div_i64"), bool: refuse }),
  rem: byKind({
    f32: calling("rem_f32"),
    i32: division("%", calling("rem_i32")),
    i64: calling("rem_i64"),
    bool: refuse,
  }),
  neg: byKind({ f32: prefix("-"), i32: prefix("-"), i64: calling("neg_i64"), bool: refuse }),
  abs: byKind({ f32: builtin("abs"), i32: builtin("abs"), i64: calling("abs_i64"), bool: first }),
  sqrt: floats(builtin("sqrt")),
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  nearest: rounding("round"),
  min: byKind({ f32: calling("min_f32"), i32: builtin("min"), i64: calling("min_i64"), bool: infix("&") }),
  max: byKind({ f32: calling("max_f32"), i32: builtin("max"), i64: calling("max_i64"), bool: infix("|") }),
  madd: byKind({
    f32: builtin("fma"),
    i32: ({ args: [a, b, c] }) => `(${a} * ${b} + ${c})`,
    i64: ({ args: [a, b, c], helper }) =>
      `${helper("add_i64", scalar)}(${helper("mul_i64", scalar)}(${a}, ${b}), ${c})`,
    bool: refuse,
  }),
  copysign: floats(calling("copysign_f32")),

  and: byKind({ f32: refuse, i32: infix("&"), i64: infix("&"), bool: infix("&") }),
  or: byKind({ f32: refuse, i32: infix("|"), i64: infix("|"), bool: infix("|") }),
  xor: byKind({ f32: refuse, i32: infix("^"), i64: infix("^"), bool: infix("!=") }),
  not: byKind({ f32: refuse, i32: prefix("~"), i64: prefix("~"), bool: prefix("!") }),
  shl: shift("<<", "shl_i64"),
  shr: shift(">>", "shr_i64"),
  ushr: byKind({
    f32: refuse,
    i32: ({ args: [a, b], width: { I, U } }) =>
      `bitcast<${I}>(bitcast<${U}>(${a}) >> (bitcast<${U}>(${b}) & ${U}(31u)))`,
    i64: calling("ushr_i64"),
    bool: refuse,
  }),

  eq: equality("=="),
  ne: equality("!="),
  lt: ordered("<"),
  le: ordered("<="),
  gt: ordered(">"),
  ge: ordered(">="),
  select: ({ args: [condition, a, b] }) => `select(${b}, ${a}, ${condition})`,

  cast,
  bitcast: (call) => {
    const other = call.kind === "f32" ? call.width.I : call.width.F;
    return call.kind === "f32" || call.kind === "i32" ? `bitcast<${other}>(${call.args[0]})` : refuse(call);
  },
  narrow,

  exp: math("math_exp"),
  exp_nonpositive: math("math_exp"),
  exp2: math("math_exp2"),
  expm1: math("math_expm1"),
  log: math("math_log"),
  log2: math("math_log2"),
  log10: math("math_log10"),
  log1p: math("math_log1p"),
  sin: math("math_sin"),
  cos: math("math_cos"),
  tan: math("math_tan"),
  asin: math("math_asin"),
  acos: math("math_acos"),
  atan: math("math_atan"),
  atan2: math("math_atan2"),
  sinh: math("math_sinh"),
  cosh: math("math_cosh"),
  tanh: math("math_tanh"),
  asinh: math("math_asinh"),
  acosh: math("math_acosh"),
  atanh: math("math_atanh"),
  sigmoid: math("math_sigmoid"),
  erf: math("math_erf"),
  erfc: math("math_erfc"),
  erfinv: math("math_erfinv"),
  lgamma: math("math_lgamma"),
  digamma: math("math_digamma"),
  pow: math("math_pow"),

  splat: ({ args: [a], type }) => `${typeName(type)}(${a})`,
  ramp: ({ args: [a] }) => `(vec4<i32>(${a}) + vec4<i32>(0, 1, 2, 3))`,
  join: ({ args, type }) => `${typeName(type)}(${args.join(", ")})`,
  extract: ({ args: [a], expr }) => `${a}.${lanes[("lane" in expr && expr.lane) || 0]!}`,
  reduce_add: reduction((a, b) => `(${a} + ${b})`),
  reduce_mul: reduction((a, b) => `(${a} * ${b})`),
  reduce_max: extreme("max"),
  reduce_min: extreme("min"),

  local_index: () => "i32(local)",
} satisfies Record<Operation, Rule>;

/** Prints one operation whose operands are printed. */
export function printOperation(call: Omit<Call, "kind" | "width" | "op">): string {
  const { expr } = call;
  const operand = expr.args[expr.op === "select" ? 1 : 0];
  const type = operand?.type ?? call.type;
  const op = expr.op as Operation;
  return operations[op]({ ...call, op, kind: type.kind, width: widthOf(type) });
}
