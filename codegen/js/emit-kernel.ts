/** Emits a scalar kernel as the source of a JavaScript function of typed arrays and numbers. */
import { IrError } from "../../ir/errors.ts";
import { mathFunctions, type Expr, type Kind, type LoopKernel, type Operation, type Stmt } from "../../ir/loop.ts";

type Operand = string;
type Emit = (kind: Kind, args: readonly Operand[], expr: Extract<Expr, { args: readonly Expr[] }>) => string;

const fround = (kind: Kind, text: string): string => (kind === "f32" ? `fround(${text})` : `(${text})`);
const wrap64 = (text: string): string => `BigInt.asIntN(64, ${text})`;

/** Infix arithmetic with each register type's rounding or wrapping. */
const arithmetic =
  (symbol: string): Emit =>
  (kind, [a, b]) =>
    kind === "i32"
      ? `(${a} ${symbol} ${b} | 0)`
      : kind === "i64"
        ? wrap64(`${a} ${symbol} ${b}`)
        : kind === "bool"
          ? `(${a} ${symbol} ${b} ? 1 : 0)`
          : fround(kind, `${a} ${symbol} ${b}`);
const math =
  (name: string): Emit =>
  (kind, args) =>
    fround(kind, `${name}(${args.join(", ")})`);
const bits =
  (symbol: string): Emit =>
  (kind, [a, b]) =>
    kind === "i64" ? wrap64(`${a} ${symbol} ${b}`) : `(${a} ${symbol} ${b})`;
const compare =
  (symbol: string): Emit =>
  (_kind, [a, b]) =>
    `(${a} ${symbol} ${b} ? 1 : 0)`;
const scalarOnly: Emit = (_kind, _args, expr) => {
  throw new IrError("js/vector", `${expr.op} is not a scalar operation`);
};

const operations = {
  add: arithmetic("+"),
  sub: arithmetic("-"),
  mul: (kind, args, expr) => (kind === "i32" ? `imul(${args.join(", ")})` : arithmetic("*")(kind, args, expr)),
  div: (kind, [a, b]) =>
    kind === "i32"
      ? `(${b} === 0 ? 0 : ${a} / ${b} | 0)`
      : kind === "i64"
        ? `(${b} === 0n ? 0n : ${wrap64(`${a} / ${b}`)})`
        : fround(kind, `${a} / ${b}`),
  rem: (kind, [a, b]) =>
    kind === "i32"
      ? `(${b} === 0 ? 0 : ${a} % ${b} | 0)`
      : kind === "i64"
        ? `(${b} === 0n ? 0n : ${a} % ${b})`
        : fround(kind, `${a} % ${b}`),
  neg: (kind, [a]) => (kind === "i32" ? `(-${a} | 0)` : kind === "i64" ? wrap64(`-${a}`) : `(-${a})`),
  abs: (kind, [a]) =>
    kind === "i64" ? `(${a} < 0n ? ${wrap64(`-${a}`)} : ${a})` : kind === "i32" ? `(abs(${a}) | 0)` : `abs(${a})`,
  sqrt: math("sqrt"),
  floor: math("floor"),
  ceil: math("ceil"),
  trunc: math("trunc"),
  nearest: math("nearest"),
  min: (kind, [a, b]) => (kind === "i64" ? `(${a} < ${b} ? ${a} : ${b})` : `min(${a}, ${b})`),
  max: (kind, [a, b]) => (kind === "i64" ? `(${a} > ${b} ? ${a} : ${b})` : `max(${a}, ${b})`),
  madd: (kind, [a, b, c]) => fround(kind, `${a} * ${b} + ${c}`),
  copysign: math("copysign"),
  and: bits("&"),
  or: bits("|"),
  xor: bits("^"),
  not: (kind, [a]) => (kind === "bool" ? `(1 - ${a})` : `(~${a})`),
  shl: (kind, [a, b]) => (kind === "i64" ? wrap64(`${a} << (${b} & 63n)`) : `(${a} << ${b})`),
  shr: (kind, [a, b]) => (kind === "i64" ? `(${a} >> (${b} & 63n))` : `(${a} >> ${b})`),
  ushr: (kind, [a, b]) => (kind === "i64" ? wrap64(`BigInt.asUintN(64, ${a}) >> (${b} & 63n)`) : `(${a} >>> ${b} | 0)`),
  eq: compare("==="),
  ne: compare("!=="),
  lt: compare("<"),
  le: compare("<="),
  gt: compare(">"),
  ge: compare(">="),
  select: (_kind, [c, a, b]) => `(${c} ? ${a} : ${b})`,
  cast: (kind, [a], expr) => castText(expr.args[0]!.type.kind, kind, a!),
  bitcast: (kind, [a], expr) => `bitcast_${expr.args[0]!.type.kind}_${kind}(${a})`,
  narrow: (_kind, [a], expr) => `narrow_${expr.memory}(${a})`,
  exp: math("exp"),
  exp_nonpositive: math("exp"),
  exp2: math("exp2"),
  expm1: math("expm1"),
  log: math("log"),
  log2: math("log2"),
  log10: math("log10"),
  log1p: math("log1p"),
  sin: math("sin"),
  cos: math("cos"),
  tan: math("tan"),
  asin: math("asin"),
  acos: math("acos"),
  atan: math("atan"),
  atan2: math("atan2"),
  sinh: math("sinh"),
  cosh: math("cosh"),
  tanh: math("tanh"),
  asinh: math("asinh"),
  acosh: math("acosh"),
  atanh: math("atanh"),
  sigmoid: math("sigmoid"),
  erf: math("erf"),
  erfc: math("erfc"),
  erfinv: math("erfinv"),
  lgamma: math("lgamma"),
  digamma: math("digamma"),
  pow: math("pow"),
  splat: scalarOnly,
  ramp: scalarOnly,
  join: scalarOnly,
  extract: scalarOnly,
  reduce_add: scalarOnly,
  reduce_mul: scalarOnly,
  reduce_max: scalarOnly,
  reduce_min: scalarOnly,
  local_index: () => "0",
} satisfies Record<Operation, Emit>;

