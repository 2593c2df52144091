/** Loops over parts of a tensor: one program for all positions, with the right numbers. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recorder } from "../../frontend/recorder.ts";

describe.each(["cpu", "cpu:js"])("parts of values on %s", (device) => {
  beforeEach(() => torch.set_default_device(device));
  afterEach(() => torch.set_default_device(null));

  const rows = 40;
  const x = (): torch.Tensor =>
    torch
      .arange(rows * 6, { dtype: torch.float32 })
      .reshape(rows, 6)
      .clone();
  const stored = (tensor: torch.Tensor): torch.Tensor => {
    tensor.tolist();
    return tensor;
  };
  /** How many programs are compiled for the places after the first. */
  function compiledAfterFirst(places: number, step: (place: number) => void): number {
    step(0);
    const before = recorder.compileCount;
    for (let place = 1; place < places; place++) step(place);
    return recorder.compileCount - before;
  }

  test.each<[string, (data: torch.Tensor, i: number) => torch.Tensor, (i: number) => number]>([
    ["a row", (data, i) => data.at(i), (i) => 36 * i + 15],
    ["rows", (data, i) => data.narrow(0, i, 2), (i) => 72 * i + 66],
    ["rows by a slice", (data, i) => data.at(`${i}:${i + 3}`), (i) => 108 * i + 153],
    ["a part of a row", (data, i) => data.at(i).narrow(0, 1, 2), (i) => 12 * i + 3],
    ["a part of rows that are a part", (data, i) => data.narrow(0, i, 3).at(1), (i) => 36 * i + 51],
    ["elements of another shape", (data, i) => data.view(-1).narrow(0, 5 * i, 4), (i) => 20 * i + 6],
  ])("%s", (_name, part, sum) => {
    const data = stored(x());
    const step = (i: number): void => expect(part(data, i).add(0.5).sub(0.5).sum().item()).toBe(sum(i));
    expect(compiledAfterFirst(rows - 3, step)).toBe(0);
    const read = (i: number): void => {
      const elements = [part(data, i).tolist()].flat(2) as number[];
      expect(elements.reduce((a, b) => a + b)).toBe(sum(i));
    };
    expect(compiledAfterFirst(rows - 3, read)).toBe(0);
  });

  test("parts that do not lie side by side are taken from the whole", () => {
    const data = stored(x());
    expect(data.narrow(1, 2, 2).narrow(0, 3, 2).tolist()).toEqual([[20, 21], [26, 27]]); // prettier-ignore
    expect(data.at("::2").at(3).tolist()).toEqual([36, 37, 38, 39, 40, 41]);
    expect(data.t().at(1).narrow(0, 2, 2).tolist()).toEqual([13, 19]);
    expect(data.flip(0).at(0).tolist()).toEqual([234, 235, 236, 237, 238, 239]);
    expect(data.narrow(0, 3, 0).sum().item()).toBe(0);
  });

  test.each([
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "uint8",
    "int16",
    "int32",
    "int64",
    "bool",
    "complex64",
  ] as const)("of %s", (dtype) => {
    const data = stored(torch.arange(24).remainder(7).to(torch[dtype]).reshape(8, 3));
    for (let i = 0; i < 7; i++) {
      const expected = torch.arange(3 * i, 3 * i + 6).remainder(7).to(torch[dtype]).reshape(2, 3); // prettier-ignore
      expect(torch.equal(data.narrow(0, i, 2), expected)).toBe(true);
      expect(torch.equal(data.narrow(0, i, 2).clone().reshape(-1), expected.reshape(-1))).toBe(true);
    }
  });

  test("a part is of the contents that there were when it was read", () => {
    const data = stored(x());
    const before = data.at(2).clone();
    const view = data.at(2);
    data.add_(100);
    expect(before.tolist()).toEqual([12, 13, 14, 15, 16, 17]);
    expect(view.tolist()).toEqual([112, 113, 114, 115, 116, 117]);
    view.zero_();
    expect(data.narrow(0, 1, 2).sum(1).tolist()).toEqual([651, 0]);
    expect(data.narrow(0, 1, 2).numpy().slice(6)).toEqual(new Float32Array(6));
  });

  test("what was prepared before a loop is computed once, not in each turn", () => {
    const prepared = x().sub(x().mean(0)).div(x().std(0));
    const seen: number[] = [];
    const step = (i: number): void => void seen.push(Number(prepared.narrow(0, i, 2).sum().item()));
    step(0);
    step(1);
    step(2);
    expect(compiledAfterFirst(9, (i) => step(i + 3))).toBe(0);
    const kernels = recorder.lastExecutable!.program.steps.filter(({ kind }) => kind === "kernel");
    expect(kernels).toHaveLength(1);
    const whole = prepared.tolist() as number[][];
    seen.forEach((sum, i) =>
      expect(sum).toBeCloseTo(
        [...whole[i]!, ...whole[i + 1]!].reduce((a, b) => a + b),
        4,
      ),
    );
  });

  test("what is read late, or used again, is a result of the first program from then on", () => {
    const data = stored(x());
    const w = torch.ones(6, 2).mul(0.01).requires_grad_();
    for (let i = 0; i < 6; i++) {
      const y = data.narrow(0, i, 3).matmul(w.detach());
      const loss = data.narrow(0, i, 3).matmul(w).mean();
      loss.backward();
      torch.no_grad(() => w.sub_(w.grad!.mul(1e-6)));
      w.grad = null;
      // A read of something else: what was recorded is past.
      w.tolist();
      const before = recorder.lastExecutable;
      expect(Number(loss.item())).toBeGreaterThan(0);
      expect(i < 2 || recorder.lastExecutable === before).toBe(true);
      const best = y.argmax(1).tolist();
      expect(best).toHaveLength(3);
      const kernels = recorder.lastExecutable!.program.steps.filter(({ kind }) => kind === "kernel");
      expect(i < 3 || kernels.length === 1).toBe(true);
    }
  });

  test("a sum that grows from step to step is computed as it grows", () => {
    let total = torch.zeros(3);
    const step = (i: number): void => {
      total = total.add(i);
      expect(total.mul(2).tolist()).toEqual([i * (i + 1), i * (i + 1), i * (i + 1)]);
    };
    step(0);
    step(1);
    step(2);
    expect(compiledAfterFirst(20, (i) => step(i + 3))).toBe(0);
  });

  test("many parts of one value", () => {
    const data = stored(x());
    expect(torch.stack(data.unbind(0).toReversed()).at(0).tolist()).toEqual([234, 235, 236, 237, 238, 239]);
    const sum = data.unbind(0).reduce((a, b) => a.add(b));
    expect(sum.tolist()).toEqual(data.sum(0).tolist());
  });

  test("a training loop over slices of its data compiles one step", () => {
    torch.manual_seed(0);
    const data = stored(torch.randn(rows, 6));
    const targets = stored(torch.randn(rows, 2));
    const train = (of: (whole: torch.Tensor, i: number) => torch.Tensor): { losses: unknown[]; compiled: number } => {
      torch.manual_seed(1);
      const model = new torch.nn.Sequential(new torch.nn.Linear(6, 5), new torch.nn.Tanh(), new torch.nn.Linear(5, 2));
      const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
      const losses: unknown[] = [];
      const step = (i: number): void => {
        optimizer.zero_grad();
        const loss = torch.nn.functional.mse_loss(model(of(data, i)), of(targets, i));
        loss.backward();
        optimizer.step();
        losses.push(loss.item());
      };
      step(0);
      step(1);
      const compiled = compiledAfterFirst(9, (i) => step(i + 1));
      return { losses, compiled };
    };
    const inParts = train((whole, i) => whole.narrow(0, 4 * i, 4));
    expect(inParts.compiled).toBe(0);
    const copies = train((whole, i) => torch.tensor(whole.narrow(0, 4 * i, 4).tolist()));
    expect(inParts.losses).toEqual(copies.losses);
  });
});
