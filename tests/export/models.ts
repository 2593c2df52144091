/** Models that tests export: each with its inputs, on the device that is the default when it is made. */
import * as torch from "../../frontend/index.ts";

export interface TestModel {
  readonly model: torch.Exportable;
  readonly inputs: () => Readonly<Record<string, torch.Tensor>>;
}

const { Module, BatchNorm2d, Conv2d, Embedding, LayerNorm, Linear, functional: F } = torch.nn;

class Mlp extends Module {
  first = new Linear(20, 33);
  second = new Linear(33, 7);
  override forward(x: torch.Tensor): torch.Tensor {
    return torch.softmax(this.second(F.gelu(this.first(x))), -1);
  }
}

class Cnn extends Module {
  conv = new Conv2d(3, 8, 3, { padding: 1 });
  norm = new BatchNorm2d(8);
  head = new Linear(8 * 3 * 3, 5);
  override forward(image: torch.Tensor): { logits: torch.Tensor; best: torch.Tensor } {
    const features = F.max_pool2d(torch.relu(this.norm(this.conv(image))), 2);
    const logits = this.head(features.flatten(1));
    return { logits, best: logits.argmax(1) };
  }
}

class Attention extends Module {
  embedding = new Embedding(50, 16);
  norm = new LayerNorm(16);
  qkv = new Linear(16, 48, { bias: false });
  override forward(tokens: torch.Tensor, mask: torch.Tensor): torch.Tensor {
    const [B, T] = tokens.shape as [number, number];
    const x = this.norm(this.embedding(tokens));
    const [q, k, v] = this.qkv(x)
      .split(16, 2)
      .map((t) => t.reshape(B, T, 4, 4).transpose(1, 2)) as [torch.Tensor, torch.Tensor, torch.Tensor];
    const scores = q.matmul(k.transpose(-2, -1)).mul(0.5).masked_fill(mask, -Infinity);
    return torch.softmax(scores, -1).matmul(v).transpose(1, 2).reshape(B, T, 16).add(x);
  }
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

/** Halves what is large until nothing is: how often is known only then. */
const halved = (x: torch.Tensor): readonly [torch.Tensor, torch.Tensor] =>
  torch.while_loop(
    (value: torch.Tensor, _turns: torch.Tensor) => value.abs().amax().gt(0.25),
    (value: torch.Tensor, turns: torch.Tensor) => [
      torch.where(value.abs().gt(0.25), value.mul(0.5), value),
      turns.add(1n),
    ],
    [x, torch.tensor(0n)],
  );

const made = <M extends torch.nn.Module>(model: M): M => {
  torch.manual_seed(3);
  for (const parameter of model.parameters())
    torch.no_grad(() => parameter.copy_(torch.randn(parameter.shape).mul(0.4)));
  return model.eval();
};

export const models: Readonly<Record<string, () => TestModel>> = {
  mlp: () => ({ model: made(new Mlp()), inputs: () => ({ x: torch.randn(9, 20) }) }),
  cnn: () => ({ model: made(new Cnn()), inputs: () => ({ image: torch.randn(2, 3, 6, 6) }) }),
  attention: () => ({
    model: made(new Attention()),
    inputs: () => ({ tokens: torch.randint(0, 50, [2, 6]), mask: torch.ones(6, 6).triu(1).to(torch.bool) }),
  }),
  halved: () => ({ model: halved, inputs: () => ({ x: torch.randn(23).mul(9) }) }),
  functions: () => ({
    model: functions,
    inputs: () => ({ a: torch.randn(37), b: torch.randn(37, { dtype: torch.float64 }), n: torch.randint(-9, 9, [5]) }),
  }),
};
