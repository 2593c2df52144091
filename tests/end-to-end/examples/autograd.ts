import * as torch from "cresset";

const x = torch.ones([2], { requires_grad: true });
const z = x.add(2);
z.backward(torch.ones_like(z));
x.grad!.tolist();                                        // [1, 1]

const w = torch.tensor(3, { requires_grad: true });
const [g] = torch.autograd.grad(w.pow(3), [w], { create_graph: true });
const [h] = torch.autograd.grad(g, [w]);                 // 18

class Exp extends torch.autograd.Function {
  static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor) { const out = input.exp(); ctx.save_for_backward(out); return out; }
  static override backward(ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) { const [out] = ctx.saved_tensors; return grad.mul(out); }
}
Exp.apply(x);
torch.no_grad(() => x.mul(2).requires_grad);             // false

export { Exp, g, h, w, x };
