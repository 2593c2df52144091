import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

describe("hooks", () => {
  it("run before and after forward, and may replace what they see", () => {
    const layer = new nn.Identity();
    const order: string[] = [];
    const before = layer.register_forward_pre_hook((_module, [x]) => {
      order.push("before");
      return (x as torch.Tensor).add(1);
    });
    const after = layer.register_forward_hook((_module, _args, output) => {
      order.push("after");
      return (output as torch.Tensor).mul(10);
    });
    expect(layer(torch.ones(1)).tolist()).toEqual([20]);
    expect(order).toEqual(["before", "after"]);
    before.remove();
    after.remove();
    expect(layer(torch.ones(1)).tolist()).toEqual([1]);
  });

  it("see named arguments when they ask for them", () => {
    class Scaled extends nn.Module {
      override forward(x: torch.Tensor, options: { by: number }): torch.Tensor {
        return x.mul(options.by);
      }
    }
    const module = new Scaled();
    module.register_forward_pre_hook((_module, args, kwargs) => [args, { by: (kwargs["by"] as number) + 1 }], {
      with_kwargs: true,
    });
    const seen: unknown[] = [];
    module.register_forward_hook(
      (_module, _args, kwargs, output) => void seen.push((output as torch.Tensor).tolist(), kwargs),
      {
        with_kwargs: true,
      },
    );
    expect(module(torch.ones(1), { by: 2 }).tolist()).toEqual([3]);
    expect(seen).toEqual([[3], { by: 3 }]);
  });

  it("of every module run for every module", () => {
    const names: string[] = [];
    const handle = nn.modules.module.register_module_forward_hook((module) => void names.push(module._get_name()));
    new nn.Sequential(new nn.ReLU(), new nn.Tanh())(torch.ones(1));
    handle.remove();
    expect(names).toEqual(["ReLU", "Tanh", "Sequential"]);
  });

  it("of backward see the gradients of inputs and outputs", () => {
    const layer = new nn.Linear(2, 1, { bias: false });
    torch.no_grad(() => layer.weight.copy_(torch.tensor([[2, 3]])));
    const seen: unknown[] = [];
    layer.register_full_backward_hook((_module, gradInput, gradOutput) => {
      seen.push(gradInput[0]!.tolist(), gradOutput[0]!.tolist());
      return [gradInput[0]!.mul(10)];
    });
    const x = torch.ones([1, 2], { requires_grad: true });
    layer(x).sum().backward();
    expect(seen).toEqual([[[2, 3]], [[1]]]);
    expect(x.grad!.tolist()).toEqual([[20, 30]]);
    expect(layer.weight.grad!.tolist()).toEqual([[1, 1]]);
  });

  it("before backward may replace the gradient of the output", () => {
    const layer = new nn.Identity();
    layer.register_full_backward_pre_hook((_module, [grad]) => [grad!.mul(5)]);
    const x = torch.ones([1], { requires_grad: true });
    layer(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([5]);
  });
});
