/**
 * Which element types an operator takes, and which it gives for them: found by recording it on matrices of each. Only
 * where arguments can be made up, and where operands of one type are what it is for.
 */
import { GraphBuilder, isNode } from "../../ir/builder.ts";
import type { DType } from "../../ir/dtype.ts";
import { DTypeError } from "../../ir/errors.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { withFreshInterning } from "../../ir/interning.ts";
import { operators, recordOperator, type Operator } from "../../ir/operator.ts";
import { parseSignature, type ParsedParameter, type ScalarArgument } from "../../ir/signature.ts";
import type { PublicOperator } from "./operator.ts";

/** A type of each kind that is no default: what is given back for it is either the same or none of its own. */
const kinds = [
  ["bool", "bool"],
  ["int", "int32"],
  ["float", "float64"],
  ["complex", "complex128"],
] as const satisfies readonly (readonly [kind: string, dtype: DType])[];

const cache = new Map<PublicOperator, string | null>();

/** `bool, int -> float32; float, complex -> same; not ...`; null where it was not to be found. */
export function elementTypes(operator: PublicOperator): string | null {
  if (cache.size === 0) for (const defined of operators()) cache.set(defined, statement(defined));
  return cache.get(operator) ?? null;
}

function statement(operator: Operator): string | null {
  const { parameters } = parseSignature(operator.signature);
  if (operator.measure !== null || !parameters.some(isOperand)) return null;
  const groups = new Map<string, string[]>();
  const refused: string[] = [];
  for (const [kind, dtype] of kinds) {
    const given = resultTypes(operator, parameters, dtype);
    if (given === "unknown") return null;
    if (given === "refused") refused.push(kind);
    else groups.set(given, [...(groups.get(given) ?? []), kind]);
  }
  // Several tensors of which one holds positions are no operands of one type.
  const tensors = parameters.filter(({ type, optional }) => type === "Tensor" && !optional).length;
  if (groups.size === 0 || (tensors > 1 && refused.includes("float"))) return null;
  if (refused.length === 0 && groups.has("bool") && groups.get("same")?.length === kinds.length - 1)
    return "any -> same";
  const taken = [...groups].map(([result, names]) => `${names.join(", ")} -> ${result}`);
  return [...taken, ...(refused.length > 0 ? [`not ${refused.join(", ")}`] : [])].join("; ");
}

const isOperand = ({ type, optional }: ParsedParameter): boolean =>
  !optional && (type === "Tensor" || type === "Tensor|Scalar");

function resultTypes(operator: Operator, parameters: readonly ParsedParameter[], dtype: DType): string {
  const args: Record<string, unknown> = {};
  for (const [i, parameter] of parameters.entries()) {
    const value = isOperand(parameter) ? leafNode("input", dtype, [2, 2], i) : madeUp(parameter);
    if (value === undefined) return "unknown";
    args[parameter.name] = value;
  }
  try {
    const result = withFreshInterning(() => recordOperator(new GraphBuilder(), operator, args, isNode));
    const nodes = Array.isArray(result) ? (result as readonly Node[]) : [result as Node];
    const given = nodes.map((node) => nameOf(node.dtype, dtype));
    return new Set(given).size === 1 ? given[0]! : given.join(" and ");
  } catch (error) {
    return error instanceof DTypeError ? "refused" : "unknown";
  }
}

/** The complex type of a float and the parts of a complex number go by their kind. */
function nameOf(result: DType, given: DType): string {
  if (result === "bool") return "bool";
  if (result === given) return "same";
  return result === "complex128" ? "complex" : result === "float64" ? "float" : result;
}

/** Defaults, and the first dimension where one is asked for. */
function madeUp({ type, optional, fallback }: ParsedParameter): unknown {
  if (optional) return fallback !== null && /\bScalar/.test(type) ? scalar(fallback as number) : fallback;
  return type === "int" ? 0 : type === "Scalar" ? scalar(1) : undefined;
}

const scalar = (value: number): ScalarArgument => ({
  value,
  category: Number.isInteger(value) ? "integer" : "float",
  source: null,
});
