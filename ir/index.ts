/**
 * Integer index expressions with bounds: a constant plus terms coefficient * atom, where an atom is a loop variable, a
 * floor-division or remainder of another expression by a constant, or a value only known at run time. Kept in one
 * normal form, so that equal expressions have equal keys. Views compose by substituting expressions.
 *
 * Always true: min <= value <= max; division and remainder are by positive constants and floor downwards; dividends
 * are non-negative (negative ones are shifted by a multiple of the divisor), so truncating division is right.
 */
import { IrError } from "./errors.ts";

export type Atom =
  | {
      readonly kind: "variable";
      readonly key: string;
      readonly name: string;
      readonly min: number;
      readonly max: number;
    }
  | {
      readonly kind: "div" | "mod";
      readonly key: string;
      readonly of: Index;
      readonly by: number;
      readonly min: number;
      readonly max: number;
    };

interface Term {
  readonly coefficient: number;
  readonly atom: Atom;
}

export class Index {
  readonly constant: number;
  readonly terms: readonly Term[];
  readonly min: number;
  readonly max: number;
  private text: string | null = null;

  private constructor(constant: number, terms: readonly Term[]) {
    this.constant = constant + 0; // never -0
    this.terms = terms;
    let min = constant;
    let max = constant;
    for (const { coefficient, atom } of terms) {
      min += coefficient * (coefficient > 0 ? atom.min : atom.max);
      max += coefficient * (coefficient > 0 ? atom.max : atom.min);
    }
    this.min = min;
    this.max = max;
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max))
      throw new IrError("ir/index", "index expression overflows");
  }

  static constant(value: number): Index {
    return new Index(value, []);
  }

  /** A loop variable or run-time value in [min, max]. */
  static variable(name: string, max: number, min = 0): Index {
    return min === max ? Index.constant(min) : Index.named(name, max, min);
  }

  /** The same, by its name also where it can have one value only. */
  static named(name: string, max: number, min = 0): Index {
    return new Index(0, [{ coefficient: 1, atom: { kind: "variable", key: name, name, min, max } }]);
  }

  get key(): string {
    if (this.text === null) {
      this.text =
        this.terms.map((t) => `${t.coefficient}*${t.atom.key}`).join("+") +
        (this.constant === 0 && this.terms.length > 0 ? "" : `+${this.constant}`);
    }
    return this.text;
  }

  get isConstant(): boolean {
    return this.terms.length === 0;
  }

  add(other: Index | number): Index {
    if (typeof other === "number") return other === 0 ? this : new Index(this.constant + other, this.terms);
    if (other.isConstant) return this.add(other.constant);
    if (this.isConstant) return other.add(this.constant);
    const merged = new Map<string, Term>();
    for (const term of [...this.terms, ...other.terms]) {
      const known = merged.get(term.atom.key);
      const coefficient = (known?.coefficient ?? 0) + term.coefficient;
      merged.set(term.atom.key, { coefficient, atom: term.atom });
    }
    return recombine(
      this.constant + other.constant,
      [...merged.values()].filter((t) => t.coefficient !== 0),
    );
  }

  scale(factor: number): Index {
    if (factor === 1) return this;
    if (factor === 0) return Index.constant(0);
    return new Index(
      this.constant * factor,
      this.terms.map((t) => ({ coefficient: t.coefficient * factor, atom: t.atom })),
    );
  }

  /** floor(this / by) */
  div(by: number): Index {
    if (by === 1) return this;
    if (Math.floor(this.min / by) === Math.floor(this.max / by)) return Index.constant(Math.floor(this.min / by));
    const [whole, rest] = this.split(by);
    if (rest.isConstant || Math.floor(rest.min / by) === Math.floor(rest.max / by))
      return whole.add(Math.floor(rest.min / by));
    // (x div a) div b == x div (a*b)
    if (rest.constant === 0 && rest.terms.length === 1 && rest.terms[0]!.coefficient === 1) {
      const { atom } = rest.terms[0]!;
      if (atom.kind === "div") return whole.add(atom.of.div(atom.by * by));
    }
    // A common factor of dividend and divisor cancels.
    const common = rest.terms.reduce((g, t) => gcd(g, Math.abs(t.coefficient)), by);
    if (common > 1) {
      const reduced = new Index(
        Math.floor(rest.constant / common),
        rest.terms.map((t) => ({ coefficient: t.coefficient / common, atom: t.atom })),
      );
      return whole.add(reduced.div(by / common));
    }
    const shift = rest.min < 0 ? Math.ceil(-rest.min / by) : 0;
    const shifted = rest.add(shift * by);
    const min = Math.floor(shifted.min / by);
    const max = Math.floor(shifted.max / by);
    const atom: Atom = { kind: "div", key: `(${shifted.key} div ${by})`, of: shifted, by, min, max };
    return whole.add(single(1, atom)).add(-shift);
  }

  /** this - by * floor(this / by) */
  mod(by: number): Index {
    if (by === 1) return Index.constant(0);
    const [, rest] = this.split(by);
    const low = Math.floor(rest.min / by);
    if (low === Math.floor(rest.max / by)) return rest.add(-low * by);
    if (rest.constant === 0 && rest.terms.length === 1 && rest.terms[0]!.coefficient === 1) {
      const { atom } = rest.terms[0]!;
      // (x mod (k*b)) mod b == x mod b
      if (atom.kind === "mod" && atom.by % by === 0) return atom.of.mod(by);
    }
    const shift = rest.min < 0 ? Math.ceil(-rest.min / by) * by : 0;
    const shifted = rest.add(shift);
    // (g*x) mod (g*b) == g * (x mod b)
    const common = shifted.terms.reduce((g, t) => gcd(g, Math.abs(t.coefficient)), by);
    if (common > 1 && shifted.constant % common === 0) {
      const reduced = new Index(
        shifted.constant / common,
        shifted.terms.map((t) => ({ coefficient: t.coefficient / common, atom: t.atom })),
      );
      return reduced.mod(by / common).scale(common);
    }
    const atom: Atom = {
      kind: "mod",
      key: `(${shifted.key} mod ${by})`,
      of: shifted,
      by,
      min: 0,
      max: Math.min(by - 1, shifted.max),
    };
    return single(1, atom);
  }

  /** this = by * whole + rest, moving every multiple of `by` out of rest. */
  private split(by: number): [Index, Index] {
    const whole: Term[] = [];
    const rest: Term[] = [];
    for (const term of this.terms) {
      const quotient = Math.trunc(term.coefficient / by);
      if (quotient !== 0) whole.push({ coefficient: quotient, atom: term.atom });
      const left = term.coefficient - quotient * by;
      if (left !== 0) rest.push({ coefficient: left, atom: term.atom });
    }
    const constantQuotient = Math.floor(this.constant / by);
    return [new Index(constantQuotient, whole), new Index(this.constant - constantQuotient * by, rest)];
  }

  /** How fast the value grows with a variable, or null when it is not linear in it. */
  coefficientOf(name: string): number | null {
    let coefficient = 0;
    for (const term of this.terms) {
      if (term.atom.kind === "variable") {
        if (term.atom.name === name) coefficient += term.coefficient;
      } else if (term.atom.of.mentions(name)) return null;
    }
    return coefficient;
  }

  mentions(name: string): boolean {
    return this.terms.some(({ atom }) => (atom.kind === "variable" ? atom.name === name : atom.of.mentions(name)));
  }

  /** Replaces variables by expressions. */
  substitute(values: ReadonlyMap<string, Index>): Index {
    let result = Index.constant(this.constant);
    for (const { coefficient, atom } of this.terms) {
      let value: Index;
      if (atom.kind === "variable") value = values.get(atom.name) ?? single(1, atom);
      else {
        const inner = atom.of.substitute(values);
        value = atom.kind === "div" ? inner.div(atom.by) : inner.mod(atom.by);
      }
      result = result.add(value.scale(coefficient));
    }
    return result;
  }

  /** @internal */
  static raw(constant: number, terms: readonly Term[]): Index {
    return new Index(constant, terms);
  }
}

