/** The signature language as TypeScript: what a user may write for each parameter type, and what comes back. */
import { type ArgumentType, parseSignature, type ParsedParameter } from "../../ir/signature.ts";
import { UnusableOperator, type PublicOperator } from "./operator.ts";

/** The type of a value that a user gives, without the null of an optional one. */
const valueTypes = {
  Tensor: "Tensor",
  "Tensor?": "Tensor",
  "Tensor[]": "readonly Tensor[]",
  "Tensor...": "readonly Tensor[]",
  "Tensor?[]": "readonly (Tensor | null)[]",
  Scalar: "Scalar",
  "Scalar?": "Scalar",
  "Tensor|Scalar": "Operand",
  "Tensor|Scalar?": "Operand",
  number: "number",
  "number?": "number",
  "number[]": "number | readonly number[]",
  "number[]?": "number | readonly number[]",
  int: "number",
  "int?": "number",
  "int[]": "number | readonly number[]",
  "int[]?": "number | readonly number[]",
  "int?[]": "number | null | readonly (number | null)[]",
  "int[][]": "readonly (readonly number[])[]",
  "int[]|string": "number | readonly number[] | string",
  "int...": "readonly number[]",
  bool: "boolean",
  "bool?": "boolean",
  string: "string",
  "string?": "string",
  "number|string": "number | string",
  "number|string?": "number | string",
  dtype: "DTypeLike",
  "dtype?": "DTypeLike",
  "device?": "DeviceLike",
  "memory_format?": "memory_format",
} as const satisfies Record<ArgumentType, string>;

export interface PublicParameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly keywordOnly: boolean;
  /** `view(2, 3)` as well as `view([2, 3])`; the type is then that of the list. */
  readonly spread: boolean;
}

const isIdentifier = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text);

/** @throws UnusableOperator when the signature cannot be declared */
export function publicParameters(operator: PublicOperator): PublicParameter[] {
  const { signature } = operator;
  const refuse = (why: string): never => {
    throw new UnusableOperator(operator.name, `${why} in "${signature}"`);
  };
  if (!/^[\w.]+\(.*\)( -> .+)?$/.test(signature)) refuse("no name(parameters) -> result");
  const parameters = parseSignature(signature).parameters.map((parameter) => publicParameter(parameter, refuse));
  const seen = new Set<string>();
  let optional: string | null = null;
  for (const { name, optional: isOptional, keywordOnly } of parameters) {
    if (seen.has(name)) refuse(`parameter ${name} twice`);
    seen.add(name);
    if (keywordOnly) continue;
    if (isOptional) optional = name;
    else if (optional !== null) refuse(`required parameter ${name} after the optional ${optional}`);
  }
  return parameters;
}

function publicParameter(parameter: ParsedParameter, refuse: (why: string) => never): PublicParameter {
  const { name, type, optional, fallback, keywordOnly, words } = parameter;
  if (!isIdentifier(name)) refuse(`"${name}" is not a parameter name`);
  const written = (valueTypes as Readonly<Record<string, string>>)[type];
  if (written === undefined) return refuse(`"${type}" of parameter ${name} is not a type of ir/signature.ts`);
  const exact = words.length === 0 ? written : written.replace("string", words.map((word) => `"${word}"`).join(" | "));
  return {
    name,
    type: (optional ? fallback === null : type.endsWith("?")) ? `${exact} | null` : exact,
    optional,
    keywordOnly,
    spread: type === "int..." || type === "Tensor...",
  };
}

/** What a call gives back: `Tensor`, `Tensor[]`, `Tensor[2]` for a fixed count. @throws UnusableOperator */
export function resultType(operator: PublicOperator): string {
  const { name, signature, results } = operator;
  const text = signature.slice(signature.lastIndexOf(")") + 1).replace(/^ -> /, "");
  if (results !== undefined && results.length > 0)
    return `NamedTensors<[${results.map((result) => JSON.stringify(result)).join(", ")}]>`;
  if (text === "" || text === "Tensor") return "Tensor";
  if (text === "Tensor[]") return "readonly Tensor[]";
  const count = /^Tensor\[(\d+)\]$/.exec(text)?.[1];
  if (count !== undefined) return tupleType(Number(count));
  throw new UnusableOperator(
    name,
    `"${text}" is not a result type in "${signature}"; there are Tensor, Tensor[] and Tensor[2], the last two with \`results\` when the results have names`,
  );
}

export const tupleType = (count: number): string => `readonly [${new Array<string>(count).fill("Tensor").join(", ")}]`;
