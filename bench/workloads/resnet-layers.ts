/** The convolutions of ResNet-18, with batch norm folded into them, in the order in which their values are generated. */

export interface Convolution {
  /** Weights are generated from 800 + place, biases from 900 + place. */
  readonly place: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** relu(conv2(relu(conv1(x))) + shortcut(x)), where no shortcut means x itself. */
export interface ResidualBlock {
  readonly conv1: Convolution;
  readonly conv2: Convolution;
  readonly shortcut: Convolution | null;
}

export interface ResNetLayers {
  readonly stem: Convolution;
  readonly blocks: readonly ResidualBlock[];
  readonly classifier: { readonly place: number; readonly inputs: number; readonly outputs: number };
}

const widths = [64, 128, 256, 512] as const;
const blocksOfWidth = 2;

export function resNet18(): ResNetLayers {
  let place = 0;
  const convolution = (inputs: number, outputs: number, kernel: number, stride: number): Convolution => ({
    place: place++,
    inputs,
    outputs,
    kernel,
    stride,
    padding: kernel >> 1,
  });
  const stem = convolution(3, widths[0], 7, 2);
  const blocks: ResidualBlock[] = [];
  let inputs: number = widths[0];
  for (const outputs of widths) {
    for (let i = 0; i < blocksOfWidth; i++) {
      const stride = inputs === outputs ? 1 : 2;
      blocks.push({
        conv1: convolution(inputs, outputs, 3, stride),
        conv2: convolution(outputs, outputs, 3, 1),
        shortcut: stride === 1 ? null : convolution(inputs, outputs, 1, stride),
      });
      inputs = outputs;
    }
  }
  return { stem, blocks, classifier: { place, inputs, outputs: 1000 } };
}

/** Generated weights lie within this. */
export const weightScale = ({ inputs, kernel = 1 }: { readonly inputs: number; readonly kernel?: number }): number =>
  Math.sqrt(3 / (inputs * kernel * kernel));
export const weightSeed = ({ place }: { readonly place: number }): number => 800 + place;
export const biasSeed = ({ place }: { readonly place: number }): number => 900 + place;
export const biasScale = 0.1;
export const imageSeed = 799;
export const imageShape = [1, 3, 224, 224] as const;
