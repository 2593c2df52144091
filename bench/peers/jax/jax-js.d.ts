/** As much of @jax-js/jax as the bench uses; the package itself is only there after `--peers`. */
declare module "@jax-js/jax" {
  type ArrayLike = Array | number;
  export class Array {
    /** One more reference: what is passed to a function is given up. */
    get ref(): this;
    readonly shape: number[];
    dispose(): void;
    data(): Promise<Float32Array | Int32Array>;
    add(other: ArrayLike): Array;
    sub(other: ArrayLike): Array;
    mul(other: ArrayLike): Array;
    div(other: ArrayLike): Array;
    neg(): Array;
    sum(axis?: number | number[] | null, options?: { keepdims?: boolean }): Array;
    mean(axis?: number | number[] | null, options?: { keepdims?: boolean }): Array;
    reshape(shape: number[]): Array;
    transpose(axes?: number[]): Array;
    slice(...index: (number | [] | [number] | [number, number] | null)[]): Array;
  }
  type Operand = Array;
  type Tree = Array | Tree[];
  export function init(...devices: string[]): Promise<string[]>;
  export function defaultDevice(device: string): string;
  export function blockUntilReady<T extends Tree>(value: T): Promise<T>;
  export function jit<A extends Tree[], R extends Tree>(fn: (...args: A) => R): (...args: A) => R;
  export function valueAndGrad<A extends Tree[]>(fn: (...args: A) => Array): (...args: A) => [Array, A[0]];
  export namespace numpy {
    const int32: unique symbol;
    type Array = Operand;
    function array(
      values: Float32Array | Int32Array | number | number[],
      options?: { dtype?: typeof int32; shape?: number[] },
    ): Array;
    function matmul(a: Array, b: Array): Array;
    function tanh(x: Array): Array;
    function sqrt(x: Array): Array;
    function square(x: Array): Array;
    function max(x: Array, axis?: number): Array;
    function tril(x: Array): Array;
    function ones(shape: number[]): Array;
    function zeros(shape: number[]): Array;
    function where(condition: Array, a: ArrayLike, b: ArrayLike): Array;
    function greater(a: Array, b: ArrayLike): Array;
    function pad(x: Array, width: [number, number][]): Array;
    function stack(parts: Array[], axis?: number): Array;
  }
  export namespace lax {
    function convGeneralDilated(x: Array, w: Array, strides: number[], padding: [number, number][]): Array;
    function reduceWindow(x: Array, reduce: (x: Array) => Array, window: number[], strides: number[]): Array;
  }
  export namespace nn {
    function relu(x: Array): Array;
    function sigmoid(x: Array): Array;
    function softmax(x: Array, axis: number): Array;
    function logSoftmax(x: Array, axis: number): Array;
    function gelu(x: Array, options?: { approximate?: boolean }): Array;
    function oneHot(x: Array, classes: number): Array;
    function standardize(x: Array, axis: number, options?: { epsilon?: number }): Array;
  }
}
