/** Models that tests export: each with its inputs, on the device that is the default when it is made. */
import * as torch from "../../frontend/index.ts";

export interface TestModel {
  readonly model: torch.Exportable;
  readonly inputs: () => Readonly<Record<string, torch.Tensor>>;
}

const F = torch.nn.functional;

/** Values of their own for the parameters of a functional model. */
const draw = (...shape: number[]): torch.Tensor => torch.randn(shape).mul(0.4);

function mlp(): torch.Exportable {
  const [w1, b1, w2, b2] = [draw(33, 20), draw(33), draw(7, 33), draw(7)] as const;
  return (x: torch.Tensor) => torch.softmax(F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2), -1);
}

function cnn(): torch.Exportable {
  const [kernel, mean, spread, head] = [draw(8, 3, 3, 3), draw(1, 8, 1, 1), draw(1, 8, 1, 1).abs().add(1), draw(5, 72)] as const;
  return (image: torch.Tensor) => {
    const features = F.avg_pool2d(torch.relu(F.conv2d(image, kernel, null, { padding: 1 }).sub(mean).div(spread)), 2);
    const logits = F.linear(features.flatten(1), head);
    return { logits, best: logits.argmax(1) };
  };
}

function attention(): torch.Exportable {
  const [embedding, scale, qkv] = [draw(50, 16), draw(16), draw(48, 16)] as const;
  return (tokens: torch.Tensor, mask: torch.Tensor) => {
    const [B, T] = tokens.shape as [number, number];
    const x = F.layer_norm(F.embedding(tokens, embedding), [16], scale);
    const [q, k, v] = F.linear(x, qkv).split(16, 2).map((t) => t.reshape(B, T, 4, 4).transpose(1, 2)) as [torch.Tensor, torch.Tensor, torch.Tensor];
    const scores = q.matmul(k.transpose(-2, -1)).mul(0.5).masked_fill(mask, -Infinity);
    return torch.softmax(scores, -1).matmul(v).transpose(1, 2).reshape(B, T, 16).add(x);
  };
}

/** Functions that modules have in their helpers, over several types. */
const functions = (a: torch.Tensor, b: torch.Tensor, n: torch.Tensor): readonly torch.Tensor[] => [
  torch.erf(a).add(torch.lgamma(a.abs().add(0.5))),
  torch.erfinv(torch.tanh(b)).mul(torch.sigmoid(b)),
  torch.digamma(b.abs().add(1)).pow(a.abs()),
  n.mul(3n).add(1n),
  a.to(torch.float16).mul(2.5),
  a.gt(0),
  torch.round(a.mul(3)).to(torch.int32),
  n,
];

export const models: Readonly<Record<string, () => TestModel>> = {
  mlp: () => ({ model: mlp(), inputs: () => ({ x: torch.randn(9, 20) }) }),
  cnn: () => ({ model: cnn(), inputs: () => ({ image: torch.randn(2, 3, 6, 6) }) }),
  attention: () => ({
    model: attention(),
    inputs: () => ({ tokens: torch.randint(0, 50, [2, 6]), mask: torch.ones(6, 6).triu(1).to(torch.bool) }),
  }),
  functions: () => ({ model: functions, inputs: () => ({ a: torch.randn(37), b: torch.randn(37, { dtype: torch.float64 }), n: torch.randint(-9, 9, [5]) }) }),
};