const single = (coefficient: number, atom: Atom): Index => Index.raw(0, [{ coefficient, atom }]);
const gcd = (a: number, b: number): number => {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
};

/** b * (x div b) + (x mod b) == x, for any common multiple of both parts. */
function recombine(constant: number, terms: Term[]): Index {
  for (const remainder of terms) {
    const { atom, coefficient } = remainder;
    if (atom.kind !== "mod") continue;
    // x div b may itself be a sum: all its terms have to be there.
    const quotient = atom.of.div(atom.by);
    const scale = coefficient * atom.by;
    if (quotient.terms.length === 0) continue;
    const partners = quotient.terms.map((part) =>
      terms.find((t) => t.atom.key === part.atom.key && t.coefficient === scale * part.coefficient),
    );
    if (partners.includes(undefined)) continue;
    const rest = terms.filter((t) => t !== remainder && !partners.includes(t));
    return recombine(constant - scale * quotient.constant, rest).add(atom.of.scale(coefficient));
  }
  const sorted =
    terms.length > 1 ? terms.sort((a, b) => (a.atom.key < b.atom.key ? -1 : a.atom.key > b.atom.key ? 1 : 0)) : terms;
  return Index.raw(constant, sorted);
}

/** Row-major position of coordinates, given strides. */
export function linear(coordinates: readonly Index[], strides: readonly number[], offset = 0): Index {
  let sum = Index.constant(offset);
  coordinates.forEach((coordinate, i) => (sum = sum.add(coordinate.scale(strides[i]!))));
  return sum;
}

/** Row-major coordinates of a position. */
export function unravel(position: Index, shape: readonly number[]): Index[] {
  const result = new Array<Index>(shape.length);
  let rest = position;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = Math.max(1, shape[i]!);
    result[i] = i === 0 ? rest : rest.mod(size);
    rest = rest.div(size);
  }
  return result;
}
