import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;

function set(model: torch.nn.Linear, value: number): void {
  torch.no_grad(() => model.weight.fill_(value));
}

describe("averaged weights", () => {
  it("are the mean of what was seen", () => {
    const model = new nn.Linear(1, 1, { bias: false });
    const averaged = new optim.swa_utils.AveragedModel(model);
    for (const value of [1, 2, 6]) {
      set(model, value);
      averaged.update_parameters(model);
    }
    expect(averaged.n_averaged.item()).toBe(3);
    expect(averaged(torch.ones(1, 1)).item()).toBeCloseTo(3);
    expect(Object.keys(averaged.state_dict())).toEqual(["n_averaged", "module.weight"]);
  });

  it("are counted where the weights are", () => {
    const model = new nn.Linear(1, 1, { bias: false, device: "cpu:js" });
    const averaged = new optim.swa_utils.AveragedModel(model);
    const update = torch.compile(() => averaged.update_parameters(model));
    for (const value of [1, 2, 6]) {
      set(model, value);
      update();
    }
    expect(averaged.module.weight.item()).toBeCloseTo(3);
    averaged.n_averaged = averaged.n_averaged.cpu();
    set(model, 7);
    averaged.update_parameters(model);
    expect(averaged.module.weight.item()).toBeCloseTo(4);
  });

  it("may decay", () => {
    const model = new nn.Linear(1, 1, { bias: false });
    const averaged = new optim.swa_utils.AveragedModel(model, { avg_fn: optim.swa_utils.get_ema_avg_fn(0.5) });
    for (const value of [4, 8]) {
      set(model, value);
      averaged.update_parameters(model);
    }
    expect(averaged.module.weight.item()).toBe(6);
  });

  it("are of whole and complex numbers too", () => {
    class Rotation extends nn.Module {
      angle = new nn.Parameter(torch.tensor([new torch.Complex(1, 2)]));
      declare seen: torch.Tensor;
      constructor() {
        super();
        this.register_buffer("seen", torch.tensor([1n]));
      }
      override forward(x: torch.Tensor): torch.Tensor {
        return x.mul(this.angle);
      }
    }
    const model = new Rotation();
    const averaged = new optim.swa_utils.AveragedModel(model, { use_buffers: true });
    for (let i = 0; i < 3; i++) {
      torch.no_grad(() => {
        model.angle.mul_(new torch.Complex(1, 0.5));
        model.seen.mul_(2).add_(1);
      });
      averaged.update_parameters(model);
    }
    // As in PyTorch, which drops what is behind the point.
    expect(averaged.module.seen.tolist()).toEqual([8]);
    const angle = averaged.module.angle.detach().item() as unknown as torch.Complex;
    expect(angle.re).toBeCloseTo(-1.25);
    expect(angle.im).toBeCloseTo(2.2916667);
  });

  it("get statistics of their own", async () => {
    const model = new nn.Sequential(new nn.BatchNorm1d(1));
    await optim.swa_utils.update_bn([torch.tensor([[1], [3]]), torch.tensor([[5], [7]])], model);
    expect((model[0] as unknown as torch.nn.BatchNorm1d).running_mean!.tolist()).toEqual([4]);
    expect((model[0] as unknown as torch.nn.BatchNorm1d).momentum).toBe(0.1);
  });
});

describe("SWALR", () => {
  it("anneals to its rate and stays", () => {
    const optimizer = new optim.SGD([torch.zeros([1], { requires_grad: true })], { lr: 1 });
    const scheduler = new optim.swa_utils.SWALR(optimizer, 0.2, { anneal_epochs: 2, anneal_strategy: "linear" });
    const rates = [0, 1, 2].map(() => {
      scheduler.step();
      return optimizer.param_groups[0]!.lr;
    });
    expect(rates.map((rate) => rate.toFixed(3))).toEqual(["0.600", "0.200", "0.200"]);
  });
});

describe("deepcopy", () => {
  it("shares nothing, and keeps what is shared inside", () => {
    const layer = new nn.Linear(2, 2);
    const model = new nn.Sequential(layer, layer);
    const copy = torch.copy.deepcopy(model);
    expect(copy.parameters()).toHaveLength(2);
    torch.no_grad(() => layer.weight.fill_(9));
    expect((copy.parameters()[0]!.detach().tolist() as number[][])[0]).not.toContain(9);
    expect(copy(torch.ones(1, 2)).shape).toEqual([1, 2]);
  });
});
