/** Matrices as lists of rows. */
import type { Slice } from "./index.ts";

export type Matrix = number[][];

export const toMatrix = ({ shape, data }: Slice): Matrix =>
  Array.from({ length: shape[0]! }, (_, i) => data.slice(i * shape[1]!, (i + 1) * shape[1]!));
export const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j) => Number(i === j)));
export const transposed = (a: Matrix, columns: number): Matrix =>
  Array.from({ length: columns }, (_, j) => a.map((row) => row[j]!));
export const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
