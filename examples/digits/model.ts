import * as torch from "cresset";

const { nn } = torch;
const { functional: F } = nn;

/** float32[N, 1, 8, 8] images -> float32[N, 10] scores. */
export class Net extends nn.Module {
  readonly conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  readonly conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  readonly drop: InstanceType<typeof nn.Dropout>;
  readonly fc = new nn.Linear(32 * 2 * 2, 10);

  constructor(dropout: number) {
    super();
    this.drop = new nn.Dropout(dropout);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    x = F.max_pool2d(F.relu(this.conv1(x)), 2);
    x = F.max_pool2d(F.relu(this.conv2(x)), 2);
    return this.fc(this.drop(x.flatten(1)));
  }
}
