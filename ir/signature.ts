/**
 * Operator signatures, written as PyTorch writes them: `sum(Tensor input, int[]? dim=None, bool keepdim=False, *,
 * dtype? dtype=None)`. One string gives the argument types that `record` sees (by template literal types), the binding
 * of positional and named arguments at run time, and the generated declarations. Where a string is one of few words they
 * are the type: `'none'|'mean'|'sum' reduction='mean'`.
 */
import type { DType } from "./dtype.ts";
import type { Node } from "./graph.ts";

/** A JavaScript number given by the user: it becomes a scalar slot of whatever type the operator needs. */
export interface ScalarArgument {
  /** Of a complex number the real part. */
  readonly value: number | bigint | boolean;
  readonly imaginary?: number;
  readonly category: "bool" | "integer" | "float" | "complex";
  /** Re-evaluated before each replay of a compiled program. */
  readonly source: (() => number) | null;
}

/** Types of the signature language, as `record` receives them. */
export interface ArgumentTypes {
  Tensor: Node;
  "Tensor?": Node | null;
  "Tensor[]": readonly Node[];
  /** Several positional tensors or one list: `block_diag(a, b)`, `block_diag([a, b])`. */
  "Tensor...": readonly Node[];
  "Tensor?[]": readonly (Node | null)[];
  Scalar: ScalarArgument;
  "Scalar?": ScalarArgument | null;
  "Tensor|Scalar": Node | ScalarArgument;
  "Tensor|Scalar?": Node | ScalarArgument | null;
  /** A number that the graph is specialised for. */
  number: number;
  "number?": number | null;
  "number[]": readonly number[];
  "number[]?": readonly number[] | null;
  int: number;
  "int?": number | null;
  /** One int stands for a list of one. */
  "int[]": readonly number[];
  "int[]?": readonly number[] | null;
  /** Sizes, of which null keeps what there is. */
  "int?[]": readonly (number | null)[];
  "int[][]": readonly (readonly number[])[];
  /** Numbers, or a name such as "same". */
  "int[]|string": readonly number[] | string;
  /** Several positional ints or one list: `view(2, 3)`, `view([2, 3])`. */
  "int...": readonly number[];
  /** Sizes of operators whose method form takes them spread. */
  bool: boolean;
  "bool?": boolean | null;
  string: string;
  "string?": string | null;
  "number|string": number | string;
  "number|string?": number | string | null;
  dtype: DType;
  "dtype?": DType | null;
  "device?": string | null;
  /** The host's object, such as torch.channels_last. */
  "memory_format?": unknown;
}
export type ArgumentType = keyof ArgumentTypes;

type Parameter<P extends string> = P extends `${infer T} ${infer N}=${string}`
  ? { [K in N]: Typed<T> }
  : P extends `${infer T} ${infer N}`
    ? { [K in N]: Typed<T> }
    : unknown;
type Typed<T extends string> = T extends ArgumentType ? ArgumentTypes[T] : ArgumentTypes[WithoutWords<T>];
/** Words are strings here: operators refuse others themselves, as PyTorch does. */
type WithoutWords<T extends string> = T extends `${infer Before extends "int[]|" | "number|" | ""}'${string}`
  ? `${Before}string${T extends `${string}?` ? "?" : ""}` & ArgumentType
  : never;
type Parameters_<S extends string> = S extends `${infer Head}, ${infer Rest}`
  ? Parameter<Head> & Parameters_<Rest>
  : Parameter<S>;
/** The arguments that a signature's `record` receives. */
export type Arguments<S extends string> = S extends `${string}(${infer Inside})${string}`
  ? { readonly [K in keyof Parameters_<Inside>]: Parameters_<Inside>[K] }
  : never;

export interface ParsedParameter {
  readonly name: string;
  readonly type: ArgumentType;
  readonly optional: boolean;
  readonly fallback: unknown;
  readonly keywordOnly: boolean;
  /** The words that a string may be, as users see them; empty where any is one. */
  readonly words: readonly string[];
}
export interface ParsedSignature {
  readonly text: string;
  readonly name: string;
  readonly parameters: readonly ParsedParameter[];
}

const cache = new Map<string, ParsedSignature>();

export function parseSignature(text: string): ParsedSignature {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const open = text.indexOf("(");
  const inside = text.slice(open + 1, text.lastIndexOf(")"));
  const parameters: ParsedParameter[] = [];
  let keywordOnly = false;
  for (const part of inside === "" ? [] : inside.split(", ")) {
    if (part === "*") {
      keywordOnly = true;
      continue;
    }
    const space = part.indexOf(" ");
    const { type, words } = withoutWords(part.slice(0, space));
    const [name, fallback] = part.slice(space + 1).split("=") as [string, string | undefined];
    parameters.push({
      name,
      type,
      optional: fallback !== undefined,
      fallback: parseFallback(type, fallback),
      keywordOnly,
      words,
    });
  }
  const parsed = { text, name: text.slice(0, open), parameters };
  cache.set(text, parsed);
  return parsed;
}

/** The engine's own copy of a word, such as it has of names of properties: two of them are compared without a look at their letters. */
const internalised = (word: string): string => Object.keys({ [word]: null })[0]!;

/** `int[]|'valid'|'same'` is the type int[]|string with two words, `'left'|'right'?` string? with two. */
function withoutWords(text: string): { type: ArgumentType; words: readonly string[] } {
  const words = [...text.matchAll(/'([^']+)'/g)].map(([, word]) => word!);
  return { type: internalised(text.replace(/'.*'/, "string")) as ArgumentType, words };
}

function parseFallback(type: ArgumentType, text: string | undefined): unknown {
  if (text === undefined || text === "None") return null;
  if (text === "True") return true;
  if (text === "False") return false;
  if (type.startsWith("string") || type.startsWith("number|string"))
    return text.replaceAll('"', "").replaceAll("'", "");
  if (
    type === "int[]" ||
    type === "int[]?" ||
    type === "int..." ||
    type === "int[]|string" ||
    type === "number[]" ||
    type === "number[]?"
  ) {
    return text.startsWith("[") ? text.slice(1, -1).split(";").filter(Boolean).map(Number) : [Number(text)];
  }
  if (type === "dtype" || type === "dtype?") return text;
  return text.endsWith("inf") ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}
