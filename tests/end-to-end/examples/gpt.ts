import * as torch from "cresset";
const F = torch.nn.functional;
import { nn } from "cresset";

class Attention extends nn.Module {
  qkv: nn.Linear; proj: nn.Linear; heads: number;
  constructor(width: number, heads: number) {
    super();
    this.heads = heads;
    this.qkv = new nn.Linear(width, 3 * width, { bias: false });
    this.proj = new nn.Linear(width, width, { bias: false });
  }
  override forward(x: torch.Tensor) {
    const [B, T, C] = x.shape as [number, number, number];
    const [q, k, v] = this.qkv(x).split(C, 2).map(t => t.view(B, T, this.heads, C / this.heads).transpose(1, 2));
    const y = F.scaled_dot_product_attention(q, k, v, { is_causal: true });
    return this.proj(y.transpose(1, 2).reshape(B, T, C));
  }
}

export { Attention };
