import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;
const leaf = (...values: number[]): torch.Tensor => torch.tensor(values, { requires_grad: true });

describe("Optimizer", () => {
  it("updates in place: 1 - 0.1 * 2", () => {
    const w = leaf(1);
    const optimizer = new optim.SGD([w], { lr: 0.1 });
    w.mul(2).sum().backward();
    optimizer.step();
    expect(w.detach().item()).toBeCloseTo(0.8);
    expect([w.is_leaf, w.requires_grad]).toEqual([true, true]);
    optimizer.zero_grad();
    expect(w.grad).toBeNull();
  });

  it("skips parameters without gradients", () => {
    const [a, b] = [leaf(1), leaf(1)];
    const optimizer = new optim.Adam([a, b]);
    a.sum().backward();
    optimizer.step();
    expect(b.detach().item()).toBe(1);
    expect(optimizer.state.size).toBe(1);
  });

  it("has groups with options of their own", () => {
    const [a, b, c] = [leaf(1), leaf(1), leaf(1)];
    const optimizer = new optim.SGD([{ params: [a] }, { params: b, lr: 1 }], { lr: 0.5 });
    optimizer.add_param_group({ params: [c], lr: 0 });
    a.add(b).add(c).sum().backward();
    optimizer.step();
    expect([a, b, c].map((p) => p.detach().item())).toEqual([0.5, 0, 1]);
    expect(() => optimizer.add_param_group({ params: [a] })).toThrow(
      "some parameters appear in more than one parameter group",
    );
  });

  it("takes named parameters", () => {
    const layer = new nn.Linear(1, 1);
    expect(new optim.AdamW(layer.named_parameters()).param_groups[0]!.param_names).toEqual(["weight", "bias"]);
  });

  it("refuses what cannot be optimised", () => {
    expect(() => new optim.SGD([], { lr: 1 })).toThrow("optimizer got an empty parameter list");
    expect(() => new optim.SGD([leaf(1).mul(2)], { lr: 1 })).toThrow("can't optimize a non-leaf Tensor");
    expect(() => new optim.SGD([leaf(1)], { lr: -1 })).toThrow("Invalid learning rate: -1");
    expect(() => new optim.Adam([leaf(1)], { betas: [0.9, 1] })).toThrow("Invalid beta parameter at index 1");
    expect(() => new optim.SGD([leaf(1)], { lr: 1, nesterov: true })).toThrow(
      "Nesterov momentum requires a momentum and zero dampening",
    );
  });

  it("calls hooks and closures", () => {
    const w = leaf(2);
    const optimizer = new optim.SGD([w], { lr: 1 });
    const order: string[] = [];
    optimizer.register_step_pre_hook(() => order.push("before"));
    const after = optimizer.register_step_post_hook(() => order.push("after"));
    const loss = torch.no_grad(() =>
      optimizer.step(() => {
        optimizer.zero_grad();
        const value = w.pow(2).sum();
        value.backward();
        return value;
      }),
    );
    expect([loss.item(), w.detach().item()]).toEqual([4, -2]);
    after.remove();
    optimizer.step();
    expect(order).toEqual(["before", "after", "before"]);
  });

  it("goes on as if it had not stopped after its state was saved and loaded", () => {
    const run = (interrupted: boolean): unknown => {
      let w = leaf(1, -2);
      let optimizer = new optim.AdamW([w], { lr: 0.1, amsgrad: true });
      for (let i = 0; i < 6; i++) {
        if (interrupted && i === 3) {
          const saved = optimizer.state_dict();
          w = torch.tensor(w.detach().tolist(), { requires_grad: true });
          optimizer = new optim.AdamW([w]);
          optimizer.load_state_dict(saved);
        }
        optimizer.zero_grad();
        w.pow(2).sum().backward();
        optimizer.step();
      }
      return w.detach().tolist();
    };
    expect(run(true)).toEqual(run(false));
  });

  /** PyTorch keeps these optimizers' numbers in tensors of the default type; recorded with it. */
  const inTensors: [torch.dtype, "NAdam" | "ASGD", number[]][] = [
    [torch.float32, "NAdam", [0.80259701138459, -2.0778257247800402, 3.2863789351794517]],
    [torch.float64, "NAdam", [0.8025970115489927, -2.0778257249532905, 3.2863789353417525]],
    [torch.float32, "ASGD", [0.7860589514583961, -1.9975844096099533, 3.105761752348686]],
    [torch.float64, "ASGD", [0.7860589511166094, -1.9975844099478604, 3.105761752003667]],
  ];
  it.each(inTensors)("rounds its numbers where PyTorch does: %s by default, %s", (type, name, expected) => {
    const run = (interrupted: boolean): unknown => {
      const make = (p: torch.Tensor) =>
        name === "NAdam"
          ? new optim.NAdam([p], { lr: 0.013 })
          : new optim.ASGD([p], { lr: 0.013, t0: 3, lambd: 0.1, weight_decay: 0.01 });
      let w = torch.tensor([1, -2, 3.5], { dtype: torch.float64, requires_grad: true });
      let optimizer = make(w);
      for (let i = 0; i < 20; i++) {
        if (interrupted && i === 7) {
          const saved = optimizer.state_dict();
          w = w.detach().clone().requires_grad_();
          optimizer = make(w);
          optimizer.load_state_dict(saved);
        }
        optimizer.zero_grad();
        w.mul(0.3)
          .add(i % 3)
          .pow(2)
          .sum()
          .backward();
        optimizer.step();
      }
      return w.detach().tolist();
    };
    try {
      torch.set_default_dtype(type);
      const found = run(false) as number[];
      found.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 14));
      expect(run(true)).toEqual(found);
    } finally {
      torch.set_default_dtype(torch.float32);
    }
  });

  it("saves its state as PyTorch does", () => {
    const w = leaf(1);
    const optimizer = new optim.Adam([w]);
    w.sum().backward();
    optimizer.step();
    const { state, param_groups } = optimizer.state_dict();
    expect(Object.keys(state)).toEqual(["0"]);
    expect((state[0]!["step"] as torch.Tensor).item()).toBe(1);
    expect(Object.keys(state[0]!)).toEqual(["step", "exp_avg", "exp_avg_sq"]);
    expect(param_groups[0]!["params"]).toEqual([0]);
    expect(Object.isFrozen(param_groups[0]!["betas"])).toBe(true);
    const other = new optim.Adam([leaf(1), leaf(1)]);
    expect(() => other.load_state_dict(optimizer.state_dict())).toThrow("doesn't match the size of optimizer's group");
  });

  it("prints its groups", () => {
    expect(String(new optim.SGD([leaf(1)], { lr: 0.1 }))).toContain("SGD (\nParameter Group 0\n    dampening: 0\n");
  });
});

