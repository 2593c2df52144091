/** The model of training.ts, without training it. */
import * as torch from "cresset";
const { nn } = torch,
  F = nn.functional;

export class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  drop = new nn.Dropout(0.1);
  fc = new nn.Linear(32 * 2 * 2, 10);
  override forward(x: torch.Tensor) {
    x = F.max_pool2d(F.relu(this.conv1(x)), 2);
    x = F.max_pool2d(F.relu(this.conv2(x)), 2);
    return this.fc(this.drop(x.flatten(1)));
  }
}
