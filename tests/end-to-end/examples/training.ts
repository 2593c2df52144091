import { dataset } from "./dataset.ts";
import * as torch from "cresset";
const { nn, optim } = torch, F = nn.functional;

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  drop = new nn.Dropout(0.1);
  fc = new nn.Linear(32 * 2 * 2, 10);
  override forward(x: torch.Tensor) {
    x = F.max_pool2d(F.relu(this.conv1(x)), 2);          // modules are callable; hooks run
    x = F.max_pool2d(F.relu(this.conv2(x)), 2);
    return this.fc(this.drop(x.flatten(1)));
  }
}

torch.manual_seed(0);
const model = new Net();
const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3 });
const scheduler = new optim.lr_scheduler.CosineAnnealingLR(optimizer, 20);

const step = torch.compile((x: torch.Tensor, y: torch.Tensor) => {
  optimizer.zero_grad();
  const loss = F.cross_entropy(model(x), y);
  loss.backward();
  optimizer.step();
  return loss;
});

const loader = new torch.utils.data.DataLoader(dataset, { batch_size: 64, shuffle: true });
for (let epoch = 0; epoch < 20; epoch++) {
  for await (const [x, y] of loader) console.log(await step(x, y).itemAsync());
  scheduler.step();                                      // changes a number, compiles nothing
}
step.explain_recompiles();                               // one entry: x.shape[0] 64 -> 30, the last batch of an epoch
torch.save(model.state_dict(), "digits.pt");             // PyTorch loads it
console.log(torch.summary(model, [[1, 1, 8, 8]]));

export { model, step };
