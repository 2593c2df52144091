/** Multi-head attention on projected queries, keys and values. */
import "../../ir/ops/joining.ts";
import "../../ir/ops/nn/pad.ts";
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { formatShape } from "../../ir/shape.ts";
import { zeros } from "../creation.ts";
import type { Tensor } from "../tensor.ts";
import { callOperator } from "../call.ts";
import { scaled_dot_product_attention } from "./attention.ts";
import { dropout } from "./dropout.ts";

const op = (name: string, ...args: readonly unknown[]): Tensor => callOperator(name, args) as Tensor;

type MaybeTensor = Tensor | null;

export interface AttentionInputs {
  /** [L, N, E], already projected; keys and values [S, N, E]. */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly heads: number;
  /** bool (true: not attended to) or float (added): [L, S] or [N * heads, L, S]. */
  readonly mask: MaybeTensor;
  /** bool or float: [N, S]. */
  readonly paddingMask: MaybeTensor;
  /** One more key and value, learned: [1, 1, E]. */
  readonly biasKey: MaybeTensor;
  readonly biasValue: MaybeTensor;
  /** One more key and value of zeros. */
  readonly addZero: boolean;
  readonly dropout: number;
  readonly needWeights: boolean;
  readonly isCausal: boolean;
}
export interface Attended {
  /** [L, N, E] */
  readonly output: Tensor;
  /** [N, heads, L, S] when they were asked for. */
  readonly weights: MaybeTensor;
}

/** A mask as numbers to add: -inf where a boolean one is true. */
export function additive(name: string, mask: MaybeTensor, like: Tensor): MaybeTensor {
  if (mask === null) return null;
  if (mask.dtype.name === "bool") {
    const nothing = zeros([...mask.shape], { dtype: like.dtype, device: like.device });
    return op("masked_fill", nothing, mask, -Infinity);
  }
  if (!mask.is_floating_point())
    throw new ArgumentError(
      "attention/mask-dtype",
      `${name}: only bool and floating types are supported, got ${mask.dtype.name}${formatShape(mask.shape)}.`,
    );
  return mask;
}

function checkMasks(L: number, S: number, N: number, heads: number, mask: MaybeTensor, padding: MaybeTensor): void {
  if (mask !== null) {
    const wanted = mask.ndim === 2 ? [L, S] : [N * heads, L, S];
    if (mask.shape.length !== wanted.length || wanted.some((size, i) => size !== mask.shape[i]))
      throw new ShapeError(
        "attention/mask",
        `The shape of the ${mask.ndim}D attn_mask is ${formatShape(mask.shape)}, but should be ${formatShape(wanted)}.`,
      );
  }
  if (padding !== null && (padding.ndim !== 2 || padding.shape[0] !== N || padding.shape[1] !== S))
    throw new ShapeError(
      "attention/padding-mask",
      `expecting key_padding_mask shape of ${formatShape([N, S])}, but got ${formatShape(padding.shape)}.`,
    );
}

const withOneMore = (mask: MaybeTensor): MaybeTensor => (mask === null ? null : op("pad", mask, [0, 1]));

export function attend(inputs: AttentionInputs): Attended {
  const { heads, needWeights, query } = inputs;
  let { key, value } = inputs;
  const [L, N, E] = query.shape as readonly [number, number, number];
  checkMasks(L, key.shape[0]!, N, heads, inputs.mask, inputs.paddingMask);
  let mask = additive("attn_mask", inputs.mask, query);
  let padding = additive("key_padding_mask", inputs.paddingMask, query);
  const causalOnly = inputs.isCausal && padding === null && !needWeights && inputs.biasKey === null && !inputs.addZero;
  if (causalOnly) mask = null;
  if (inputs.biasKey !== null && inputs.biasValue !== null) {
    key = op("cat", [key, op("expand", inputs.biasKey, [1, N, E])]);
    value = op("cat", [value, op("expand", inputs.biasValue, [1, N, E])]);
    [mask, padding] = [withOneMore(mask), withOneMore(padding)];
  }
  const width = E / heads;
  // [length, N, E] -> [N, heads, length, width]
  const split = (x: Tensor): Tensor =>
    op("permute", op("reshape", x, [x.shape[0]!, N, heads, x.shape[2]! / heads]), [1, 2, 0, 3]);
  const q = split(query);
  let [k, v] = [split(key), split(value)];
  if (inputs.addZero) {
    const zero = (x: Tensor): Tensor =>
      op("cat", [x, zeros([N, heads, 1, x.shape[3]!], { dtype: x.dtype, device: x.device })], 2);
    [k, v] = [zero(k), zero(v)];
    [mask, padding] = [withOneMore(mask), withOneMore(padding)];
  }
  const S = k.shape[2]!;
  const wide = mask === null ? null : op("reshape", mask, mask.ndim === 3 ? [N, heads, L, S] : [1, 1, L, S]);
  const rows = padding === null ? null : op("reshape", padding, [N, 1, 1, S]);
  const bias = wide === null ? rows : rows === null ? wide : op("add", wide, rows);
  let weights: MaybeTensor = null;
  let heard: Tensor;
  if (needWeights) {
    const scores = op("matmul", op("mul", q, Math.sqrt(1 / width)), op("transpose", k, -2, -1));
    weights = op("softmax", bias === null ? scores : op("add", scores, bias), -1);
    if (inputs.dropout > 0) weights = dropout(weights, inputs.dropout);
    heard = op("matmul", weights, v);
  } else
    heard = scaled_dot_product_attention(q, k, v, {
      attn_mask: bias,
      dropout_p: inputs.dropout,
      is_causal: causalOnly,
    });
  return { output: op("reshape", op("permute", heard, [2, 0, 1, 3]), [L, N, E]), weights };
}
