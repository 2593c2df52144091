/**
 * The smallest training loop: a perceptron learns which of two spirals a point lies on. Nothing is compiled by hand: each
 * step is recorded, found in the program cache, and run as one program.
 *
 * npx tsx --conditions=source examples/mlp.ts
 */
import * as torch from "cresset";

const { nn, optim } = torch;
const { functional: F } = nn;

const perSpiral = 200;

/** float32[2 * perSpiral, 2] points in [-1, 1] and the int64 number of their spiral. */
function spirals(): [points: torch.Tensor, labels: torch.Tensor] {
  const along = torch.linspace(0.05, 1, perSpiral);
  const angle = along.mul(3 * Math.PI);
  const arm = torch.stack([angle.cos().mul(along), angle.sin().mul(along)], 1);
  const points = torch.cat([arm, arm.neg()]);
  const labels = torch.cat([
    torch.zeros([perSpiral], { dtype: torch.int64 }),
    torch.ones([perSpiral], { dtype: torch.int64 }),
  ]);
  return [points.add(torch.randn_like(points).mul(0.02)), labels];
}

torch.manual_seed(0);
const [points, labels] = spirals();
const model = new nn.Sequential(
  new nn.Linear(2, 32),
  new nn.Tanh(),
  new nn.Linear(32, 32),
  new nn.Tanh(),
  new nn.Linear(32, 2),
);
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });

for (let step = 1; step <= 600; step++) {
  optimizer.zero_grad();
  const scores = model(points);
  const loss = F.cross_entropy(scores, labels);
  loss.backward();
  optimizer.step();
  if (step % 100 !== 0) continue;
  const right = scores.argmax(1).eq(labels).sum().item();
  console.log(`step ${step}  loss ${Number(loss.item()).toFixed(4)}  ${String(right)} of ${labels.numel()} right`);
}

// What the network says of every point of the plane.
const [columns, rows] = [60, 24];
const x = torch.linspace(-1.1, 1.1, columns).expand(rows, columns);
const y = torch.linspace(1.1, -1.1, rows).unsqueeze(1).expand(rows, columns);
const plane = torch.no_grad(() => model(torch.stack([x, y], 2)).argmax(2)).tolist() as number[][];
console.log(plane.map((row) => row.map((spiral) => (spiral === 0 ? "·" : "#")).join("")).join("\n"));
