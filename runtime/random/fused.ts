/**
 * a * b + c rounded once, which JavaScript lacks: PyTorch's float64 kernels are compiled with fused multiply-adds, and
 * a uniform of an arbitrary range would otherwise differ in its last bit. The product and the sum are each split into
 * a rounded part and its exact error (Dekker 1971, Knuth's two-sum); the errors join at the end.
 */
const splitter = 2 ** 27 + 1;
/** Above this the splitting would overflow, and below the other the product's error would underflow. */
const largestSafe = 2 ** 990;
const smallestSafe = 2 ** -960;

export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const magnitude = Math.abs(product);
  if (!(magnitude > smallestSafe && Math.abs(a) < largestSafe && Math.abs(b) < largestSafe)) return product + c;
  const aScaled = a * splitter;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * splitter;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  const productError = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  const sum = product + c;
  const shared = sum - product;
  const sumError = product - (sum - shared) + (c - shared);
  return sum + (sumError + productError);
}
