/** As much of TensorFlow.js as the bench uses; the packages themselves are only there after `--peers`. */
declare module "@tensorflow/tfjs" {
  export class Tensor {
    readonly shape: number[];
    data(): Promise<Float32Array | Int32Array>;
    dataSync(): Float32Array | Int32Array;
    dispose(): void;
    clone(): Tensor;
    add(other: Tensor | number): Tensor;
    sub(other: Tensor | number): Tensor;
    mul(other: Tensor | number): Tensor;
    div(other: Tensor | number): Tensor;
    neg(): Tensor;
    square(): Tensor;
    sqrt(): Tensor;
    rsqrt(): Tensor;
    relu(): Tensor;
    tanh(): Tensor;
    sigmoid(): Tensor;
    sum(axis?: number | number[], keepDims?: boolean): Tensor;
    mean(axis?: number | number[], keepDims?: boolean): Tensor;
    reshape(shape: number[]): Tensor;
    transpose(axes?: number[]): Tensor;
    matMul(other: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
    softmax(axis?: number): Tensor;
    logSoftmax(axis?: number): Tensor;
    slice(begin: number[], size: number[]): Tensor;
  }
  export class Variable extends Tensor {
    assign(value: Tensor): void;
    readonly name: string;
  }
  interface Optimizer {
    applyGradients(gradients: Record<string, Tensor>): void;
  }
  export const train: {
    sgd(lr: number): Optimizer;
    momentum(lr: number, momentum: number): Optimizer;
    adam(lr: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function tensor(values: Float32Array | Int32Array, shape: number[], dtype?: "float32" | "int32"): Tensor;
  export function variable(initial: Tensor): Variable;
  export function tidy<T extends Tensor | Tensor[] | void>(fn: () => T): T;
  export function variableGrads(
    loss: () => Tensor,
    variables: Variable[],
  ): { value: Tensor; grads: Record<string, Tensor> };
  export function matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  export function oneHot(indices: Tensor, depth: number): Tensor;
  export function zeros(shape: number[]): Tensor;
  export function stack(parts: Tensor[]): Tensor;
  export function split(x: Tensor, sizes: number | number[], axis?: number): Tensor[];
  export function unstack(x: Tensor, axis?: number): Tensor[];
  type Padding = number | "same" | "valid" | [number, number][];
  export function conv2d(x: Tensor, filter: Tensor, strides: number, padding: Padding): Tensor;
  export function maxPool(x: Tensor, window: number, strides: number, padding: Padding): Tensor;
}
declare module "@tensorflow/tfjs-backend-wasm" {
  export function setThreadsCount(count: number): void;
  export function getThreadsCount(): number;
  export function setWasmPaths(path: string): void;
}
