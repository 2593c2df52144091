/** Small float64 inputs for gradcheck: the same in every run, no two values close, none near 0, a half or 1. */
import * as torch from "cresset";

const grad = { dtype: torch.float64, requires_grad: true } as const;
let drawn = 0;

/** Multiples of an irrational number, modulo 1: as far from each other as so many numbers can be. */
const next = (): number => (++drawn * 0.618033988749895) % 1;
const values = (shape: readonly number[], low: number, high: number): number[] => {
  drawn = shape.length * 7 + shape.reduce((n, size) => n * size, 1);
  return Array.from(
    { length: shape.reduce((n, size) => n * size, 1) },
    () => low + (high - low) * (0.06 + 0.88 * next()),
  );
};
const made = (shape: readonly number[], list: readonly number[]): torch.Tensor =>
  torch
    .tensor(list, { dtype: torch.float64 })
    .reshape(shape as number[])
    .detach()
    .requires_grad_();

/** Values between two bounds. */
export const within = (low: number, high: number, ...shape: number[]): torch.Tensor =>
  made(shape, values(shape, low, high));
/** Positive values. */
export const positive = (...shape: number[]): torch.Tensor => within(0.3, 1.9, ...shape);
/** Values of both signs. */
export const signed = (...shape: number[]): torch.Tensor =>
  made(
    shape,
    values(shape, 0.15, 0.95).map((x, i) => (i % 3 === 1 ? -x : x)),
  );
/** Complex values of all quadrants. */
export const complexSigned = (...shape: number[]): torch.Tensor =>
  torch
    .complex(
      signed(...shape).detach(),
      signed(...shape)
        .detach()
        .flip(-1)
        .mul(0.8),
    )
    .detach()
    .requires_grad_();
/** A number. */
export const scalar = (value: number): torch.Tensor => torch.tensor(value, grad);
/** Given values. */
export const given = (data: torch.TensorData): torch.Tensor => torch.tensor(data, grad);
/** Integers, for indices and classes. */
export const integers = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { dtype: torch.int64 });
/** Truth values, for masks. */
export const mask = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { dtype: torch.bool });
/** A tensor that no gradient is asked of. */
export const constant = (tensor: torch.Tensor): torch.Tensor => tensor.detach();

/** Arguments of some calls of one operator; tensors that require grad are checked. */
export type Samples = Readonly<Record<string, () => readonly (readonly unknown[])[]>>;
