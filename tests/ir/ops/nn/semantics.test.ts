import { beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";

const F = torch.nn.functional;
beforeAll(() => torch.set_default_device("cpu"));

describe("functions that change an argument", () => {
  it("relu in place by name, by underscore, and by inplace=True", () => {
    for (const change of [
      (x: torch.Tensor) => x.relu_(),
      (x: torch.Tensor) => F.relu_(x),
      (x: torch.Tensor) => F.relu(x, true),
      (x: torch.Tensor) => F.relu(x, { inplace: true }),
    ]) {
      const x = torch.tensor([-1, 2]);
      expect(change(x)).toBe(x);
      expect(x.tolist()).toEqual([0, 2]);
    }
  });

  it("batch_norm moves the running statistics by momentum, in training only", () => {
    const x = torch.tensor([
      [0, 10],
      [2, 14],
    ]);
    const [mean, variance] = [torch.zeros(2), torch.ones(2)];
    F.batch_norm(x, mean, variance, { training: true, momentum: 0.5 });
    expect(mean.tolist()).toEqual([0.5, 6]);
    expect(variance.tolist()).toEqual([1.5, 4.5]);
    F.batch_norm(x, mean, variance, { training: false });
    expect(mean.tolist()).toEqual([0.5, 6]);
  });

  it("embedding with max_norm shortens the rows that it reads", () => {
    const weight = torch.tensor([
      [3, 4],
      [6, 8],
      [0.3, 0.4],
    ]);
    const found = F.embedding(torch.tensor([1n, 2n]), weight, { max_norm: 1 });
    expect((weight.tolist() as number[][]).map((row) => row.map((value) => Math.round(value * 1e4) / 1e4))).toEqual([
      [3, 4],
      [0.6, 0.8],
      [0.3, 0.4],
    ]);
    expect(found.at(0).tolist()).toEqual(weight.at(1).tolist());
  });
});

describe("attention", () => {
  const rows = torch.tensor([
    [
      [1, 0],
      [0, 1],
    ],
  ]);
  it("gives zeros, and passes no gradient, where a query sees nothing", () => {
    const query = rows.clone().requires_grad_();
    const mask = torch.tensor([
      [true, true],
      [false, false],
    ]);
    const out = F.scaled_dot_product_attention(query, rows, rows, mask);
    expect(out.at(0, 1).tolist()).toEqual([0, 0]);
    const [grad] = torch.autograd.grad([out.sum()], [query]);
    expect(grad.at(0, 1).tolist()).toEqual([0, 0]);
    expect(grad.isfinite().all().item()).toBe(true);
  });

  it("adds a float mask and hides what a bool mask marks false", () => {
    const hidden = F.scaled_dot_product_attention(
      rows,
      rows,
      rows,
      torch.tensor([
        [true, false],
        [true, true],
      ]),
    );
    const added = F.scaled_dot_product_attention(
      rows,
      rows,
      rows,
      torch.tensor([
        [0, -Infinity],
        [0, 0],
      ]),
    );
    expect(added.tolist()).toEqual(hidden.tolist());
    expect(hidden.at(0, 0).tolist()).toEqual([1, 0]);
  });
});

describe("pooling", () => {
  it("uneven windows keep what is not finite, in values and gradients, to those that cover it", () => {
    const x = torch.tensor([[1, NaN, 2, 3, 4, Infinity, 7]]).requires_grad_();
    const means = F.adaptive_avg_pool1d(x, 3);
    expect(means.tolist()).toEqual([[NaN, 3, Infinity]]);
    means.backward(torch.tensor([[3, Infinity, 6]]));
    expect(x.grad!.tolist()).toEqual([[1, 1, Infinity, Infinity, Infinity, 2, 2]]);
    const [wide] = F.interpolate(x.detach().reshape([1, 1, 7]), { size: 9, mode: "area" }).tolist() as number[][][];
    expect(wide![0]!.slice(4)).toEqual([3, 3.5, Infinity, Infinity, 7]);
  });
});

describe("losses", () => {
  it("ignored targets count neither in the sum nor in the mean", () => {
    const logits = torch.tensor([
      [1, 2],
      [3, 1],
      [0, 5],
    ]);
    const some = F.cross_entropy(logits, torch.tensor([0n, -100n, 1n]));
    const kept = F.cross_entropy(logits.index_select(0, torch.tensor([0n, 2n])), torch.tensor([0n, 1n]));
    expect(some.item()).toBeCloseTo(kept.item() as number, 6);
  });

  it("ctc_loss of more steps is no larger program", () => {
    const kernelCount = (steps: number): number => {
      const scores = torch.randn(steps, 2, 5).requires_grad_();
      const targets = torch.randint(1, 5, [2, 3]);
      const lengths = torch.tensor([steps, steps - 1]).long();
      const run = torch.compile(() =>
        F.ctc_loss(scores.log_softmax(2), targets, lengths, torch.tensor([3, 2]).long()).backward(),
      );
      run();
      return run.statistics.kernels;
    };
    expect(kernelCount(30)).toBe(kernelCount(10));
  });

  it("a target that is no class is reported when the loss is read", () => {
    const loss = F.cross_entropy(torch.zeros(2, 3), torch.tensor([0n, 3n]));
    expect(() => loss.item()).toThrow(/out of (range|bounds)/);
  });
});

describe("mistakes are named", () => {
  it.each([
    [
      () => F.linear(torch.zeros(2, 3), torch.zeros(4, 5)),
      /mat1 and mat2 shapes cannot be multiplied: input float32\[2, 3\], weight float32\[4, 5\]/,
    ],
    [
      () => F.conv2d(torch.zeros(1, 3, 8, 8), torch.zeros(4, 2, 3, 3)),
      /expected input\[1, 3, 8, 8\] to have 2 channels, but got 3 channels instead/,
    ],
    [
      () => F.conv2d(torch.zeros(1, 3, 2, 2), torch.zeros(4, 3, 3, 3)),
      /Kernel size can't be greater than actual input size/,
    ],
    [() => F.max_pool2d(torch.zeros(1, 1, 4, 4), 2, 2, 3), /pad should be at most half of effective kernel size/],
    [() => F.layer_norm(torch.zeros(2, 3), [4]), /Given normalized_shape=\[4\], expected input with shape \[\*, 4\]/],
    [
      () => F.batch_norm(torch.zeros(1, 3), null, null, { training: true }),
      /Expected more than 1 value per channel when training/,
    ],
    [() => F.cross_entropy(torch.zeros(2, 3), torch.zeros(3).long()), /Expected target size \[2\], got \[3\]/],
    [() => F.dropout(torch.zeros(2), 2), /dropout probability has to be between 0 and 1, but got 2/],
  ])("%#", (call, message) => {
    expect(call).toThrow(message);
  });
});
