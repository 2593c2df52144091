/** What a compiled function leaves behind besides its results: each call leaves what the function itself would. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { nn } = torch;
type Tensor = torch.Tensor;

const inputs = (device: string): Tensor[] => [1, 2, 3, 4].map((i) => torch.tensor([i, 1, 0], { device }));
const firsts = (held: readonly Tensor[]): unknown[] => held.map((x) => (x.tolist() as number[])[0]);

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  test.each<[string, (grad: Tensor, w: Tensor) => unknown]>([
    ["written", (grad) => grad.mul_(0.5)],
    ["clipped", (_, w) => nn.utils.clip_grad_norm_([w], 1)],
  ])("a gradient of the first call that the function has %s keeps its values", (_, change) => {
    const w = torch.ones(3, { device, requires_grad: true });
    const step = torch.compile((x: Tensor) => {
      w.grad = null;
      w.mul(x).sum().backward();
      torch.no_grad(() => change(w.grad!, w));
    });
    const eager = (x: Tensor): Tensor => {
      const own = torch.ones(3, { device, requires_grad: true });
      own.mul(x).sum().backward();
      torch.no_grad(() => change(own.grad!, own));
      return own.grad!;
    };
    const held = inputs(device).map((x) => {
      step(x);
      return w.grad!;
    });
    expect(held.map((x) => x.tolist())).toEqual(inputs(device).map((x) => eager(x).tolist()));
  });

  test("draws that are handed out are each call's own", () => {
    const draw = torch.compile(() => torch.randn(3, { device }));
    torch.manual_seed(0);
    const held = inputs(device).map(() => draw());
    torch.manual_seed(0);
    expect(firsts(held)).toEqual(firsts(inputs(device).map(() => torch.randn(3, { device }))));
  });

  test("an assignment to .data leaves memory that others know as it is", () => {
    const p = torch.zeros(3, { device, requires_grad: true });
    const step = torch.compile((x: Tensor) => {
      p.data = p.data.add(x);
    });
    const held = inputs(device).map((x) => {
      step(x);
      return p.detach();
    });
    expect(firsts(held)).toEqual([1, 3, 6, 10]);
    expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/assigns \.data .*\.data\.copy_\(\)/)]]);
  });

  test("an argument that becomes a tensor's .data is that tensor's memory", () => {
    const p = torch.zeros(3, { device });
    const step = torch.compile((x: Tensor) => {
      p.data = x;
      p.add_(1);
    });
    for (const x of inputs(device)) {
      step(x);
      p.mul_(2);
      expect(x.tolist()).toEqual(p.tolist());
    }
    expect(p.tolist()).toEqual([10, 4, 2]);
  });

  test("tensors that exchange their memory do so at each call", () => {
    const [a, b] = [torch.zeros(3, { device }), torch.ones(3, { device })];
    const step = torch.compile((x: Tensor) => {
      const { data } = a;
      a.data = b.data;
      b.data = data;
      a.add_(x);
    });
    inputs(device).forEach((x) => step(x));
    expect([a.tolist(), b.tolist()]).toEqual([
      [6, 2, 0],
      [5, 3, 1],
    ]);
  });

  class Leaky extends nn.Module {
    declare t: Tensor;
    constructor() {
      super();
      this.register_buffer("t", torch.zeros(3, { device }));
    }
    override forward(x: Tensor): Tensor {
      this.t = this.t.mul(0.5).add(x);
      return this.t.mul(1);
    }
  }
  test("a module that replaces its buffer has the new one at the next call", () => {
    const model = new Leaky();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2.5, 4.25, 6.125]);
    expect(firsts([model.t])).toEqual([6.125]);
  });

  class Recurrent extends nn.Module {
    h: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.h = this.h === null ? x : this.h.mul(0.5).add(x);
      return this.h;
    }
  }
  test("a module that keeps its state in a member has it at the next call", () => {
    const model = new Recurrent();
    const forward = torch.compile((x: Tensor) => model(x).mul(1));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2.5, 4.25, 6.125]);
  });

  class Keeping extends nn.Module {
    readonly state: { h: Tensor | null; seen: Tensor | null } = { h: null, seen: null };
    override forward(x: Tensor): Tensor {
      const { h } = this.state;
      this.state.h = h === null ? x : h.mul(0.5).add(x);
      this.state.seen = x.mul(2);
      return this.state.h;
    }
  }
  test("so has one that keeps it in an object", () => {
    const model = new Keeping();
    const forward = torch.compile((x: Tensor) => model(x).mul(1));
    const seen: Tensor[] = [];
    const given = inputs(device).map((x) => {
      const y = forward(x);
      seen.push(model.state.seen!);
      return y;
    });
    expect(firsts(given)).toEqual([1, 2.5, 4.25, 6.125]);
    expect(firsts(seen)).toEqual([2, 4, 6, 8]);
  });

  class Stashing extends nn.Module {
    seen: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.seen = x.mul(2);
      return x.sum();
    }
  }
  test("what a module leaves in a member for others is there after each call, without recording again", () => {
    const model = new Stashing();
    const forward = torch.compile((x: Tensor) => model(x));
    const seen = inputs(device).map((x) => {
      forward(x);
      return model.seen!;
    });
    expect(firsts(seen)).toEqual([2, 4, 6, 8]);
    expect(forward.explain_recompiles()).toHaveLength(1);
    model.seen = null;
    forward(inputs(device)[0]!);
    expect(firsts([model.seen as unknown as Tensor])).toEqual([2]);
  });

  class Caching extends nn.Module {
    mask: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.mask ??= torch.tril(torch.ones(3, 3, { device }));
      return this.mask.matmul(x);
    }
  }
  test("a constant that a module makes at its first call is no reason to record again", () => {
    const model = new Caching();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2, 3, 4]);
    expect(forward.explain_recompiles()).toEqual([]);
  });
});
