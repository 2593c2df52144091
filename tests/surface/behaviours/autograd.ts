/** Behaviours of autograd: functions of the user's, anomalies, graphs that differ from call to call. */
import * as torch from "cresset";
import { expect } from "vitest";
import type { Behaviours } from "../behaviours.ts";

class Exp extends torch.autograd.Function {
  static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
    const result = input.exp();
    ctx.save_for_backward(result);
    return result;
  }
  static override backward(ctx: torch.autograd.FunctionCtx, gradient: torch.Tensor) {
    const [result] = ctx.saved_tensors;
    return gradient.mul(result);
  }
}

class Failing extends torch.autograd.Function {
  static override forward(_ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
    return input.clone();
  }
  static override backward(): torch.Tensor {
    throw new Error("Some error in backward");
  }
}

function failForward(): torch.Tensor {
  return Failing.apply(torch.rand(10, 10, { requires_grad: true })).sum();
}

function messageOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}

const nan = (): torch.Tensor => {
  const x = torch.tensor(0, { requires_grad: true });
  x.sqrt().mul(0).backward();
  return x.grad!;
};

export const autogradBehaviours: Behaviours = {
  "function-exp"() {
    const x = torch.tensor([0, 0.5, -1], { requires_grad: true });
    const y = Exp.apply(x);
    y.sum().backward();
    expect(torch.allclose(y.detach(), x.detach().exp())).toBe(true);
    expect(torch.allclose(x.grad!, x.detach().exp())).toBe(true);
    // Called directly, forward is recorded like any other code: the backward of the class is not part of it.
    const saved: torch.Tensor[] = [];
    const ctx = { save_for_backward: (...tensors: torch.Tensor[]) => saved.push(...tensors) };
    const direct = Exp.forward(ctx as never, x);
    expect([direct.grad_fn!.name(), y.grad_fn!.name(), saved.length]).toEqual(["ExpBackward0", "ExpBackward", 1]);
  },
  "detect-anomaly-off"() {
    expect(messageOf(() => failForward().backward())).toBe("Some error in backward");
  },
  "detect-anomaly-on"() {
    const message = messageOf(() => torch.autograd.detect_anomaly(() => failForward().backward()));
    expect(message).toContain("Some error in backward");
    expect(message).toMatch(/autograd\.ts:\d+/);
  },
  "detect-anomaly-nan"() {
    expect(Number.isNaN(nan().item())).toBe(true);
    expect(() => torch.autograd.detect_anomaly(() => nan())).toThrow(/sqrt.*nan values|SqrtBackward0/i);
  },
  "dynamic-graph"() {
    for (const turns of [2, 5]) {
      const x = torch.tensor(2, { requires_grad: true });
      const limit = torch.tensor(2 ** (turns + 1));
      let y = x.mul(1);
      let count = 1;
      for (; (y.item() as number) < (limit.item() as number); count++) y = y.mul(x);
      y.backward();
      expect([count, x.grad!.item()]).toEqual([turns + 1, (turns + 1) * 2 ** turns]);
    }
  },
};
