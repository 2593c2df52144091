/** A small GPT: learned positions, pre-norm blocks of causal attention and a perceptron, no biases. */
import * as torch from "cresset";

const { nn } = torch;
const { functional: F } = nn;

export interface GptOptions {
  readonly vocabulary: number;
  readonly block: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
}

/** Of initial weights. */
const deviation = 0.02;
/** Weights whose products are added to the residual stream start smaller, so that the sum over layers keeps its size. */
export const addsToStream = (name: string): boolean => /\b(proj|fc2)\b/.test(name);

/** [B, T, C] -> [B, T, C]. Each position attends to itself and what is before it. */
class Attention extends nn.Module {
  readonly qkv: InstanceType<typeof nn.Linear>;
  readonly proj: InstanceType<typeof nn.Linear>;
  readonly heads: number;

  constructor({ width, heads }: GptOptions) {
    super();
    this.heads = heads;
    this.qkv = new nn.Linear(width, 3 * width, { bias: false });
    this.proj = new nn.Linear(width, width, { bias: false });
  }

  override forward(x: torch.Tensor): torch.Tensor {
    const [B, T, C] = x.shape as [number, number, number];
    const [q, k, v] = this.qkv(x)
      .split(C, 2)
      .map((part) => part.view(B, T, this.heads, C / this.heads).transpose(1, 2));
    const y = F.scaled_dot_product_attention(q!, k!, v!, { is_causal: true });
    return this.proj(y.transpose(1, 2).reshape(B, T, C));
  }
}

class Block extends nn.Module {
  readonly ln1: InstanceType<typeof nn.LayerNorm>;
  readonly attention: Attention;
  readonly ln2: InstanceType<typeof nn.LayerNorm>;
  readonly fc1: InstanceType<typeof nn.Linear>;
  readonly fc2: InstanceType<typeof nn.Linear>;

  constructor(options: GptOptions) {
    super();
    const { width } = options;
    this.ln1 = new nn.LayerNorm(width, { bias: false });
    this.attention = new Attention(options);
    this.ln2 = new nn.LayerNorm(width, { bias: false });
    this.fc1 = new nn.Linear(width, 4 * width, { bias: false });
    this.fc2 = new nn.Linear(4 * width, width, { bias: false });
  }

  override forward(x: torch.Tensor): torch.Tensor {
    const attended = x.add(this.attention(this.ln1(x)));
    const hidden = F.gelu(this.fc1(this.ln2(attended)), { approximate: "tanh" });
    return attended.add(this.fc2(hidden));
  }
}

/** int64[B, T] tokens -> float32[B, T, vocabulary] scores of the next token. */
export class Gpt extends nn.Module {
  readonly block: number;
  readonly tokens: InstanceType<typeof nn.Embedding>;
  readonly positions: InstanceType<typeof nn.Embedding>;
  readonly blocks: InstanceType<typeof nn.ModuleList>;
  readonly norm: InstanceType<typeof nn.LayerNorm>;
  readonly head: InstanceType<typeof nn.Linear>;

  constructor(options: GptOptions) {
    super();
    const { vocabulary, block, layers, width } = options;
    this.block = block;
    this.tokens = new nn.Embedding(vocabulary, width);
    this.positions = new nn.Embedding(block, width);
    this.blocks = new nn.ModuleList(Array.from({ length: layers }, () => new Block(options)));
    this.norm = new nn.LayerNorm(width, { bias: false });
    this.head = new nn.Linear(width, vocabulary, { bias: false });
    for (const [name, parameter] of this.named_parameters()) {
      if (parameter.ndim < 2) continue;
      nn.init.normal_(parameter, 0, deviation / (addsToStream(name) ? Math.sqrt(2 * layers) : 1));
    }
  }

  override forward(tokens: torch.Tensor): torch.Tensor {
    const length = tokens.shape[1]!;
    let x = this.tokens(tokens).add(this.positions(torch.arange(length, { device: tokens.device })));
    for (const block of this.blocks) x = (block as Block)(x);
    return this.head(this.norm(x));
  }

  /** Mean cross-entropy, in nats, of int64[B, T] targets. */
  loss(tokens: torch.Tensor, targets: torch.Tensor): torch.Tensor {
    const scores = this.forward(tokens);
    return F.cross_entropy(scores.reshape(-1, scores.shape[2]!), targets.reshape(-1));
  }
}

/** AdamW that draws matrices towards zero and leaves the scales of norms alone. */
export function gptOptimizer(model: Gpt, lr: number): InstanceType<typeof torch.optim.AdamW> {
  const parameters = model.parameters();
  return new torch.optim.AdamW(
    [
      { params: parameters.filter((parameter) => parameter.ndim >= 2), weight_decay: 0.1 },
      { params: parameters.filter((parameter) => parameter.ndim < 2), weight_decay: 0 },
    ],
    { lr, betas: [0.9, 0.99], eps: 1e-8 },
  );
}
