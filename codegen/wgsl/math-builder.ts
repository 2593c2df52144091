/** Expands a mathematical function (codegen/math) into the text of one WGSL function. */
import type { BinaryExpansion, MathBuilder, UnaryExpansion } from "../math/builder.ts";
import { literal, roundedFloat, type Width } from "./types.ts";

/** Values are WGSL expressions without operators: names, literals and constructors. */
class WgslMathBuilder implements MathBuilder<string, string, string> {
  readonly lines: string[] = [];
  /** Names of sums, differences and products. */
  private readonly sums = new Set<string>();
  private count = 0;
  private depth = 1;
  private readonly width: Width;

  constructor(width: Width) {
    this.width = width;
  }

  private line(text: string): void {
    this.lines.push("  ".repeat(this.depth) + text);
  }

  private bind(text: string): string {
    const name = `t${this.count++}`;
    this.line(`let ${name} = ${text};`);
    return name;
  }

  private round(text: string): string {
    const name = this.bind(text);
    this.sums.add(name);
    return name;
  }

  /** A sum or product as an operand of a sum: arithmetic on rounding errors, (a + b) - a and the like, needs it so. */
  private rounded(value: string): string {
    return this.sums.has(value) ? roundedFloat(value, this.width) : value;
  }

  f32(value: number): string {
    return literal({ kind: "f32", lanes: this.width.lanes }, value);
  }
  i32(value: number): string {
    return literal({ kind: "i32", lanes: this.width.lanes }, value);
  }

  add = (a: string, b: string): string => this.round(`${this.rounded(a)} + ${this.rounded(b)}`);
  sub = (a: string, b: string): string => this.round(`${this.rounded(a)} - ${this.rounded(b)}`);
  mul = (a: string, b: string): string => this.round(`${a} * ${b}`);
  div = (a: string, b: string): string => this.bind(`${a} / ${b}`);
  madd = (a: string, b: string, c: string): string => this.bind(`fma(${a}, ${b}, ${c})`);
  sqrt = (a: string): string => this.bind(`sqrt(${a})`);
  abs = (a: string): string => this.bind(`abs(${a})`);
  neg = (a: string): string => this.bind(`-${a}`);
  floor = (a: string): string => this.bind(`floor(${a})`);
  min = (a: string, b: string): string => this.bind(`select(${a}, ${b}, ${b} < ${a})`);
  max = (a: string, b: string): string => this.bind(`select(${a}, ${b}, ${a} < ${b})`);

  roundScaled(a: string, scale: number, bias: number): { whole: string; biased: string } {
    const whole = this.bind(`round(${a} * ${this.f32(scale)})`);
    return { whole, biased: this.bind(`${this.width.I}(${whole}) + ${this.i32(bias)}`) };
  }

  lt = (a: string, b: string): string => this.bind(`${a} < ${b}`);
  eq = (a: string, b: string): string => this.bind(`${a} == ${b}`);
  and = (a: string, b: string): string => this.bind(`${a} & ${b}`);
  or = (a: string, b: string): string => this.bind(`${a} | ${b}`);
  not = (a: string): string => this.bind(`!${a}`);
  select = (mask: string, whenTrue: string, whenFalse: string): string =>
    this.bind(`select(${whenFalse}, ${whenTrue}, ${mask})`);

  bitcastToInt = (a: string): string => this.bind(`bitcast<${this.width.I}>(${a})`);
  bitcastToFloat = (a: string): string => this.bind(`bitcast<${this.width.F}>(${a})`);
  toFloat = (a: string): string => this.bind(`${this.width.F}(${a})`);
  iadd = (a: string, b: string): string => this.bind(`${a} + ${b}`);
  isub = (a: string, b: string): string => this.bind(`${a} - ${b}`);
  iand = (a: string, b: string): string => this.bind(`${a} & ${b}`);
  ior = (a: string, b: string): string => this.bind(`${a} | ${b}`);
  ixor = (a: string, b: string): string => this.bind(`${a} ^ ${b}`);
  ishl = (a: string, count: number): string => this.bind(`${a} << ${this.width.U}(${count}u)`);
  ishr = (a: string, count: number): string => this.bind(`${a} >> ${this.width.U}(${count}u)`);
  ilt = (a: string, b: string): string => this.bind(`${a} < ${b}`);
  ieq = (a: string, b: string): string => this.bind(`${a} == ${b}`);
  iselect = (mask: string, whenTrue: string, whenFalse: string): string =>
    this.bind(`select(${whenFalse}, ${whenTrue}, ${mask})`);

  rare<Values extends readonly string[]>(mask: string, slow: () => Values, fast: Values): Values {
    const names = fast.map((value) => {
      const name = `r${this.count++}`;
      this.line(`var ${name} = ${value};`);
      return name;
    });
    this.line(`if (${this.width.lanes === 1 ? mask : `any(${mask})`}) {`);
    this.depth++;
    slow().forEach((value, i) => this.line(`${names[i]!} = select(${names[i]!}, ${value}, ${mask});`));
    this.depth--;
    this.line("}");
    // As many names as `fast` has values.
    return names as readonly string[] as Values;
  }
}

export function unaryFunction(name: string, expand: UnaryExpansion, width: Width): string {
  const builder = new WgslMathBuilder(width);
  const result = expand(builder, "x");
  return [
    `fn ${name}${width.suffix}(x: ${width.F}) -> ${width.F} {`,
    ...builder.lines,
    `  return ${result};`,
    "}",
  ].join("\n");
}

export function binaryFunction(name: string, expand: BinaryExpansion, width: Width): string {
  const builder = new WgslMathBuilder(width);
  const result = expand(builder, "x", "y");
  const head = `fn ${name}${width.suffix}(x: ${width.F}, y: ${width.F}) -> ${width.F} {`;
  return [head, ...builder.lines, `  return ${result};`, "}"].join("\n");
}
