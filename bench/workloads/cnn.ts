/** W6: a training step of a convolutional network on 28x28 images. */
import * as torch from "../../frontend/index.ts";
import { initialise, linear, trainingSteps } from "./training.ts";
import { input, integerInput, type Workload } from "./workload.ts";

const { nn, optim } = torch;
const { functional: F } = nn;

export const cnnWorkload: Workload = {
  id: "W6_cnn",
  flops: 2_084_356_096,
  prepare(device) {
    const model = new nn.Sequential(
      convolution(device, 601, 1, 32),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      convolution(device, 602, 32, 64),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      linear(device, 603, 3136, 128),
      new nn.ReLU(),
      linear(device, 604, 128, 10),
    );
    const x = input(device, 600, [32, 1, 28, 28], { positive: true });
    const y = integerInput(device, 599, [32], 10);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    return trainingSteps(device, [x, y], optimizer, (images, labels) => F.cross_entropy(model(images), labels));
  },
};

function convolution(device: string, seed: number, inputs: number, outputs: number): InstanceType<typeof nn.Conv2d> {
  const layer = new nn.Conv2d(inputs, outputs, 5, { padding: 2, device });
  initialise(layer.weight, seed, 1 / Math.sqrt(inputs * 5 * 5));
  torch.no_grad(() => layer.bias!.zero_());
  return layer;
}
