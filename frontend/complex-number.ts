/** Complex numbers as JavaScript values: what JavaScript has no number for. */

export class Complex {
  readonly re: number;
  readonly im: number;
  constructor(re: number, im = 0) {
    this.re = re;
    this.im = im;
  }

  /** As Python writes it, such as `(1+2j)`. */
  toString(): string {
    const part = (x: number): string =>
      Object.is(x, -0) ? "-0" : Number.isNaN(x) ? "nan" : String(x).replace("Infinity", "inf");
    const sign = this.im < 0 || Object.is(this.im, -0) ? "-" : "+";
    return `(${part(this.re)}${sign}${part(Math.abs(this.im))}j)`;
  }
}
