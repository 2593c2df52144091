/**
 * The call forms of one signature. PyTorch lets every argument be given by name, so a signature of n positional
 * parameters has one form for each number k of them that is given by position; the others go in the trailing object:
 *
 *     sum(dim?, keepdim?, options?: { dtype? })
 *     sum(dim, options: { keepdim?, dtype? })
 *     sum(options: { dim?, keepdim?, dtype? })
 */
import type { PublicParameter } from "./signature-types.ts";
import { UnusableOperator } from "./operator.ts";

/** A keyword that the operator's signature does not state, such as `out`. */
export interface ExtraOption {
  readonly name: string;
  readonly type: string;
}

/** numpy's names, which PyTorch takes too. */
const otherNames: Readonly<Record<string, string>> = { dim: "axis", keepdim: "keepdims" };

// Reserved words cannot name a parameter, though they can name a property.
const reserved = new Set(
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
);
export const isReserved = (name: string): boolean => reserved.has(name);
const positionalName = (name: string): string => (isReserved(name) ? `${name}_` : name);

/** Parameter lists, without parentheses, the most usual first. */
export function callForms(
  operator: string,
  parameters: readonly PublicParameter[],
  extras: readonly ExtraOption[],
): string[] {
  const positional = parameters.filter((parameter) => !parameter.keywordOnly);
  const named = parameters.filter((parameter) => parameter.keywordOnly);
  const forms: string[] = [];
  const at = positional.findIndex((parameter) => parameter.spread);
  if (at !== -1) forms.push(...spreadForms(operator, positional, at, named, extras));
  forms.push([...positional.map((p) => written(p, p.optional)), ...trailing(named, extras)].join(", "));
  for (let given = positional.length - 1; given >= 0; given--) {
    const options = optionsType([...positional.slice(given), ...named], extras);
    forms.push([...positional.slice(0, given).map((p) => written(p, false)), `options: ${options}`].join(", "));
  }
  return forms;
}

const written = ({ name, type }: PublicParameter, optional: boolean): string =>
  `${positionalName(name)}${optional ? "?" : ""}: ${type}`;

function trailing(named: readonly PublicParameter[], extras: readonly ExtraOption[]): string[] {
  if (named.length === 0 && extras.length === 0) return [];
  return [`options${named.every((p) => p.optional) ? "?" : ""}: ${optionsType(named, extras)}`];
}

/** `view(2, 3)`, and `view(2, 3, options)` where there are any. */
function spreadForms(
  operator: string,
  positional: readonly PublicParameter[],
  at: number,
  named: readonly PublicParameter[],
  extras: readonly ExtraOption[],
): string[] {
  const later = positional.slice(at + 1);
  if (later.some((p) => p.spread))
    throw new UnusableOperator(operator, "two parameters take a varying number of arguments");
  const before = positional.slice(0, at).map((p) => written(p, false));
  const { type } = positional[at]!;
  const name = positionalName(positional[at]!.name);
  const options = [...later, ...named];
  const forms: string[] = [];
  if (options.every((p) => p.optional)) forms.push([...before, `...${name}: ${type}`].join(", "));
  if (options.length > 0 || extras.length > 0)
    forms.push(
      [
        ...before,
        `...args: readonly [...${name}: ${type.replace("readonly ", "")}, options: ${optionsType(options, extras)}]`,
      ].join(", "),
    );
  return forms;
}

function optionsType(parameters: readonly PublicParameter[], extras: readonly ExtraOption[]): string {
  const taken = new Set(parameters.map((p) => p.name));
  const members: string[] = [];
  const choices: string[] = [];
  for (const { name, type, optional } of parameters) {
    const other = otherNames[name];
    const second = other === undefined || taken.has(other) ? null : other;
    if (optional) {
      members.push(`${name}?: ${type} | undefined`);
      if (second !== null) members.push(`${second}?: ${type} | undefined`);
    } else if (second !== null) choices.push(`({ ${name}: ${type} } | { ${second}: ${type} })`);
    else members.push(`${name}: ${type}`);
  }
  for (const { name, type } of extras) if (!taken.has(name)) members.push(`${name}?: ${type} | undefined`);
  const object = members.length > 0 ? [`{ ${members.join("; ")} }`] : [];
  return [...object, ...choices].join(" & ");
}