describe("LBFGS", () => {
  it("finds the minimum of a quadratic in a few steps", () => {
    const w = leaf(5, -3);
    const optimizer = new optim.LBFGS([w], { line_search_fn: "strong_wolfe" });
    optimizer.step(() => {
      optimizer.zero_grad();
      const loss = w
        .sub(torch.tensor([1, 2]))
        .pow(2)
        .mul(torch.tensor([1, 10]))
        .sum();
      loss.backward();
      return loss;
    });
    const [a, b] = w.detach().tolist() as number[];
    expect(a).toBeCloseTo(1, 4);
    expect(b).toBeCloseTo(2, 4);
    expect(() => optimizer.step()).toThrow("missing 1 required positional argument: 'closure'");
  });
});

describe("a parameter group that is added after the scheduler was made", () => {
  const { ReduceLROnPlateau, CosineAnnealingLR } = optim.lr_scheduler;
  const withGroup = (make: (optimizer: torch.optim.Optimizer) => unknown): torch.optim.Optimizer => {
    const optimizer = new optim.SGD([leaf(1)], { lr: 1 });
    make(optimizer);
    optimizer.add_param_group({ params: [leaf(2)], lr: 0.5 });
    return optimizer;
  };

  it("is reduced on a plateau like the others", () => {
    let scheduler: InstanceType<typeof ReduceLROnPlateau> | null = null;
    const optimizer = withGroup((made) => (scheduler = new ReduceLROnPlateau(made, { patience: 0 })));
    for (const loss of [1, 2, 3]) scheduler!.step(loss);
    const rates = optimizer.param_groups.map(({ lr }) => Number(lr));
    expect(rates[0]).toBeCloseTo(0.01);
    expect(rates[1]).toBeCloseTo(0.005);
  });

  it("is refused where each group has a rate that was known before", () => {
    let scheduler: { step(value?: number): void } | null = null;
    withGroup((made) => (scheduler = new CosineAnnealingLR(made, 10)));
    expect(() => scheduler!.step()).toThrow(/zip\(\) argument 2 is longer than argument 1/);
    withGroup((made) => (scheduler = new ReduceLROnPlateau(made, { patience: 0, min_lr: [0] })));
    expect(() => [1, 2, 3].forEach((loss) => scheduler!.step(loss))).toThrow(/The number of param groups/);
  });
});

it("set_num_threads refuses what cannot be meant", () => {
  expect(() => torch.set_num_threads(1e6)).toThrow(/at most 256/);
  expect(() => torch.set_num_threads("2" as unknown as number)).toThrow(/got "2"/);
});
