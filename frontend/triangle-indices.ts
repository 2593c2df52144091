/** Coordinates of the elements of triangles. */
import { ArgumentError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { dtypeOption, factoryNames, factoryOptions, fromHost, type Factory, type TensorOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import type { Tensor } from "./tensor.ts";

/** The columns of a row that lie in a triangle: from the first to before the second. */
type Columns = (diagonal: number, count: number) => readonly [from: number, to: number];

function triangle(
  name: string,
  row: number,
  col: number,
  offset: number,
  options: TensorOptions,
  columnsOf: Columns,
): Tensor {
  if (!Number.isInteger(row) || !Number.isInteger(col) || row < 0 || col < 0)
    throw new ArgumentError(`${name}/size`, `${name}: row and col must be non-negative, got ${row} and ${col}.`);
  const runs = Array.from({ length: row }, (_, i) => columnsOf(i + offset, col));
  const count = runs.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0);
  const places = new Int32Array(2 * count);
  let found = 0;
  runs.forEach(([from, to], i) => {
    for (let j = from; j < to; j++) {
      places[found] = i;
      places[count + found++] = j;
    }
  });
  const dtype = dtypeOption(options, "int64", name);
  return fromHost(places, [2, count], dtype, currentDevice(options.device));
}

const triangleSignature = signature<[row: number, col: number, offset: number, ...Factory]>()(
  `row, col, offset?, ${factoryNames}`,
);
type TriangleIndices = (...args: CallOf<typeof triangleSignature>) => Tensor;
const indicesOf =
  (name: string, columnsOf: Columns): TriangleIndices =>
  (...args) =>
    withSite(() => {
      const { row, col, offset = 0, ...given } = triangleSignature.bind(name, args);
      return triangle(name, row, col, offset, factoryOptions(given), columnsOf);
    });

/**
 * Row and column of each element of the lower triangle.
 *
 * Shape: `row, col -> int64[2, k]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.tril_indices.html
 */
export const tril_indices: TriangleIndices = indicesOf("tril_indices", (diagonal, count) => [
  0,
  Math.min(count, diagonal + 1),
]);
/**
 * Row and column of each element of the upper triangle.
 *
 * Shape: `row, col -> int64[2, k]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.triu_indices.html
 */
export const triu_indices: TriangleIndices = indicesOf("triu_indices", (diagonal, count) => [
  Math.max(0, diagonal),
  count,
]);
