/** What the generators need to know of an operator, and what they say of one that they cannot use. */
import type { Operator } from "../../ir/operator.ts";

export type PublicOperator = Pick<
  Operator,
  | "name"
  | "signature"
  | "places"
  | "doc"
  | "aliases"
  | "results"
  | "inplace"
  | "view"
  | "composite"
  | "gradient"
  | "onnx"
> & {
  /** Its source names the errors that it throws. */
  readonly record: { toString(): string };
  /** What an operator has that needs values to know its result's shape. */
  readonly measure: unknown;
};

/** An operator whose definition cannot be turned into declarations. */
export class UnusableOperator extends Error {
  constructor(name: string, why: string) {
    super(`operator ${name}: ${why}`);
    this.name = "UnusableOperator";
  }
}
