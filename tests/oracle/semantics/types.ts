/**
 * The part of the library that the hand-ported snippets use. A snippet calls members as a user would; one that the
 * library lacks is a TypeError here, which counts as not implemented.
 */
export interface Tensor extends Iterable<Tensor> {
  grad: Tensor | null;
  data: Tensor;
  readonly shape: readonly number[];
  readonly dtype: unknown;
  readonly requires_grad: boolean;

  add(other: Operand): Tensor;
  sub(other: Operand): Tensor;
  mul(other: Operand): Tensor;
  div(other: Operand): Tensor;
  pow(exponent: number): Tensor;
  floor_divide(other: Operand): Tensor;
  remainder(other: Operand): Tensor;
  lt(other: Operand): Tensor;
  gt(other: Operand): Tensor;
  abs(): Tensor;
  exp(): Tensor;
  log(): Tensor;
  sqrt(): Tensor;
  clamp(min: number, max: number): Tensor;
  sum(dim?: number): Tensor;
  mean(): Tensor;
  prod(): Tensor;
  max(): Tensor;
  amax(dim: number): Tensor;
  mm(other: Tensor): Tensor;
  gather(dim: number, index: Tensor): Tensor;
  int(): Tensor;
  long(): Tensor;
  bool(): Tensor;
  is_nonzero(): boolean;

  add_(other: Operand): Tensor;
  mul_(other: Operand): Tensor;
  fill_(value: number): Tensor;
  copy_(source: Tensor): Tensor;
  index_put_(indices: Tensor[], values: Tensor, options: { accumulate: boolean }): Tensor;

  clone(): Tensor;
  detach(): Tensor;
  t(): Tensor;
  view(...size: number[]): Tensor;
  reshape(...size: number[]): Tensor;
  permute(...dims: number[]): Tensor;
  squeeze(dim: number): Tensor;
  diagonal(): Tensor;
  unbind(dim: number): Iterable<Tensor>;
  as_strided(size: number[], stride: number[], offset: number): Tensor;
  at(...index: unknown[]): Tensor;
  set_at(index: unknown[], value: Operand): void;

  backward(gradient?: Tensor | { retain_graph: boolean }): void;
  requires_grad_(): Tensor;
  retain_grad(): void;
  register_hook(hook: (grad: Tensor) => Tensor): { remove(): void };
}

export type Operand = Tensor | number;

type Numbers = number | bigint | boolean | readonly Numbers[];

export interface Module {
  (...inputs: Tensor[]): Tensor;
  readonly weight: Tensor;
  readonly training: boolean;
  train(mode?: boolean): Module;
  eval(): Module;
  children(): Iterable<Module>;
  modules(): Iterable<Module>;
  parameters(): Iterable<Tensor>;
  named_parameters(): Iterable<[string, Tensor]>;
  named_buffers(): Iterable<[string, Tensor]>;
  named_modules(): Iterable<[string, Module]>;
  state_dict(): unknown;
  load_state_dict(
    state: Record<string, Tensor>,
    options?: { strict: boolean },
  ): { missing_keys: Iterable<string>; unexpected_keys: Iterable<string> };
  register_full_backward_hook(hook: (module: Module, gradInput: Tensor[], gradOutput: Tensor[]) => Tensor[]): unknown;
}

export interface FunctionContext {
  save_for_backward(...tensors: Tensor[]): void;
  readonly saved_tensors: Tensor[];
}

interface Options {
  requires_grad?: boolean;
  dtype?: unknown;
}

export interface Torch {
  readonly int8: unknown;
  readonly int32: unknown;
  readonly int64: unknown;
  readonly uint8: unknown;
  tensor(values: Numbers, options?: Options): Tensor;
  ones(...sizeAndOptions: (number | Options)[]): Tensor;
  zeros(...sizeAndOptions: (number | Options)[]): Tensor;
  arange(end: number, options?: Options): Tensor;
  maximum(a: Tensor, b: Tensor): Tensor;
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Operand, options: { rounding_mode: string }): Tensor;
  cat(tensors: Tensor[]): Tensor;
  stack(tensors: Tensor[]): Tensor;
  slice(start: number | null, stop: number | null, step?: number | null): unknown;
  no_grad<R>(body: () => R): R;
  enable_grad<R>(body: () => R): R;
  inference_mode<R>(body: () => R): R;
  set_grad_enabled(mode: boolean): unknown;
  readonly autograd: {
    grad(
      outputs: Tensor,
      inputs: Tensor[],
      options?: { create_graph?: boolean; allow_unused?: boolean },
    ): [Tensor, ...(Tensor | null)[]];
    detect_anomaly<R>(body: () => R): R;
    readonly Function: {
      new (): object;
      apply(...inputs: Tensor[]): Tensor;
    };
  };
  readonly nn: {
    readonly Linear: new (inputs: number, outputs: number) => Module;
    readonly ReLU: new () => Module;
    readonly BatchNorm1d: new (features: number) => Module;
    readonly Dropout: new () => Module;
    readonly Sequential: new (...modules: Module[]) => Module;
    readonly init: { ones_(tensor: Tensor): Tensor };
  };
}

/** A ported snippet: gives the recorded `r`, or throws. */
export type Snippet = (torch: Torch) => unknown;
