/** A value that fails a check: the error comes at the first read, comes again, and nothing else has changed. */
import { beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";
import { ensureSwiftShader, webgpuAvailable } from "../support/webgpu.ts";

describe.each(["cpu", "cpu:js"])("an index out of range on %s", (device) => {
  const index = torch.tensor([7n], { device });

  it("is an error at every read, not only the first", () => {
    const bad = torch.tensor([1, 2, 3], { device }).index_select(0, index);
    expect(() => bad.tolist()).toThrow(torch.IndexError);
    expect(() => bad.tolist()).toThrow(/out of range[\s\S]*failed-checks\.test\.ts/);
  });

  it("is found after thousands of other recordings", () => {
    const x = torch.tensor([1, 2, 3], { device });
    const bad = x.index_select(0, index);
    for (let i = 0; i < 1500; i++) x.index_select(0, torch.tensor([1n], { device }));
    expect(x.sum().item()).toBe(6);
    expect(() => bad.tolist()).toThrow(torch.IndexError);
  });

  it("leaves a tensor that was to be written as it was", () => {
    const x = torch.tensor([1, 2, 3], { device });
    x.sum().item();
    x.scatter_(0, index, 9);
    expect(() => x.tolist()).toThrow(torch.IndexError);
    expect(x.tolist()).toEqual([1, 2, 3]);
    x.add_(1);
    expect(x.tolist()).toEqual([2, 3, 4]);
  });
});

describe.each(["cpu", "cpu:js"])("a tensor that leaves the function it was recorded in on %s", (device) => {
  const leaked = (): torch.Tensor => {
    let inner: torch.Tensor | null = null;
    torch.scan(
      (carry: torch.Tensor, x: torch.Tensor) => {
        inner = carry.add(x);
        return [inner, carry] as const;
      },
      torch.zeros(2, { device }),
      torch.zeros(3, 2, { device }),
    );
    return inner!;
  };

  it("is refused where it is read, with the line", () => {
    const inner = leaked();
    expect(() => inner.tolist()).toThrow(torch.ReadError);
    expect(() => inner.tolist()).toThrow(/a tensor of the function's is used outside[\s\S]*failed-checks\.test\.ts/);
  });

  it("is refused where a known program would take it", () => {
    torch.ones(2, { device }).add(torch.zeros(2, { device })).tolist();
    expect(() => leaked().tolist()).toThrow(torch.ReadError);
  });

  it("is refused in a gradient", () => {
    const weight = torch.ones(2, { device }).requires_grad_();
    weight.mul(leaked()).sum().backward();
    expect(() => weight.grad!.tolist()).toThrow(torch.ReadError);
  });

  it("takes no pending write of another tensor with it", () => {
    const b = torch.zeros(2, { device });
    b.tolist();
    b.add_(1);
    expect(() => leaked().tolist()).toThrow(torch.ReadError);
    expect(b.tolist()).toEqual([1, 1]);
  });
});

/** A classifier with state that its first step computes for the first time; class 7 does not exist. */
function classifier(device: string) {
  const { nn, optim } = torch;
  const net = new nn.Sequential(new nn.Linear(4, 4), new nn.LayerNorm(4), new nn.Linear(4, 3)).to(device);
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.1 });
  const x = torch.ones(2, 4, { device });
  const step = (...classes: bigint[]): torch.Tensor => {
    optimizer.zero_grad();
    const loss = nn.functional.cross_entropy(net(x), torch.tensor(classes, { device }));
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { net, optimizer, step, norm: net.get_submodule("1") as InstanceType<typeof nn.LayerNorm> };
}

describe.each(["cpu", "cpu:js"])("a first step with a class out of range on %s", (device) => {
  it("leaves parameters that nobody had read", () => {
    const { norm, step } = classifier(device);
    expect(() => step(0n, 7n)).toThrow(torch.IndexError);
    expect(norm.weight!.tolist()).toEqual([1, 1, 1, 1]);
    expect(norm.bias!.tolist()).toEqual([0, 0, 0, 0]);
  });

  it("leaves the optimizer as it was", () => {
    const { optimizer, step } = classifier(device);
    expect(() => step(0n, 7n)).toThrow(torch.IndexError);
    expect(Object.keys(optimizer.state_dict().state)).toEqual([]);
  });

  it("does not matter to the steps that follow", () => {
    torch.manual_seed(3);
    const failed = classifier(device);
    expect(() => failed.step(0n, 7n)).toThrow(torch.IndexError);
    torch.manual_seed(3);
    const fresh = classifier(device);
    for (let i = 0; i < 3; i++) expect(failed.step(0n, 1n).item()).toBeCloseTo(Number(fresh.step(0n, 1n).item()), 6);
    expect(() => failed.step(0n, 7n)).toThrow(torch.IndexError);
    expect(failed.step(0n, 1n).item()).toBeCloseTo(Number(fresh.step(0n, 1n).item()), 6);
  });

  it("leaves parameters that nobody had read when it is compiled", () => {
    const { norm, step } = classifier(device);
    const compiled = torch.compile(step);
    expect(() => compiled(0n, 7n)).toThrow(torch.IndexError);
    expect(norm.weight!.tolist()).toEqual([1, 1, 1, 1]);
    expect(Number.isFinite(Number(compiled(0n, 1n).item()))).toBe(true);
  });

  it("keeps what was written before the wrong call", () => {
    const k = torch.zeros(3, { device });
    k.add_(1);
    const bad = torch.ones(3, { device }).index_select(0, torch.tensor([0n, 1n, 9n], { device }));
    k.add_(bad);
    expect(() => k.tolist()).toThrow(torch.IndexError);
    expect(k.tolist()).toEqual([1, 1, 1]);
    expect(() => bad.tolist()).toThrow(torch.IndexError);
    expect(torch.ones(1, { device }).tolist()).toEqual([1]);
  });
});

describe.skipIf(!(await webgpuAvailable()))("an index out of range on webgpu", () => {
  const device = "webgpu";
  beforeAll(async () => {
    await ensureSwiftShader();
    await torch.webgpu.init();
  });

  it("does not change what was to be written", async () => {
    const m = torch.zeros(3, { device });
    expect(await m.tolistAsync()).toEqual([0, 0, 0]);
    const index = torch.tensor([0n, 1n, 9n], { device });
    m.add_(torch.ones(3, { device }).index_select(0, index));
    await expect(m.tolistAsync()).rejects.toThrow(torch.IndexError);
    expect(await m.tolistAsync()).toEqual([0, 0, 0]);
    m.add_(torch.ones(3, { device }).index_select(0, torch.tensor([0n, 1n, 2n], { device })));
    expect(await m.tolistAsync()).toEqual([1, 1, 1]);
  });

  it.each(["lazy", "compiled"])("leaves the parameters and their states in a %s step", async (mode) => {
    const { net, step } = classifier(device);
    const run = mode === "lazy" ? step : torch.compile(step);
    for (const classes of [
      [0n, 1n],
      [1n, 1n],
    ] as const) {
      await run(...classes).itemAsync();
      const before = await net.get_parameter("0.weight").tolistAsync();
      const target = torch.tensor(
        classes.map(() => 7n),
        { device },
      );
      expect(target.shape).toEqual([2]);
      await expect(run(0n, 7n).itemAsync()).rejects.toThrow(torch.IndexError);
      expect(await net.get_parameter("0.weight").tolistAsync()).toEqual(before);
    }
  });
});
