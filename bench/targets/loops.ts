/** Straightforward JavaScript loops: what somebody writes by hand, and the measure of kernels that are not products. */

export function mapLoop(x: Float32Array, y: Float32Array, fn: "exp" | "sigmoid" | "tanh"): void {
  // Each function in a loop of its own, so that the engine sees one call.
  if (fn === "exp") for (let i = 0; i < x.length; i++) y[i] = Math.exp(x[i]!);
  else if (fn === "tanh") for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]!);
  else for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
}

export function softmaxLoop(x: Float32Array, y: Float32Array, rows: number, columns: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let largest = -Infinity;
    for (let i = 0; i < columns; i++) largest = Math.max(largest, x[start + i]!);
    let total = 0;
    for (let i = 0; i < columns; i++) {
      const value = Math.exp(x[start + i]! - largest);
      y[start + i] = value;
      total += value;
    }
    for (let i = 0; i < columns; i++) y[start + i]! /= total;
  }
}

/** table[index[i]] += rows[i]. */
export function scatterRowsLoop(table: Float32Array, index: Int32Array, rows: Float32Array, width: number): void {
  table.fill(0);
  for (let i = 0; i < index.length; i++) {
    const to = index[i]! * width;
    const from = i * width;
    for (let j = 0; j < width; j++) table[to + j]! += rows[from + j]!;
  }
}

export function scatterAddLoop(base: Float32Array, index: Int32Array, values: Float32Array, y: Float32Array): void {
  y.set(base);
  for (let i = 0; i < index.length; i++) y[index[i]!]! += values[i]!;
}

export function gatherLoop(x: Float32Array, index: Int32Array, y: Float32Array): void {
  for (let i = 0; i < index.length; i++) y[i] = x[index[i]!]!;
}

/** Values in order, and where they were. */
export function sortLoop(x: Float32Array, values: Float32Array, positions: Int32Array): void {
  for (let i = 0; i < x.length; i++) positions[i] = i;
  positions.sort((a, b) => x[a]! - x[b]!);
  for (let i = 0; i < x.length; i++) values[i] = x[positions[i]!]!;
}

/** The k largest in order, through a heap whose first entry is the least of them. */
export function topkLoop(x: Float32Array, k: number, values: Float32Array, positions: Int32Array): void {
  const sift = (start: number, size: number): void => {
    for (let at = start; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < size && values[child]! < values[least]!) least = child;
      if (least === at) return;
      swap(values, at, least);
      swap(positions, at, least);
      at = least;
    }
  };
  for (let i = 0; i < k; i++) {
    values[i] = x[i]!;
    positions[i] = i;
  }
  for (let i = (k >> 1) - 1; i >= 0; i--) sift(i, k);
  for (let i = k; i < x.length; i++) {
    if (x[i]! <= values[0]!) continue;
    values[0] = x[i]!;
    positions[0] = i;
    sift(0, k);
  }
  for (let size = k - 1; size > 0; size--) {
    swap(values, 0, size);
    swap(positions, 0, size);
    sift(0, size);
  }
}

function swap(list: Float32Array | Int32Array, a: number, b: number): void {
  const kept = list[a]!;
  list[a] = list[b]!;
  list[b] = kept;
}

export function cumsumLoop(x: Float32Array, y: Float32Array): void {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += x[i]!;
    y[i] = total;
  }
}
