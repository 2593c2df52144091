/** Training with kernels large enough for threads to share, in Node and on pages. */
import * as torch from "cresset";

const { nn, optim } = torch;

export interface ThreadedRun {
  readonly threads: number;
  /** Of every step. */
  readonly losses: readonly number[];
  /** Of all parameters in the end. */
  readonly parameters: readonly number[];
}

/** Asks for so many threads, gives them `waitMs` to start, and trains. */
export async function train(threads: number, steps: number, waitMs = 0): Promise<ThreadedRun> {
  torch.manual_seed(0);
  const model = new nn.Sequential(
    new nn.Conv2d(1, 8, 3),
    new nn.ReLU(),
    new nn.Flatten(),
    new nn.Linear(8 * 14 * 14, 65),
    new nn.LayerNorm(65),
    new nn.Linear(65, 10),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const x = torch.randn(33, 1, 16, 16);
  const y = torch.randint(0, 10, [33]);
  const step = torch.compile((input: torch.Tensor, target: torch.Tensor) => {
    optimizer.zero_grad();
    const loss = nn.functional.cross_entropy(model(input), target);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses: number[] = [];
  const half = steps >> 1;
  for (let i = 0; i < steps; i++) {
    // In the middle of it: what is compiled and what is in memory goes on.
    if (i === half) {
      torch.set_num_threads(threads);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    losses.push(Number(await step(x, y).itemAsync()));
  }
  const parameters: number[] = [];
  for (const parameter of model.parameters()) parameters.push(Number(await parameter.detach().sum().itemAsync()));
  return { threads: torch.get_num_threads(), losses, parameters };
}
