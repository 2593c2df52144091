/** Coordinates of the elements of triangles. */
import { ArgumentError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { dtypeOption, factoryNames, factoryOptions, fromHost, type Factory, type TensorOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import type { Tensor } from "./tensor.ts";

function triangle(
  name: string,
  row: number,
  col: number,
  offset: number,
  options: TensorOptions,
  isInside: (distance: number) => boolean,
): Tensor {
  if (!Number.isInteger(row) || !Number.isInteger(col) || row < 0 || col < 0)
    throw new ArgumentError(`${name}/size`, `${name}: row and col must be non-negative, got ${row} and ${col}.`);
  const rows: number[] = [];
  const columns: number[] = [];
  for (let i = 0; i < row; i++) {
    for (let j = 0; j < col; j++) {
      if (!isInside(j - i - offset)) continue;
      rows.push(i);
      columns.push(j);
    }
  }
  const dtype = dtypeOption(options, "int64", name);
  return fromHost([...rows, ...columns], [2, rows.length], dtype, currentDevice(options.device));
}

const triangleSignature = signature<[row: number, col: number, offset: number, ...Factory]>()(
  `row, col, offset?, ${factoryNames}`,
);
type TriangleIndices = (...args: CallOf<typeof triangleSignature>) => Tensor;
const indicesOf =
  (name: string, isInside: (distance: number) => boolean): TriangleIndices =>
  (...args) =>
    withSite(() => {
      const { row, col, offset = 0, ...given } = triangleSignature.bind(name, args);
      return triangle(name, row, col, offset, factoryOptions(given), isInside);
    });

/**
 * Row and column of each element of the lower triangle.
 *
 * Shape: `row, col -> int64[2, k]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.tril_indices.html
 */
export const tril_indices: TriangleIndices = indicesOf("tril_indices", (distance) => distance <= 0);
/**
 * Row and column of each element of the upper triangle.
 *
 * Shape: `row, col -> int64[2, k]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.triu_indices.html
 */
export const triu_indices: TriangleIndices = indicesOf("triu_indices", (distance) => distance >= 0);
