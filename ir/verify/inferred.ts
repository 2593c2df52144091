/** What follows from a node's operation and inputs. */
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";

export interface ResultType {
  readonly dtype: DType;
  readonly shape: Shape;
}
/** Results of the operation; `leaf`: stated by the node itself; or the rule that is broken. */
export type Inferred = ResultType | readonly ResultType[] | "leaf" | { readonly broken: string };
export const broken = (rule: string): Inferred => ({ broken: rule });
