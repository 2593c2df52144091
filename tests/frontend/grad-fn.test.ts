/** Steps of the recorded graph as objects: their hooks, places in the graph, backward rules that are computed once. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const { get_gradient_edge, GradientEdge } = torch.autograd.graph;
const start = (): torch.Tensor => torch.ones(2, { requires_grad: true });
const numbers = (grads: readonly (torch.Tensor | null)[]): unknown => grads.map((grad) => grad?.tolist() ?? null);

describe("a step", () => {
  it("is one object, and keeps what a program notes on it", () => {
    const y = start().mul(2);
    expect(y.grad_fn).toBe(y.grad_fn);
    y.grad_fn!.metadata["line"] = 3;
    expect(y.grad_fn!.metadata).toEqual({ line: 3 });
    const [a, b] = torch.linalg.qr(torch.eye(2, { requires_grad: true }));
    expect([a.grad_fn, get_gradient_edge(b).output_nr]).toEqual([b.grad_fn, 1]);
  });

  it("is named as PyTorch names it, overloads by their number", () => {
    const x = torch.rand(2, 3, 4, 4).requires_grad_();
    const m = torch.rand(3, 3).requires_grad_();
    const linear = new torch.nn.Linear(4, 2);
    const { functional: F } = torch.nn;
    const named: Readonly<Record<string, torch.Tensor>> = {
      SumBackward0: x.sum(),
      SumBackward1: x.sum(1),
      MeanBackward0: x.mean(),
      MeanBackward1: x.mean([2, 3]),
      ProdBackward1: x.prod(0),
      MaxBackward0: x.max(1).values,
      MaxBackward1: x.max(),
      MedianBackward1: x.median(0).values,
      PowBackward0: m.pow(2),
      PowBackward1: m.pow(m),
      ClampBackward0: m.clamp(m, null),
      ClampBackward1: m.clamp(0, 1),
      RsubBackward1: torch.rsub(m, 1),
      DivBackward2: m.div(2, { rounding_mode: "floor" }),
      XlogyBackward2: torch.xlogy(m, 2),
      MaskedFillBackward0: m.masked_fill(m.gt(0), 1),
      SqueezeBackward1: m.unsqueeze(0).squeeze(0),
      SplitWithSizesBackward0: m.split([1, 2])[0]!,
      AddmmBackward0: linear.forward(x.at(0, 0)),
      ViewBackward0: linear.forward(x),
      MmBackward0: m.matmul(m),
      UnsafeViewBackward0: x.matmul(x),
      ConvolutionBackward0: F.conv2d(x, torch.rand(1, 3, 2, 2)),
      ConstantPadNdBackward0: F.pad(x, [1, 1]),
      ReflectionPad2DBackward0: F.pad(x, [1, 1, 1, 1], "reflect"),
      UpsampleBilinear2DBackward0: F.interpolate(x, { scale_factor: 2, mode: "bilinear" }),
      UpsampleNearest2DBackward0: F.interpolate(x, { scale_factor: 2 }),
      MaxPool2DWithIndicesBackward0: F.max_pool2d(x, 2),
      NllLossBackward0: F.cross_entropy(m, torch.tensor([0n, 1n, 2n])),
      NllLoss2DBackward0: F.cross_entropy(x, torch.zeros(2, 4, 4, { dtype: "int64" })),
      Log1PBackward0: m.log1p(),
    };
    for (const [name, tensor] of Object.entries(named)) expect(String(tensor.grad_fn)).toBe(`<${name}>`);
    const z = torch.complex(torch.rand(2), torch.rand(2)).requires_grad_();
    expect([String(z.clone().grad_fn), String(torch.cat([z]).grad_fn)]).toEqual(["<CloneBackward0>", "<CatBackward0>"]);
  });

  it("is the operator's, however its result lies in memory", () => {
    const x = torch.eye(3, { requires_grad: true });
    const [q, r] = torch.linalg.qr(x);
    expect(String(q.grad_fn)).toBe("<LinalgQrBackward0>");
    expect(q.grad_fn!.next_functions[0]![0]!.variable === x).toBe(true);
    expect([get_gradient_edge(q).output_nr, get_gradient_edge(r).output_nr]).toEqual([0, 1]);
    expect(q.mul(r).grad_fn!.next_functions.map(([step]) => step)).toEqual([q.grad_fn, q.grad_fn]);
    expect(String(torch.fft.fft(x, { dim: 0 }).grad_fn)).toBe("<FftR2CBackward0>");
    const transposed = x.t().exp().grad_fn!.next_functions[0]![0]!;
    expect(transposed.next_functions[0]![0]!.variable === x).toBe(true);
  });
  it("leads to those of its inputs, once for each time that it takes them", () => {
    const x = start();
    const [left, right] = x.mul(x).grad_fn!.next_functions;
    expect(left![0]!.name()).toBe("torch::autograd::AccumulateGrad");
    expect(left![0]!.variable).toBe(x);
    expect(right![0]).toBe(left![0]);
  });

  it("shows its gradients to hooks, which may replace them", () => {
    const x = start();
    const y = x.mul(3);
    const seen: unknown[] = [];
    const step = y.grad_fn!;
    const pre = step.register_prehook((grads) => void seen.push(["before", numbers(grads)]));
    const post = step.register_hook((inputs, outputs) => void seen.push(["after", numbers(inputs), numbers(outputs)]));
    y.sum().backward({ retain_graph: true });
    expect(seen).toEqual([
      ["before", [[1, 1]]],
      ["after", [[3, 3], null], [[1, 1]]],
    ]);
    pre.remove();
    post.remove();
    step.register_prehook(([grad]) => [grad!.mul(10)]);
    step.register_hook(([grad, none]) => [grad!.add(1), none!]);
    x.grad = null;
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([31, 31]);
    expect(seen).toHaveLength(2);
  });

  it("gives a gradient for each place that an input is taken at", () => {
    const x = torch.tensor([2, 3], { requires_grad: true });
    const y = x.mul(x);
    y.grad_fn!.register_hook(([left]) => [left!, null]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([2, 3]);
  });

  it("is an operator of several nodes, too", () => {
    const x = torch.tensor([1, -3], { requires_grad: true });
    const y = torch.nn.functional.softsign(x.mul(1));
    const seen: unknown[] = [];
    y.grad_fn!.register_hook((inputs, outputs) => {
      seen.push(numbers(inputs), numbers(outputs));
      return inputs.map((grad) => grad && grad.mul(16));
    });
    const other = y.add(x).sum();
    other.backward();
    expect(seen).toEqual([[[0.25, 0.0625]], [[1, 1]]]);
    expect(x.grad!.tolist()).toEqual([5, 2]);
  });

  it("refuses what is no gradient", () => {
    const y = start().mul(2);
    const handle = y.grad_fn!.register_hook(() => torch.ones(2) as never);
    const run = (): void => y.sum().backward({ retain_graph: true });
    expect(run).toThrow("hook returned a Tensor");
    handle.remove();
    const second = y.grad_fn!.register_hook(() => [torch.ones(2)]);
    expect(run).toThrow("incorrect number of values (got 1, but expected 2)");
    second.remove();
    y.grad_fn!.register_hook(() => [torch.ones(3), null]);
    expect(run).toThrow("changed the size");
  });

  it("of a leaf is called where a gradient is accumulated", () => {
    const x = start();
    const y = x.mul(2);
    const leaf = y.grad_fn!.next_functions[0]![0]!;
    const seen: unknown[] = [];
    leaf.register_prehook(([grad]) => [grad!.mul(5)]);
    leaf.register_hook((inputs, outputs) => void seen.push([numbers(inputs), numbers(outputs)]));
    torch.autograd.grad([y.sum()], [x], { retain_graph: true });
    expect(seen).toEqual([]);
    y.sum().backward();
    expect(seen).toEqual([[[], [[10, 10]]]]);
    expect(x.grad!.tolist()).toEqual([10, 10]);
  });
});

describe("a gradient edge", () => {
  it("stands for a tensor among inputs and outputs", () => {
    const x = start();
    const y = x.mul(2);
    const z = y.mul(y).sum();
    const edge = get_gradient_edge(y);
    expect(edge).toBeInstanceOf(GradientEdge);
    expect([...edge]).toEqual([y.grad_fn, 0]);
    const [byEdge, byLeaf] = torch.autograd.grad(get_gradient_edge(z), [edge, get_gradient_edge(x)], {
      retain_graph: true,
    });
    expect([byEdge.tolist(), byLeaf.tolist()]).toEqual([
      [4, 4],
      [8, 8],
    ]);
    expect(torch.autograd.grad(edge, x, { grad_outputs: torch.ones(2), retain_graph: true })[0].tolist()).toEqual([
      2, 2,
    ]);
    torch.autograd.backward(get_gradient_edge(z), { inputs: get_gradient_edge(x) });
    expect(x.grad!.tolist()).toEqual([8, 8]);
  });

  it("is of tensors that require gradients", () => {
    expect(() => get_gradient_edge(torch.ones(2))).toThrow("does not require gradients");
    expect(() => get_gradient_edge(2 as never)).toThrow("expected a Tensor");
  });
});

it("once_differentiable computes without recording and refuses a second differentiation", () => {
  const { Function, once_differentiable } = torch.autograd.function;
  class Square extends Function {
    static override forward(ctx: torch.autograd.FunctionCtx, x: torch.Tensor): torch.Tensor {
      ctx.save_for_backward(x);
      return x.mul(x);
    }
    static override backward = once_differentiable((ctx, grad: torch.Tensor) => {
      expect(torch.is_grad_enabled()).toBe(false);
      return grad.mul(2).mul(ctx.saved_tensors[0]);
    });
  }
  const x = start();
  const [once] = torch.autograd.grad([Square.apply(x).sum()], [x], { create_graph: true });
  expect([once.tolist(), once.requires_grad]).toEqual([[2, 2], false]);
  const seed = torch.ones(2, { requires_grad: true });
  const [followed] = torch.autograd.grad([Square.apply(x)], [x], { grad_outputs: seed, create_graph: true });
  expect(followed.tolist()).toEqual([2, 2]);
  expect(() => followed.sum().backward()).toThrow("trying to differentiate twice");
});

it("steps that PyTorch states by other operators have the names of those", () => {
  const named = (of: (x: torch.Tensor) => torch.Tensor): string =>
    of(torch.ones(2, 3).requires_grad_().mul(2)).grad_fn!.name();
  expect([
    named((x) => x.flatten()),
    named((x) => x.reshape(6)),
    named((x) => x.narrow(0, 0, 1)),
    named((x) => x.chunk(2)[0]!),
    named((x) => x.movedim(0, 1)),
    named((x) => x.swapaxes(0, 1)),
    named((x) => x.square()),
    named((x) => torch.vstack([x, x])),
  ]).toEqual(
    ["View", "View", "Slice", "Split", "Permute", "Transpose", "Pow", "Cat"].map((name) => `${name}Backward0`),
  );
});

describe("a step's name", () => {
  const rows = torch.ones(3, 3);
  const named = (of: (x: torch.Tensor) => torch.Tensor): string =>
    of(rows.clone().requires_grad_().mul(2)).grad_fn!.name().replace("Backward0", "");
  const cases: readonly (readonly [name: string, of: (x: torch.Tensor) => torch.Tensor])[] = [
    ["Select", (x) => x.at(0)],
    ["Select", (x) => x.at("...", 0)],
    ["Select", (x) => x.at(0, ":")],
    ["Slice", (x) => x.at("1:")],
    ["Slice", (x) => x.at(":")],
    ["Slice", (x) => x.at(0, "1:")],
    ["Unsqueeze", (x) => x.at(null)],
    ["Index", (x) => x.at([0, 1])],
    ["Mm", (x) => x.matmul(x)],
    ["Mv", (x) => x.matmul(rows.select(0, 0))],
    ["Addmm", (x) => torch.nn.functional.linear(x, rows, rows.select(0, 0))],
    ["Mm", (x) => torch.nn.functional.linear(x, rows)],
    ["LinalgInvEx", (x) => x.add(torch.eye(3)).inverse()],
    ["LinalgDet", (x) => x.det()],
    ["LinalgVectorNorm", (x) => x.norm()],
    ["FftR2C", (x) => torch.fft.fft(x)],
    ["FftC2C", (x) => torch.fft.fft(torch.fft.fft(x))],
    ["FftC2R", (x) => torch.fft.irfft(torch.fft.rfft(x))],
    ["Convolution", (x) => torch.conv1d(x.at(null), torch.ones(1, 3, 2))],
    ["NativeLayerNorm", (x) => torch.nn.functional.layer_norm(x, [3])],
    ["Log1P", (x) => x.log1p()],
    ["ToCopy", (x) => x.double()],
    ["Clone", (x) => x.clone()],
  ];
  it.each(cases)("is PyTorch's: %s of %s", (name, of) => {
    expect(named(of)).toBe(name);
  });

  it("is the view's where a view changes nothing, and the source keeps its own", () => {
    const leaf = start();
    const same = leaf.view_as(leaf);
    expect([same.grad_fn!.name(), same.is_leaf, leaf.grad_fn]).toEqual(["ViewBackward0", false, null]);
    expect(same.grad_fn).toBe(same.grad_fn);
    expect(same.grad_fn!.variable).toBe(undefined);
    expect(same.grad_fn!.next_functions[0]![0]!.variable).toBe(leaf);
    const y = leaf.mul(2);
    expect(y.expand(2).grad_fn!.name()).toBe("ExpandBackward0");
    expect(y.grad_fn!.name()).toBe("MulBackward0");
    expect(y.view(2).grad_fn!.next_functions[0]![0]).toBe(y.grad_fn);
    const seen: unknown[] = [];
    const view = y.view(2);
    view.grad_fn!.register_hook((_inputs, outputs) => void seen.push(numbers(outputs)));
    y.sum().backward({ retain_graph: true });
    expect(seen).toEqual([]);
    view.sum().backward();
    expect(seen).toEqual([[[1, 1]]]);
  });

  it("tells what was written since", () => {
    const x = torch.randn(2, 3).requires_grad_();
    const names = (...tensors: torch.Tensor[]): string[] => tensors.map(({ grad_fn }) => grad_fn!.name());
    const base = x.mul(2);
    const [row, other] = [base.at(0), base.t()];
    expect(names(base, row, other)).toEqual(["MulBackward0", "SelectBackward0", "TBackward0"]);
    row.mul_(2);
    expect(names(base, row, other)).toEqual(["CopySlices", "AsStridedBackward0", "AsStridedBackward0"]);
    const whole = x.mul(2);
    whole.view(-1).exp_();
    expect(names(whole, ...whole.unbind())).toEqual(["CopySlices", "UnbindBackward0", "UnbindBackward0"]);
    const columns = x.t().mul(2);
    columns.add_(1);
    expect(names(columns)).toEqual(["AddBackward0"]);
    columns.at(0).mul_(3);
    expect(names(columns)).toEqual(["CopySlices"]);
    const [before] = columns.mul(2).grad_fn!.next_functions[0]!;
    expect(before).toBe(columns.grad_fn);
  });
});