function castText(from: Kind, to: Kind, a: string): string {
  if (from === to) return a;
  if (to === "bool") return `(${a} ${from === "i64" ? "!== 0n" : "!== 0"} ? 1 : 0)`;
  if (from === "bool" || from === "i32") return to === "i64" ? `BigInt(${a})` : to === "f32" ? `fround(${a})` : a;
  if (from === "i64")
    return to === "i32" ? `Number(BigInt.asIntN(32, ${a}))` : to === "f32" ? `fround(Number(${a}))` : `Number(${a})`;
  if (to === "i32") return `toInt32(${a})`;
  if (to === "i64") return `toInt64(${a})`;
  return to === "f32" ? `fround(${a})` : a;
}

function literal(kind: Kind, value: number | bigint): string {
  if (kind === "i64") return `${BigInt(value)}n`.replace(/^-(.*)$/, "(-$1)");
  const number = Number(value);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "(-Infinity)";
  return Object.is(number, -0) || number < 0 ? `(${Object.is(number, -0) ? "-0" : number})` : String(number);
}

/** Helper names that kernels use; `runtime/js` supplies them. */
export const helperNames = [
  ...mathFunctions,
  "fround",
  "imul",
  "abs",
  "sqrt",
  "floor",
  "ceil",
  "trunc",
  "nearest",
  "min",
  "max",
  "copysign",
  "toInt32",
  "toInt64",
  "bitcast_f32_i32",
  "bitcast_i32_f32",
  "bitcast_f64_i64",
  "bitcast_i64_f64",
  "narrow_int8",
  "narrow_int16",
  "narrow_uint8",
  "narrow_float16",
  "narrow_bfloat16",
  "load_float16",
  "load_bfloat16",
  "store_float16",
  "store_bfloat16",
] as const;

/** The body of `function (buffers..., numbers...)`. */
export function emitKernel(kernel: LoopKernel): { readonly parameters: readonly string[]; readonly body: string } {
  const dtypes = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer.dtype]));
  const isHalf = (buffer: string): boolean => dtypes.get(buffer) === "float16" || dtypes.get(buffer) === "bfloat16";
  const lines: string[] = [];
  const text = (expr: Expr): string => {
    switch (expr.op) {
      case "const":
        return literal(expr.type.kind, expr.value);
      case "var":
      case "param":
        return expr.name;
      case "load": {
        const element = `${expr.buffer}[${text(expr.index)}]`;
        return isHalf(expr.buffer) ? `load_${dtypes.get(expr.buffer)}(${element})` : element;
      }
      default: {
        if (expr.type.lanes !== 1) throw new IrError("js/vector", "JavaScript kernels are scalar");
        const operandKind = expr.args[0]?.type.kind ?? expr.type.kind;
        const kind = isComparison.has(expr.op) ? operandKind : expr.type.kind;
        return operations[expr.op](kind, expr.args.map(text), expr);
      }
    }
  };
  const block = (body: readonly Stmt[], indent: string): void => {
    for (const s of body) {
      switch (s.kind) {
        case "let":
          lines.push(`${indent}const ${s.name} = ${text(s.value)};`);
          break;
        case "declare":
          lines.push(`${indent}let ${s.name} = ${text(s.value)};`);
          break;
        case "assign":
          lines.push(`${indent}${s.name} = ${text(s.value)};`);
          break;
        case "store": {
          const value = text(s.value);
          lines.push(
            `${indent}${s.buffer}[${text(s.index)}] = ${isHalf(s.buffer) ? `store_${dtypes.get(s.buffer)}(${value})` : value};`,
          );
          break;
        }
        case "for":
          lines.push(
            `${indent}for (let ${s.name} = ${text(s.start)}; ${s.name} < ${text(s.end)}; ${s.name} = ${s.name} + ${s.step} | 0) {`,
          );
          block(s.body, indent + "  ");
          lines.push(`${indent}}`);
          break;
        case "while":
          lines.push(`${indent}while (${text(s.condition)}) {`);
          block(s.body, indent + "  ");
          lines.push(`${indent}}`);
          break;
        case "if":
          lines.push(`${indent}if (${text(s.condition)}) {`);
          block(s.then, indent + "  ");
          if (s.else.length > 0) {
            lines.push(`${indent}} else {`);
            block(s.else, indent + "  ");
          }
          lines.push(`${indent}}`);
          break;
        case "fence":
        case "barrier":
          break;
      }
    }
  };
  block(kernel.body, "  ");
  return {
    parameters: [...kernel.buffers.map((b) => b.name), ...kernel.numbers.map((n) => n.name)],
    body: lines.join("\n"),
  };
}
const isComparison = new Set<string>(["eq", "ne", "lt", "le", "gt", "ge"]);
