/** What an exporter is given: a program for the target, and what its inputs, numbers and results are to the user. */
import type { DType } from "../../ir/dtype.ts";
import type { Program } from "../../ir/program.ts";
import type { Shape } from "../../ir/shape.ts";

export type ExportTarget = "js" | "wasm" | "webgpu";

export interface NamedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Where values come from that no kernel computes: the caller's inputs, or the weights. */
export interface Given {
  readonly kind: "input" | "weight";
  readonly index: number;
}

export interface NamedOutput extends NamedTensor {
  readonly from: Given | { readonly kind: "result"; readonly index: number };
}

export interface ExportModel {
  readonly inputs: readonly NamedTensor[];
  readonly weights: readonly NamedTensor[];
  readonly outputs: readonly NamedOutput[];
  /** Conditions on values: a bool for each, true where it fails, and what to say then. */
  readonly checks: { readonly status: NamedOutput; readonly messages: readonly string[] } | null;
  readonly program: Program;
  /** What each of the program's inputs is. */
  readonly given: readonly Given[];
  /** The values of the program's number slots. */
  readonly numbers: readonly (number | bigint)[];
  /** The recorded graph as text, and a digest of it. */
  readonly graphText: string;
  readonly graphHash: string;
}

export const resultsOf = ({ outputs, checks }: ExportModel): readonly NamedOutput[] =>
  checks === null ? outputs : [...outputs, checks.status];

export interface ExportOptions {
  readonly target: ExportTarget;
  /** Kernels in files of their own. */
  readonly separate?: boolean;
}

/** A target's part of the module. */
export interface TargetCode {
  /**
   * Text that declares `prepare(weights, options)`, of the weights as typed arrays: returns (perhaps by a promise) a
   * function from the inputs as typed arrays to the results as typed arrays, again perhaps by a promise. The results
   * are the outputs, and then the status of the checks if there are any.
   */
  readonly source: string;
  /** Further files, by name. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  readonly kernelCount: number;
  /** What a run holds at most, weights, inputs and outputs included. */
  readonly peakBytes: number;
  /** Of `load`'s options, in TypeScript. */
  readonly loadOptions?: string;
}
