/** A module that is compiled is that module, but for its calls. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const { nn, optim } = torch;

class Net extends nn.Module {
  readonly first = new nn.Linear(3, 4);
  readonly drop = new nn.Dropout(0.5);
  readonly last = new nn.Linear(4, 1);
  scale = 1;
  override forward(x: torch.Tensor): torch.Tensor {
    return this.last.forward(this.drop.forward(this.first.forward(x).tanh())).mul(this.scale);
  }
}

const twins = (): [Net, Net & ReturnType<typeof torch.compile<Net>>] => {
  const plain = new Net();
  const other = new Net();
  other.load_state_dict(plain.state_dict());
  return [plain, torch.compile(other)];
};

test("it has parameters, a state, modes and members, which its calls use", () => {
  const [plain, compiled] = twins();
  expect(compiled).toBeInstanceOf(Net);
  expect([...compiled.named_parameters()].map(([name]) => name)).toEqual(
    [...plain.named_parameters()].map(([name]) => name),
  );
  expect(Object.keys(compiled.state_dict())).toEqual(Object.keys(plain.state_dict()));
  const x = torch.ones(2, 3);
  for (const net of [plain, compiled]) {
    net.eval();
    net.scale = 3;
  }
  for (let i = 0; i < 3; i++)
    torch.no_grad(() => {
      expect(compiled(x).tolist()).toEqual(plain(x).tolist());
      for (const net of [plain, compiled]) net.first.weight.mul_(2);
    });
  expect(compiled.statistics.compileCount).toBe(1);
  compiled.train();
  expect([compiled.training, compiled.drop.training]).toEqual([true, true]);
  expect(compiled.explain_recompiles()).toEqual([]);
});

test("it is trained, and may be part of another module", () => {
  const [plain, compiled] = twins();
  const losses = [plain, compiled].map((net) => {
    const whole = new nn.Sequential(net, new nn.Identity());
    whole.eval();
    const optimizer = new optim.Adam(whole.parameters(), { lr: 0.1 });
    return Array.from({ length: 4 }, (_, i) => {
      optimizer.zero_grad();
      const loss = whole
        .forward(torch.full([2, 3], i))
        .pow(2)
        .mean();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  });
  expect(losses[1]).toEqual(losses[0]);
  expect(losses[0]![3]).not.toBe(losses[0]![0]);
});
