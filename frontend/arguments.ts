/**
 * Arguments of classes as PyTorch takes them: positional in PyTorch's order, or named in one trailing object, typed.
 *
 * A signature is a text of names (`?` marks what may be left out, `*` starts what can only be named) and a tuple of the
 * types, whose labels are what an editor shows:
 * `signature<[in_features: number, bias: boolean]>()("in_features, bias?")`.
 */
import { ArgumentError } from "../ir/errors.ts";
import { describeArgument, isPlainObject, surplus } from "./bind.ts";
import { Tensor } from "./tensor.ts";

type Split<S extends string> = S extends `${infer A}, ${infer B}` ? [A, ...Split<B>] : S extends "" ? [] : [S];
type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : [];
/** The first element as a tuple, which keeps its label. */
type Head<T extends readonly unknown[]> = T extends readonly [...infer First, ...Tail<T>] ? First : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** The parameters N with the types T as named options. */
type Options<N extends readonly unknown[], T extends readonly unknown[]> = N extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends "*"
    ? Options<Rest, T>
    : (First extends `${infer K}?`
        ? { readonly [k in K]?: T[0] | undefined }
        : { readonly [k in First & string]: T[0] }) &
        Options<Rest, Tail<T>>
  : unknown;
type AllOptional<N extends readonly unknown[]> = N extends readonly [`${string}?` | "*", ...infer Rest]
  ? AllOptional<Rest>
  : N extends readonly []
    ? true
    : false;

/** Every way to split the parameters into a positional part and named ones. */
type Splits<N extends readonly unknown[], T extends readonly unknown[], Done extends readonly unknown[]> =
  | (AllOptional<N> extends true
      ? N extends readonly []
        ? Done
        : [...Done, options?: Flat<Options<N, T>>]
      : [...Done, options: Flat<Options<N, T>>])
  | (N extends readonly ["*", ...unknown[]]
      ? never
      : N extends readonly [unknown, ...infer Rest]
        ? Splits<Rest, Tail<T>, [...Done, ...Head<T>]>
        : never);

type Named<N extends readonly unknown[], T extends readonly unknown[]> = N extends readonly [infer First, ...infer Rest]
  ? First extends "*"
    ? Named<Rest, T>
    : (First extends `${infer K}?` ? { [k in K]: T[0] | undefined } : { [k in First & string]: T[0] }) &
        Named<Rest, Tail<T>>
  : unknown;

export interface Signature<S extends string, T extends readonly unknown[]> {
  readonly text: S;
  /**
   * The arguments by name, undefined where none was given.
   * @throws ArgumentError for a missing, unknown or surplus argument
   */
  bind(name: string, args: readonly unknown[]): Flat<Named<Split<S>, T>>;
}
/** What a call by this signature may pass. */
export type CallOf<X> = X extends Signature<infer S, infer T> ? Splits<Split<S>, T, []> : never;

interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly keywordOnly: boolean;
}

/** What is wrong with arguments that are not given, the first of which tells how, in Python's words. */
function missing(absent: readonly Parameter[]): string {
  const { keywordOnly } = absent[0]!;
  const names = absent.filter((parameter) => parameter.keywordOnly === keywordOnly).map(({ name }) => `'${name}'`);
  const most = names.slice(0, -1).join(", ");
  const list = names.length === 1 ? names[0]! : `${most}${names.length > 2 ? "," : ""} and ${names.at(-1)!}`;
  return `missing ${names.length} required ${keywordOnly ? "keyword-only" : "positional"} argument${names.length === 1 ? "" : "s"}: ${list}`;
}

interface Parameters {
  readonly parameters: readonly Parameter[];
  readonly positionalCount: number;
  readonly known: ReadonlySet<string>;
}

/** Hundreds of signatures are written and few are used, so that each is read when it is. */
function parametersOf(text: string): Parameters {
  const parts = text === "" ? [] : text.split(", ");
  const keywordAt = parts.indexOf("*");
  const parameters: readonly Parameter[] = parts.flatMap((part, i) =>
    part === "*"
      ? []
      : [{ name: part.replace("?", ""), optional: part.endsWith("?"), keywordOnly: keywordAt >= 0 && i > keywordAt }],
  );
  const positionalCount = parameters.filter(({ keywordOnly }) => !keywordOnly).length;
  return { parameters, positionalCount, known: new Set(parameters.map(({ name }) => name)) };
}

/** Parameters that are tensors wherever they occur. */
const tensors = new Set(["input", "the_template"]);

export const signature =
  <T extends readonly unknown[]>() =>
  <const S extends string>(text: S): Signature<S, T> => {
    let parsed: Parameters | undefined;
    return {
      text,
      bind(name, args) {
        parsed ??= parametersOf(text);
        const { known, parameters, positionalCount } = parsed;
        const last = args.at(-1);
        const options = isPlainObject(last) ? last : null;
        const positional = options === null ? args : args.slice(0, -1);
        const refuse = (reason: string): never => {
          throw new ArgumentError("argument/mismatch", `${name}() ${reason}.`, `Its signature is ${name}(${text}).`);
        };
        if (positional.length > positionalCount)
          refuse(
            surplus(parameters.filter((p) => !p.optional && !p.keywordOnly).length, positionalCount, positional.length),
          );
        const bound: Record<string, unknown> = {};
        parameters.forEach((parameter, i) => {
          const named = options?.[parameter.name];
          if (i < positional.length && named !== undefined)
            refuse(`got multiple values for argument '${parameter.name}'`);
          const value = i < positional.length ? positional[i] : named;
          if (value === undefined && !parameter.optional)
            refuse(missing(parameters.slice(i).filter((p) => !p.optional && options?.[p.name] === undefined)));
          if (tensors.has(parameter.name) && !(value instanceof Tensor))
            refuse(`argument '${parameter.name}' (position ${i + 1}) must be Tensor, not ${describeArgument(value)}`);
          bound[parameter.name] = value;
        });
        for (const key in options)
          if (!known.has(key) && options[key] !== undefined) refuse(`got an unexpected keyword argument '${key}'`);
        return bound as Flat<Named<Split<typeof text>, T>>;
      },
    };
  };
