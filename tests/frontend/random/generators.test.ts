import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const three = (): unknown => torch.rand(3).tolist();

describe("generators", () => {
  it("go back to a state, and each has a stream of its own", () => {
    torch.manual_seed(1);
    const state = torch.get_rng_state();
    expect([state.dtype, state.shape]).toEqual([torch.uint8, [5056]]);
    const first = three();
    torch.set_rng_state(state);
    expect(three()).toEqual(first);
    const generator = new torch.Generator().manual_seed(1);
    expect(torch.rand(3, { generator }).tolist()).toEqual(first);
    expect([generator.initial_seed(), torch.initial_seed()]).toEqual([1, 1]);
    const copy = new torch.Generator().set_state(generator.get_state());
    expect(torch.randn(20, { generator: copy }).tolist()).toEqual(torch.randn(20, { generator }).tolist());
  });

  it("are forked for a function, a promise or a scope", async () => {
    torch.random.manual_seed(2);
    const next = torch.random.fork_rng(three);
    expect(three()).toEqual(next);
    const later = torch.random.fork_rng(async () => {
      await Promise.resolve();
      return three();
    });
    const promised = await later;
    expect(three()).toEqual(promised);
    const scope = torch.random.fork_rng();
    const inside = three();
    scope[Symbol.dispose]();
    expect(three()).toEqual(inside);
    const unforked = torch.random.fork_rng(three, { enabled: false });
    expect(three()).not.toEqual(unforked);
    expect(() =>
      torch.random.fork_rng(() => {
        three();
        throw new Error("inside");
      }),
    ).toThrow("inside");
  });

  it("refuse what they do not know", () => {
    const options = { generatr: 1 } as never;
    const x = torch.full([3], 0.5);
    for (const draw of [
      () => torch.rand(3, options),
      () => torch.randn_like(x, options),
      () => torch.randint(3, [2], options),
      () => torch.randperm(3, options),
      () => torch.bernoulli(x, options),
      () => torch.normal(0, 1, [2], options),
      () => x.uniform_(options),
      () => torch.zeros(3, options),
      () => torch.full([3], 1, options),
      () => torch.arange(3, options),
      () => torch.tensor([1], options),
    ])
      expect(draw).toThrow("got an unexpected keyword argument 'generatr'");
    expect(() => x.bernoulli({ out: x })).toThrow("unexpected keyword argument 'out'");
  });

  it("give draws a gradient of zero by what they are drawn with", () => {
    const p = torch.full([4], 0.5, { requires_grad: true });
    for (const draw of [torch.bernoulli(p), torch.poisson(p), torch.binomial(torch.full([4], 9), p)]) {
      p.grad = null;
      draw.sum().backward();
      expect(p.grad!.tolist()).toEqual([0, 0, 0, 0]);
    }
    expect(() => torch.binomial(torch.ones(2, { dtype: torch.float64 }), torch.ones(2))).toThrow(torch.DTypeError);
  });

  it("refuse parameters and types that have no distribution", () => {
    const x = torch.zeros(2);
    expect(() => torch.normal(x, -1)).toThrow("normal expects std >= 0.0");
    expect(() => torch.normal(0, torch.tensor([1, -1])).tolist()).toThrow("all elements of std >= 0.0");
    expect(() => torch.normal(x, torch.ones(3))).toThrow(torch.ShapeError);
    expect(() => torch.normal(0, 1)).toThrow("missing the size");
    expect(torch.normal(torch.zeros(0), torch.ones(0)).shape).toEqual([0]);
    expect(() => torch.bernoulli(torch.tensor([1n]))).toThrow(torch.DTypeError);
    for (const name of ["exponential_", "cauchy_", "log_normal_", "uniform_", "normal_"] as const)
      expect(() => x.long()[name]()).toThrow(torch.DTypeError);
    expect(x.long().geometric_(0.5).dtype).toBe(torch.int64);
  });
});

it("a cloned generator goes on by itself where the other one is", () => {
  const first = new torch.Generator().manual_seed(3);
  torch.rand(5, { generator: first });
  const second = first.clone_state();
  const drawn = torch.rand(4, { generator: first }).tolist();
  expect(torch.rand(4, { generator: second }).tolist()).toEqual(drawn);
  expect(torch.rand(4, { generator: second }).tolist()).toEqual(torch.rand(4, { generator: first }).tolist());
});
