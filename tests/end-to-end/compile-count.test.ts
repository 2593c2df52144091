/** A training step compiles once, whatever numbers change: counted at WebAssembly.Module and Function, not by us. */
import { compilations } from "./counters.ts";
import { describe, expect, it, test } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;
const F = nn.functional;

/** A model with dropout, Adam and a schedule: everything about it changes from step to step but the program. */
function training(device: string, width = 16) {
  torch.manual_seed(0);
  const model = new nn.Sequential(
    new nn.Linear(12, width),
    new nn.ReLU(),
    new nn.Dropout(0.2),
    new nn.Linear(width, 5),
  ).to(device);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });
  const scheduler = new optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000);
  const step = (x: torch.Tensor, y: torch.Tensor): torch.Tensor => {
    optimizer.zero_grad();
    const loss = F.cross_entropy(model(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const batch = (size: number): [torch.Tensor, torch.Tensor] => [
    torch.randn(size, 12).to(device),
    torch.randint(0, 5, [size]).to(device),
  ];
  return { step, scheduler, batch };
}

describe.each(["cpu", "cpu:js"])("compile count on %s", (device) => {
  it("stays constant after step 2 of 1,000 steps recorded lazily", { timeout: 120_000 }, () => {
    const { step, scheduler, batch } = training(device);
    const [x, y] = batch(32);
    let after = 0;
    let last = 0;
    for (let i = 0; i < 1000; i++) {
      last = Number(step(x, y).item());
      scheduler.step();
      if (i === 1) after = compilations();
    }
    expect(compilations()).toBe(after);
    expect(last).toBeGreaterThan(0);
  });

  it("stays constant after step 2 of 1,000 steps of a compiled function", { timeout: 120_000 }, () => {
    const { step, scheduler, batch } = training(device);
    const compiled = torch.compile(step);
    const [x, y] = batch(32);
    let after = 0;
    for (let i = 0; i < 1000; i++) {
      compiled(x, y);
      scheduler.step();
      if (i === 1) after = compilations();
    }
    expect(compilations()).toBe(after);
    // The step, and the conditions that it checks beforehand.
    expect(compiled.statistics.compileCount).toBe(2);
    expect(compiled.explain_recompiles()).toEqual([]);
  });

  it("gives the same losses lazily and compiled", () => {
    const lazy = training(device);
    const [x, y] = lazy.batch(32);
    const expected = Array.from({ length: 20 }, () => (lazy.scheduler.step(), Number(lazy.step(x, y).item())));
    const other = training(device);
    const compiled = torch.compile(other.step);
    const [u, v] = other.batch(32);
    const actual = Array.from({ length: 20 }, () => (other.scheduler.step(), Number(compiled(u, v).item())));
    actual.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 5));
  });

  it("compiles once more for a last, smaller batch, and nothing for further sizes after the third", () => {
    // A width of its own: kernels are shared between sizes of one graph, whoever made it.
    const { step, batch } = training(device, 23);
    const compiled = torch.compile(step);
    const run = (size: number): number => {
      const before = compilations();
      compiled(...batch(size)).item();
      return compilations() - before;
    };
    run(64);
    const second = run(30);
    expect(run(64)).toBe(0);
    expect(run(30)).toBe(0);
    const third = run(17);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeGreaterThan(0);
    for (const size of [45, 8, 100, 29]) expect(run(size), `size ${size}`).toBe(0);
    expect(String(compiled.explain_recompiles()[0])).toContain("shape[0]: 64 -> 30");
  });
});

test("a sequence that grows by one compiles nothing new after a while, and stays right", { timeout: 60_000 }, () => {
  const width = 8;
  const [first, second] = [new nn.Linear(width, 3 * width), new nn.Linear(width, width)];
  const attend = (x: torch.Tensor): torch.Tensor => {
    const [q, k, v] = first(x)
      .chunk(3, -1)
      .map((part) => part.view(1, x.shape[1]!, 2, width / 2).transpose(1, 2));
    const mixed = F.scaled_dot_product_attention(q!, k!, v!, { is_causal: true });
    return second(F.layer_norm(mixed.transpose(1, 2).reshape(...x.shape), [width]));
  };
  torch.no_grad(() => {
    let sequence = torch.randn(1, 1, width);
    const counts: number[] = [];
    for (let length = 1; length < 60; length++) {
      const before = compilations();
      const last = attend(sequence).narrow(1, length - 1, 1);
      last.sum().item();
      counts.push(compilations() - before);
      torch.use_deterministic_algorithms(true);
      const alone = attend(sequence.clone()).narrow(1, length - 1, 1);
      expect(last.sub(alone).abs().max().item(), `length ${length}`).toBeLessThan(1e-5);
      torch.use_deterministic_algorithms(false);
      sequence = torch.cat([sequence, last], 1);
    }
    expect(counts.slice(20).reduce((sum, count) => sum + count)).toBeLessThan(4);
  });
});

test("lengths of sequences share kernels, whether rows fill tiles or not", { timeout: 60_000 }, () => {
  const layer = new nn.TransformerEncoderLayer(8, 2, 16, { dropout: 0, batch_first: true });
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.01 });
  const counts = [12, 17, 23, 26, 31, 40, 45, 33, 20].map((length) => {
    const before = compilations();
    optimizer.zero_grad();
    const loss = layer(torch.randn(1, length, 8))
      .pow(2)
      .mean();
    loss.backward();
    optimizer.step();
    loss.item();
    return compilations() - before;
  });
  expect(counts.slice(4)).toEqual([0, 0, 0, 0, 0]);
});
