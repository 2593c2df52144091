/** How a verifier says no. */
import { IrError } from "../errors.ts";

/** @throws IrError `ir/verify` naming the place and the rule when the condition does not hold */
export function check(condition: boolean, where: () => string, rule: string): asserts condition {
  if (!condition) throw new IrError("ir/verify", `${rule}: ${where()}`);
}
