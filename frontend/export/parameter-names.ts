/**
 * The names of a function's parameters, read from its source: JavaScript tells them in no other way. What is between
 * the parentheses is walked with care for strings, templates, comments, regular expressions and brackets in defaults.
 */
import { textOf } from "../function-text.ts";

/** A name for each parameter, null for a destructured one; `isRest` for `...names`. Empty where nothing can be read. */
export interface ParameterName {
  readonly name: string | null;
  readonly isRest: boolean;
}

const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
// Engines look up Unicode's properties when they meet the expression.
const identifier = (): RegExp => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/u;

export function parameterNames(fn: (...args: never[]) => unknown): readonly ParameterName[] {
  const source = textOf(fn);
  if (source.includes("[native code]") || source.startsWith("class")) return [];
  const start = skipBlanks(source, source.startsWith("async") && !/^async\s*\(/.test(source) ? "async".length : 0);
  // `x => ...`
  const lone = identifier().exec(source.slice(start));
  if (lone !== null && lone[0] !== "function" && source.startsWith("=>", skipBlanks(source, start + lone[0].length)))
    return [{ name: lone[0], isRest: false }];
  const open = openingParenthesis(source, start);
  return open < 0 ? [] : splitParameters(source, open + 1).map(nameOf);
}

/** Not one inside a computed method name. */
function openingParenthesis(source: string, start: number): number {
  for (let i = start; i < source.length; i = skipToken(source, i)) if (source[i] === "(") return i;
  return -1;
}

/** Texts between the commas, up to the closing parenthesis. */
function splitParameters(source: string, start: number): string[] {
  const parts: string[] = [];
  let from = start;
  for (let i = start; i < source.length;) {
    const character = source[i]!;
    if (character === ")" || character === ",") {
      parts.push(source.slice(from, i));
      from = i + 1;
      if (character === ")") break;
    }
    i = skipToken(source, i);
  }
  return parts.filter((part) => skipBlanks(part, 0) < part.length);
}

function nameOf(text: string): ParameterName {
  let at = skipBlanks(text, 0);
  const isRest = text.startsWith("...", at);
  if (isRest) at = skipBlanks(text, at + 3);
  return { name: identifier().exec(text.slice(at))?.[0] ?? null, isRest };
}

/** The index after what begins here: a string, a template, a comment, a bracketed group, or one character. */
function skipToken(source: string, at: number): number {
  const character = source[at]!;
  if (character === '"' || character === "'") return skipString(source, at);
  if (character === "`") return skipTemplate(source, at);
  const blank = skipBlanks(source, at);
  if (blank > at) return blank;
  if (character === "/" && startsRegExp(source, at)) return skipRegExp(source, at);
  if (character in closers) return skipGroup(source, at);
  return at + 1;
}

function skipGroup(source: string, at: number): number {
  const close = closers[source[at]!]!;
  let i = at + 1;
  while (i < source.length && source[i] !== close) i = skipToken(source, i);
  return i + 1;
}

function skipString(source: string, at: number): number {
  const quote = source[at];
  let i = at + 1;
  while (i < source.length && source[i] !== quote) i += source[i] === "\\" ? 2 : 1;
  return i + 1;
}

function skipTemplate(source: string, at: number): number {
  let i = at + 1;
  while (i < source.length && source[i] !== "`") {
    if (source[i] === "\\") i += 2;
    else if (source.startsWith("${", i)) i = skipGroup(source, i + 1);
    else i++;
  }
  return i + 1;
}

/** A slash divides after a value, and begins a regular expression after anything else. */
function startsRegExp(source: string, at: number): boolean {
  const before = source.slice(0, at).trimEnd().at(-1) ?? "";
  return !/[\w$)\]}"'`]/.test(before);
}

function skipRegExp(source: string, at: number): number {
  let inClass = false;
  let i = at + 1;
  for (; i < source.length && (inClass || source[i] !== "/"); i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "[") inClass = true;
    else if (source[i] === "]") inClass = false;
  }
  return i + 1;
}

/** The index after white space and comments. */
function skipBlanks(source: string, at: number): number {
  let i = at;
  for (;;) {
    if (source.startsWith("//", i)) i = endOf(source, "\n", i);
    else if (source.startsWith("/*", i)) i = endOf(source, "*/", i + 2);
    else if (i < source.length && /\s/.test(source[i]!)) i++;
    else return i;
  }
}

function endOf(source: string, end: string, from: number): number {
  const at = source.indexOf(end, from);
  return at < 0 ? source.length : at + end.length;
}
