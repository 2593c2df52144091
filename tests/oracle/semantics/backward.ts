/** Snippets about `backward`, `autograd.grad`, hooks, and gradients where a formula has a choice. */
import type { FunctionContext, Snippet, Tensor } from "./types.ts";

const grad = { requires_grad: true };

export const backward: Record<string, Snippet> = {
  "backward twice"(torch) {
    const x = torch.ones(2, grad);
    const y = x.mul(x).sum();
    y.backward();
    y.backward();
    return x.grad;
  },
  retain_graph(torch) {
    const x = torch.ones(2, grad);
    const y = x.mul(x).sum();
    y.backward({ retain_graph: true });
    y.backward();
    return x.grad;
  },
  "non-scalar backward"(torch) {
    const x = torch.ones(2, grad);
    x.mul(2).backward();
    return x.grad;
  },
  "non-scalar backward with gradient"(torch) {
    const x = torch.ones(2, grad);
    x.mul(2).backward(torch.tensor([1, 10]));
    return x.grad;
  },
  retain_grad(torch) {
    const x = torch.ones(2, grad);
    const y = x.mul(3);
    y.retain_grad();
    y.mul(y).sum().backward();
    return [x.grad, y.grad];
  },
  "non-leaf grad is None"(torch) {
    const x = torch.ones(2, grad);
    const y = x.mul(3);
    y.sum().backward();
    return [x.grad];
  },
  "grad allow_unused"(torch) {
    const x = torch.ones(2, grad);
    const z = torch.ones(2, grad);
    return torch.autograd.grad(x.mul(2).sum(), [x, z], { allow_unused: true });
  },
  "grad create_graph"(torch) {
    const x = torch.tensor([2, 3], grad);
    const [g] = torch.autograd.grad(x.pow(3).sum(), [x], { create_graph: true });
    const [h] = torch.autograd.grad(g.sum(), [x]);
    return [g, h, g.requires_grad, h.requires_grad];
  },
  "tensor hook scales"(torch) {
    const x = torch.ones(2, grad);
    const y = x.mul(2);
    y.register_hook((g) => g.mul(10));
    y.sum().backward();
    return x.grad;
  },
  "hook on leaf"(torch) {
    const x = torch.ones(2, grad);
    const handle = x.register_hook((g) => g.add(1));
    x.mul(2).sum().backward();
    handle.remove();
    x.mul(2).sum().backward();
    return x.grad;
  },
  "version of shared grad"(torch) {
    const x = torch.ones(2, grad);
    x.mul(2).sum().backward();
    const g = x.grad;
    x.mul(2).sum().backward();
    return [g, x.grad, g === x.grad];
  },
  anomaly(torch) {
    const x = torch.tensor([-1], grad);
    torch.autograd.detect_anomaly(() => {
      const y = x.sqrt();
      y.backward();
    });
    return x.grad;
  },
  "custom Function"(torch) {
    class Square extends torch.autograd.Function {
      static forward(context: FunctionContext, input: Tensor): Tensor {
        context.save_for_backward(input);
        return input.mul(input);
      }
      static backward(_context: FunctionContext, gradient: Tensor): Tensor {
        return gradient.mul(5);
      }
    }
    const x = torch.tensor([1, 2], grad);
    const y = Square.apply(x);
    y.sum().backward();
    return [y, x.grad];
  },

  "max ties"(torch) {
    const x = torch.tensor([1, 3, 3], grad);
    x.max().backward();
    return x.grad;
  },
  "amax ties"(torch) {
    const x = torch.tensor(
      [
        [1, 3, 3],
        [2, 2, 2],
      ],
      grad,
    );
    x.amax(1).sum().backward();
    return x.grad;
  },
  "maximum ties"(torch) {
    const x = torch.tensor([1, 2], grad);
    const y = torch.tensor([1, 1], grad);
    torch.maximum(x, y).sum().backward();
    return [x.grad, y.grad];
  },
  "abs at zero"(torch) {
    const x = torch.tensor([0, -1, 2], grad);
    x.abs().sum().backward();
    return x.grad;
  },
  "clamp at bounds"(torch) {
    const x = torch.tensor([0, 1, 0.5, 2], grad);
    x.clamp(0, 1).sum().backward();
    return x.grad;
  },
  "sqrt at zero"(torch) {
    const x = torch.tensor([0, 4], grad);
    x.sqrt().sum().backward();
    return x.grad;
  },
  "pow zero exponent"(torch) {
    const x = torch.tensor([0, 2], grad);
    x.pow(0).sum().backward();
    return x.grad;
  },
  "prod with zeros"(torch) {
    const x = torch.tensor([0, 2, 3], grad);
    x.prod().backward();
    return x.grad;
  },
  "where nan trick"(torch) {
    const x = torch.tensor([0, 1], grad);
    const y = torch.where(x.gt(0), x.log(), torch.zeros(2));
    y.sum().backward();
    return [y, x.grad];
  },
  "gather duplicate"(torch) {
    const x = torch.arange(3, { requires_grad: true, dtype: torch.tensor(0).dtype });
    x.gather(0, torch.tensor([0n, 0n, 2n, 0n]))
      .sum()
      .backward();
    return x.grad;
  },
};
