/** Gradients: autograd, torch.func, modes. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function modes(x: Tensor): void {
  is<Tensor>()(torch.no_grad(() => x.mul(2)));
  is<number>()(torch.enable_grad(() => 3));
  is<Promise<Tensor>>()(torch.inference_mode(async () => x));
  is<boolean>()(torch.is_grad_enabled());
  using mode = torch.set_grad_enabled(false);
  is<boolean>()(mode !== null);
  // @ts-expect-error a mode is true or false
  torch.set_grad_enabled("off");
}

export function backward(x: Tensor): void {
  is<void>()(x.backward());
  is<void>()(x.backward(x, { retain_graph: true, inputs: [x] }));
  is<void>()(torch.autograd.backward([x], [x]));
  x.register_hook((gradient) => {
    is<Tensor>()(gradient);
    return gradient.mul(2);
  }).remove();
  // @ts-expect-error a misspelled option
  x.backward({ retain_graphs: true });
  // @ts-expect-error a number is no gradient
  x.backward(1);
}

export function functional(x: Tensor): void {
  const square = (y: Tensor): Tensor => y.mul(y).sum();
  is<Tensor>()(torch.func.grad(square)(x));
  is<Tensor>()(torch.func.vmap(square)(x));
  is<Tensor>()(torch.func.hessian(square)(x));
  is<Tensor>()(torch.func.jacrev(square)(x));
  is<[output: Tensor, tangent: Tensor]>()(torch.func.jvp(square, [x], [x]));
  const [output, pull] = torch.func.vjp(square, x);
  is<Tensor>()(output);
  is<[y: Tensor]>()(pull(x));
  is<Tensor>()(torch.autograd.functional.jacobian(square, x));
  is<boolean>()(torch.autograd.gradcheck(square, [x], { eps: 1e-4 }));
  // @ts-expect-error it takes a tensor
  torch.func.grad(square)(2);
  // @ts-expect-error a misspelled option
  torch.autograd.gradcheck(square, [x], { epsilon: 1e-4 });
  // @ts-expect-error a misspelled option
  torch.func.grad(square, { argnum: 0 });
  // @ts-expect-error a misspelled option beside another
  torch.func.grad(square, { argnums: 0, has_auxiliary: true });
  // @ts-expect-error no such strategy
  torch.autograd.functional.jacobian(square, x, { strategy: "forward" });
}

export function control(x: Tensor): void {
  is<Tensor>()(
    torch.cond(
      x.sum().gt(0),
      (y) => y.sin(),
      (y) => y.cos(),
      [x],
    ),
  );
  const compiled = torch.compile((a: Tensor, scale: number) => a.mul(scale));
  is<Tensor>()(compiled(x, 2));
  // @ts-expect-error it takes a number
  compiled(x, "2");
  // @ts-expect-error a misspelled option
  torch.compile((a: Tensor) => a, { verfy: 3 });
}

export function printing(): void {
  torch.set_printoptions({ precision: 2, sci_mode: false });
  torch.set_printoptions({ profile: "full" });
  torch.set_float32_matmul_precision("high");
  // @ts-expect-error no such profile
  torch.set_printoptions({ profile: "long" });
  // @ts-expect-error a misspelled option
  torch.set_printoptions({ precisions: 2 });
  // @ts-expect-error no such precision
  torch.set_float32_matmul_precision("low");
}
