/** Reads printed IR: words, numbers and punctuation of one line, or of a text as a list of lines. */
import { dtypes, isDType, type DType } from "../dtype.ts";
import { IrError } from "../errors.ts";
import { decodeAttr } from "../attribute-text.ts";
import type { Shape } from "../shape.ts";

const token = /\s*([A-Za-z_][A-Za-z0-9_]*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\.|->|.)/y;

/** The tokens of one line, taken one after another. */
export class Scanner {
  private readonly text: string;
  private at = 0;
  private readonly where: string;

  constructor(text: string, where = text) {
    this.text = text.trimEnd();
    this.where = where;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  fail(wanted: string): never {
    throw new IrError("ir/text", `expected ${wanted} at column ${this.at + 1} of: ${this.where.trim()}`);
  }

  peek(): string {
    token.lastIndex = this.at;
    return token.exec(this.text)?.[1] ?? "";
  }

  next(): string {
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[1];
    if (found === undefined) return this.fail("more");
    this.at = token.lastIndex;
    return found;
  }

  /** Takes the token when it is the given one. */
  take(text: string): boolean {
    if (this.peek() !== text) return false;
    this.next();
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(text);
  }

  word(): string {
    return /^[A-Za-z_]/.test(this.peek()) ? this.next() : this.fail("a name");
  }

  oneOf<const T extends string>(words: readonly T[]): T {
    const found = this.next() as T;
    return words.includes(found) ? found : this.fail(words.join(" or "));
  }

  integer(): number {
    const text = this.next();
    return /^-?\d+$/.test(text) ? Number(text) : this.fail("a whole number");
  }

  dtype(): DType {
    const name = this.next();
    return isDType(name) ? name : this.fail(Object.keys(dtypes).join(" or "));
  }

  /** Items between brackets, separated by commas. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open);
    const items: T[] = [];
    if (this.take(close)) return items;
    do items.push(item());
    while (this.take(","));
    this.expect(close);
    return items;
  }

  shape(): Shape {
    return this.list("[", "]", () => this.integer());
  }

  /** `name=value` pairs up to a token that no pair begins with; values are JSON without spaces outside strings. */
  attributes(): Record<string, unknown> {
    const attrs: Record<string, unknown> = {};
    for (;;) {
      const match = /^\s*([A-Za-z_]\w*)=/.exec(this.text.slice(this.at));
      if (match === null) return attrs;
      this.at += match[0].length;
      attrs[match[1]!] = JSON.parse(this.json(), decodeAttr);
    }
  }

  /** The text of one JSON value. */
  private json(): string {
    const start = this.at;
    let depth = 0;
    let inString = false;
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]!;
      if (inString) {
        if (character === "\\") this.at++;
        else if (character === '"') inString = false;
        continue;
      }
      if (character === '"') inString = true;
      else if (character === "[" || character === "{") depth++;
      else if (character === "]" || character === "}") depth--;
      else if (character === " " && depth === 0) break;
    }
    return this.text.slice(start, this.at);
  }
}

/** Lines without blank ones and comments (`#` to the end of a line that starts with it). */
export class Lines {
  private readonly lines: readonly string[];
  private at = 0;
  constructor(text: string) {
    this.lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  }
  get done(): boolean {
    return this.at >= this.lines.length;
  }
  peek(): string {
    return (this.lines[this.at] ?? "").trim();
  }
  next(): Scanner {
    const line = this.lines[this.at++];
    if (line === undefined) throw new IrError("ir/text", "the text ends too early");
    return new Scanner(line.trim());
  }
}
