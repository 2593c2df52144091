/** W8: ResNet-18 on one image. */
import * as torch from "../../frontend/index.ts";
import { map } from "./map.ts";
import {
  biasScale,
  biasSeed,
  imageSeed,
  imageShape,
  resNet18,
  weightScale,
  weightSeed,
  type Convolution,
} from "./resnet-layers.ts";
import { input, type Workload } from "./workload.ts";

const { functional: F } = torch.nn;

type Layer = (x: torch.Tensor) => torch.Tensor;

export const resNetWorkload: Workload = {
  id: "W8_resnet18",
  flops: 3_628_146_688,
  prepare(device) {
    const { stem, blocks, classifier } = resNet18();
    const first = convolution(device, stem);
    const residual = blocks.map(({ conv1, conv2, shortcut }): Layer => {
      const [one, two] = [convolution(device, conv1), convolution(device, conv2)];
      const beside = shortcut === null ? (x: torch.Tensor) => x : convolution(device, shortcut);
      return (x) => two(one(x).relu()).add(beside(x)).relu();
    });
    const { inputs, outputs } = classifier;
    const weight = input(device, weightSeed(classifier), [inputs, outputs], { scale: weightScale(classifier) });
    const bias = input(device, biasSeed(classifier), [outputs], { scale: biasScale });
    const forward: Layer = (image) => {
      let x = F.max_pool2d(first(image).relu(), 3, 2, 1);
      for (const block of residual) x = block(x);
      return torch.addmm(bias, x.mean([2, 3]), weight);
    };
    return map(device, [input(device, imageSeed, imageShape)], [1, outputs], forward);
  },
};

function convolution(device: string, layer: Convolution): Layer {
  const { inputs, outputs, kernel, stride, padding } = layer;
  const shape = [outputs, inputs, kernel, kernel];
  const weight = input(device, weightSeed(layer), shape, { scale: weightScale(layer) });
  const bias = input(device, biasSeed(layer), [outputs], { scale: biasScale });
  return (x) => F.conv2d(x, weight, bias, stride, padding);
}
