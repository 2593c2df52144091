/** Initial values that are computed on the host. */
import { elementCount, type Shape } from "../../ir/shape.ts";
import { fillNormal, randperm, type CpuGenerator } from "../../runtime/random/index.ts";

export function eye(rows: number, columns: number): Float64Array {
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = 1;
  return values;
}

/** One at the middle of the kernel from each input channel to the output channel of the same number, group by group. */
export function dirac(shape: Shape, groups: number): Float64Array {
  const values = new Float64Array(elementCount(shape));
  const [out, channels, ...kernel] = shape as [number, number, ...number[]];
  const field = elementCount(kernel);
  const middle = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0);
  const perGroup = out / groups;
  for (let group = 0; group < groups; group++) {
    for (let d = 0; d < Math.min(perGroup, channels); d++)
      values[((group * perGroup + d) * channels + d) * field + middle] = 1;
  }
  return values;
}

/** Q of a normal matrix's QR decomposition, with the signs that make R's diagonal positive. */
export function orthogonalRows(rows: number, columns: number, gain: number, generator: CpuGenerator): Float64Array {
  const drawn = new Float32Array(rows * columns);
  fillNormal(drawn, generator, 0, 1);
  const wide = rows < columns;
  const [m, n] = wide ? [columns, rows] : [rows, columns];
  // Column-major, the longer side down.
  const a: Float64Array[] = Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: m }, (_unused, i) => (wide ? drawn[j * columns + i]! : drawn[i * columns + j]!)),
  );
  const q = orthonormal(a);
  const values = new Float64Array(rows * columns);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < m; i++) values[wide ? j * columns + i : i * columns + j] = gain * q[j]![i]!;
  return values;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Gram-Schmidt, done twice: as good as Householder's reflections in float64, and R's diagonal is positive. */
function orthonormal(columns: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const column of columns) {
    const v = Float64Array.from(column);
    for (let round = 0; round < 2; round++) {
      for (const other of done) {
        const share = dot(v, other);
        for (let i = 0; i < v.length; i++) v[i]! -= share * other[i]!;
      }
    }
    const length = Math.sqrt(dot(v, v));
    done.push(v.map((x) => x / length));
  }
  return done;
}

export function sparseColumns(
  rows: number,
  columns: number,
  sparsity: number,
  std: number,
  generator: CpuGenerator,
): Float32Array {
  const values = new Float32Array(rows * columns);
  fillNormal(values, generator, 0, std);
  const zeroCount = Math.ceil(sparsity * rows);
  for (let column = 0; column < columns; column++) {
    for (const row of randperm(rows, generator).subarray(0, zeroCount)) values[row * columns + column] = 0;
  }
  return values;
}
