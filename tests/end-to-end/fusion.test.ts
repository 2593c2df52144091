/** What shares a kernel, read from the loop IR that was executed. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import type { Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { leafSteps } from "../../ir/program.ts";
import { recorder } from "../../frontend/recorder.ts";

const { nn, optim } = torch;
const F = nn.functional;

interface Executed {
  readonly kernels: readonly LoopKernel[];
}

/** The kernels that computing a result ran. */
function executed(compute: () => torch.Tensor): Executed {
  compute().tolist();
  return {
    kernels: leafSteps(recorder.lastExecutable!.program.steps).flatMap((step) =>
      step.kind === "kernel" ? [step.kernel] : [],
    ),
  };
}

/** Loads (or stores) of a buffer that stand in different loops: how often memory is walked. */
function passesOver(kernel: LoopKernel, buffer: string, what: "load" | "store"): number {
  let passes = 0;
  const mentions = (value: Expr): boolean =>
    value.op === "load"
      ? (what === "load" && value.buffer === buffer) || mentions(value.index)
      : "args" in value && value.args.some(mentions);
  const within = (body: readonly Stmt[]): boolean =>
    body.some((s) => {
      switch (s.kind) {
        case "let":
        case "declare":
        case "assign":
          return mentions(s.value);
        case "store":
          return (what === "store" && s.buffer === buffer) || mentions(s.value) || mentions(s.index);
        default:
          return false;
      }
    });
  const visit = (body: readonly Stmt[]): void => {
    // A vector loop and the scalar loop of its rest are one pass.
    if (within(body)) passes++;
    for (const s of body) {
      if (s.kind === "for" && !s.name.endsWith("_rest")) visit(s.body);
      if (s.kind === "while") visit(s.body);
      if (s.kind === "if") visit([...s.then, ...s.else]);
    }
  };
  visit(kernel.body);
  return passes;
}
const inputsOf = (kernel: LoopKernel, elements: number): string[] =>
  kernel.buffers
    .filter((b) => b.scope === "argument" && b.access === "read" && b.elements === elements)
    .map((b) => b.name);
const scratchElements = (kernel: LoopKernel): number =>
  kernel.buffers.filter((b) => b.scope !== "argument").reduce((n, b) => n + b.elements, 0);

describe.each(["cpu", "cpu:js"])("fusion on %s", (device) => {
  const randn = (...size: number[]): torch.Tensor => torch.randn(size, { device });

  it("puts an elementwise chain into one kernel", () => {
    const x = randn(64, 48);
    expect(executed(() => x.mul(2).add(1).tanh().sub(x).exp()).kernels).toHaveLength(1);
  });

  it("computes softmax in one kernel that reads and writes memory once and keeps a row", () => {
    const x = randn(40, 72);
    const { kernels } = executed(() => F.softmax(x, -1));
    expect(kernels).toHaveLength(1);
    const [input] = inputsOf(kernels[0]!, 40 * 72);
    expect(passesOver(kernels[0]!, input!, "load")).toBe(1);
    expect(scratchElements(kernels[0]!)).toBeLessThanOrEqual(72);
  });

  it("computes layer_norm with affine in one kernel that reads its input once and keeps a row", () => {
    const [x, weight, bias] = [randn(40, 72), randn(72), randn(72)];
    const { kernels } = executed(() => F.layer_norm(x, [72], weight, bias));
    expect(kernels).toHaveLength(1);
    const [input] = inputsOf(kernels[0]!, 40 * 72);
    expect(passesOver(kernels[0]!, input!, "load")).toBe(1);
    expect(scratchElements(kernels[0]!)).toBeLessThanOrEqual(72);
  });

  it("computes layer_norm's gradients in one pass, and one small kernel for those of weight and bias", () => {
    const [x, weight, bias, gradient] = [randn(200, 72), randn(72), randn(72), randn(200, 72)];
    for (const tensor of [x, weight, bias]) tensor.requires_grad_();
    const backward = torch.compile(() =>
      torch.autograd.grad(F.layer_norm(x, [72], weight, bias), [x, weight, bias], { grad_outputs: gradient }),
    );
    backward();
    expect(backward.statistics.kernels).toBe(2);
  });

  it("folds bias and gelu into the matrix product", () => {
    const [x, w, b] = [randn(20, 24), randn(32, 24), randn(32)];
    expect(executed(() => F.gelu(F.linear(x, w, b))).kernels).toHaveLength(1);
  });

  it("computes sum and max of one tensor together", () => {
    const x = randn(30, 30);
    const both = torch.compile(() => [x.sum(), x.max()] as const);
    both()[0].item();
    expect(both.statistics.kernels).toBe(1);
  });

  it("computes x + 1 and x * 2 together", () => {
    const x = randn(30, 30);
    const both = torch.compile(() => [x.add(1), x.mul(2)] as const);
    const [a, b] = both();
    expect(both.statistics.kernels).toBe(1);
    expect([a.tolist(), b.tolist()]).toEqual([x.add(1).tolist(), x.mul(2).tolist()]);
  });

  it.each([
    ["side by side", (parts: torch.Tensor[]) => torch.cat(parts, 1)],
    ["on each other", (parts: torch.Tensor[]) => torch.cat(parts, 0)],
    ["along a new axis", (parts: torch.Tensor[]) => torch.stack(parts, 2)],
  ])("writes parts %s where they belong, in the kernel that computes them", (_, join) => {
    const x = randn(13, 11);
    const parts = (): torch.Tensor[] => [F.softmax(x, -1), x.exp(), x];
    const both = torch.compile(() => join(parts()));
    const got = both();
    expect(both.statistics.kernels).toBe(1);
    expect(got.tolist()).toEqual(join(parts().map((part) => torch.tensor(part.tolist(), { device }))).tolist());
  });

  it("updates 20 parameters with Adam in at most 4 kernels", () => {
    const parameters = Array.from({ length: 20 }, (_, i) => new nn.Parameter(randn(i + 1, 7)));
    const optimizer = new optim.Adam(parameters);
    const gradients = parameters.map((p) => torch.ones_like(p));
    const update = torch.compile(() => {
      parameters.forEach((p, i) => (p.grad = gradients[i]!));
      optimizer.step();
    });
    update();
    expect(update.statistics.kernels).toBeLessThanOrEqual(4);
  });

  it("computes an expensive producer once an element, not inside the product that broadcasts it", () => {
    const [x, w] = [randn(20, 24), randn(24, 32)];
    const { kernels } = executed(() => F.gelu(x).matmul(w));
    const loopsAround = (name: string): number => {
      let depth = -1;
      const visit = (body: readonly Stmt[], at: number): void => {
        for (const s of body) {
          if (
            "value" in s &&
            JSON.stringify(s.value, (_k, v: unknown) => (typeof v === "bigint" ? String(v) : v)).includes(
              `"op":"${name}"`,
            )
          )
            depth = Math.max(depth, at);
          if (s.kind === "for") visit(s.body, at + 1);
        }
      };
      for (const kernel of kernels) visit(kernel.body, 0);
      return depth;
    };
    expect(kernels).toHaveLength(2);
    expect(loopsAround("erf")).toBe(1);
  });
});
