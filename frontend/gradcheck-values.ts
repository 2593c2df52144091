/** What gradcheck's checks share: tolerances, random weights, and how a difference is told. */
import { CressetError } from "../ir/errors.ts";
import { settings as torchSettings } from "./state.ts";
import type { Jacobian } from "./jacobians.ts";
import { defaultPrintOptions, formatTensor } from "./printing/index.ts";
import { Generator, rand } from "./random/index.ts";
import type { Tensor } from "./tensor.ts";

/** A gradient that is not what differences say. */
export class GradcheckError extends CressetError {}

export interface Settings {
  readonly eps: number;
  readonly atol: number;
  readonly rtol: number;
  readonly nondetTolerance: number;
}

export const failed = (code: string, text: string, cure?: string): GradcheckError =>
  new GradcheckError(`gradcheck/${code}`, text, cure);

export const isClose = (a: number, b: number, { atol, rtol }: Settings): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= atol + rtol * Math.abs(b);

export function printed(jacobian: Jacobian): string {
  const columns = jacobian[0]?.length ?? 0;
  return formatTensor(
    {
      data: jacobian.flatMap((row) => [...row]),
      shape: [jacobian.length, columns],
      dtype: "float64",
      defaultDtype: torchSettings.defaultDType,
    },
    defaultPrintOptions,
  );
}

/** Where the difference is largest among those that are too large. */
export function worstOf(got: Jacobian, expected: Jacobian, settings: Settings): [row: number, column: number] | null {
  let worst: [number, number] | null = null;
  let most = -1;
  expected.forEach((row, i) =>
    row.forEach((value, j) => {
      const other = got[i]![j]!;
      if (isClose(other, value, settings)) return;
      const distance = Number.isNaN(other - value) ? Infinity : Math.abs(other - value);
      if (distance > most) [worst, most] = [[i, j], distance];
    }),
  );
  return worst;
}

/** Its own stream: checking changes nobody's draws. */
export const weights = (generator: Generator, count: number): Tensor =>
  rand([count], { dtype: "float64", device: "cpu", generator });
export const seeded = (): Generator => new Generator().manual_seed(0);

export const sum = (a: Float64Array): number => a.reduce((total, x) => total + x, 0);
