/** A small training run that needs nothing but the library: shared by the policy and memory tests. */
import * as torch from "cresset";

const { nn, optim } = torch;

export interface Run {
  readonly first: number;
  readonly last: number;
}

/** Fits random labels with a compiled step; the loss falls when everything works. */
export async function train(device: string, steps: number, every = steps): Promise<Run> {
  torch.manual_seed(0);
  const model = new nn.Sequential(new nn.Linear(6, 8), new nn.Tanh(), new nn.Linear(8, 3)).to(device);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });
  const x = torch.randn(16, 6).to(device);
  const y = torch.randint(0, 3, [16]).to(device);
  const step = torch.compile((input: torch.Tensor, target: torch.Tensor) => {
    optimizer.zero_grad();
    const loss = nn.functional.cross_entropy(model(input), target);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const first = Number(await step(x, y).itemAsync());
  let last = first;
  for (let i = 1; i < steps; i++) {
    const loss = step(x, y);
    if (i % every === 0 || i === steps - 1) last = Number(await loss.itemAsync());
  }
  return { first, last };
}
