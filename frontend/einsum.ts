/** `torch.einsum`, whose dimensions are named by letters or by numbers. */
import "../ir/ops/einsum.ts";
import { ValueError } from "../ir/errors.ts";
import { callOperator, withSite } from "./call.ts";
import { Tensor } from "./tensor.ts";

/** The dimensions of one tensor, by number; "..." stands for those in between. */
export type Sublist = readonly (number | "...")[];

/** What numbers stand for in an equation: 26 capital letters, then 26 small ones. */
function letters(sublist: Sublist): string {
  const letter = (number: number): string => {
    if (!Number.isInteger(number) || number < 0 || number >= 52)
      throw new ValueError(
        "einsum/sublist",
        `einsum(): subscript in subscript list is not within the valid range [0, 52), got ${number}.`,
      );
    return String.fromCharCode(number < 26 ? 65 + number : 97 + number - 26);
  };
  return sublist.map((part) => (part === "..." ? part : letter(part))).join("");
}

/** Tensors and their sublists in turns, then that of the result, as an equation. */
function byLetters(args: readonly unknown[]): readonly unknown[] {
  const operands = args.filter((arg) => arg instanceof Tensor);
  const sublists = args.filter((arg) => Array.isArray(arg)).map((sublist) => letters(sublist as Sublist));
  const inputs = sublists.slice(0, operands.length).join(",");
  return [[inputs, ...sublists.slice(operands.length)].join("->"), operands];
}

/**
 * Sum of products by Einstein's convention: dimensions with one name are multiplied element by element, those that the
 * result does not name are summed. `einsum("ij,jk->ik", a, b)` and `einsum(a, [0, 1], b, [1, 2], [0, 2])` are the same.
 * The result shares memory with the input where nothing is computed.
 *
 * Shape: `list of [*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor;
export function einsum(equation: string, operands: readonly Tensor[] | { operands: readonly Tensor[] }): Tensor;
export function einsum(operand: Tensor, sublist: Sublist, ...more: readonly (Tensor | Sublist)[]): Tensor;
export function einsum(...args: readonly unknown[]): Tensor {
  return withSite(() => callOperator("einsum", args[0] instanceof Tensor ? byLetters(args) : args)) as Tensor;
}
