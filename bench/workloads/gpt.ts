/** W7: a training step of a character-level GPT. */
import { addsToStream, Gpt, gptOptimizer } from "../../examples/gpt/model.ts";
import { initialise, trainingSteps } from "./training.ts";
import { integerInput, type Workload } from "./workload.ts";

const batch = 12;
const options = { vocabulary: 65, block: 64, layers: 4, heads: 4, width: 128 };

export const gptWorkload: Workload = {
  id: "W7_gpt",
  flops: 3_964_207_104,
  prepare(device) {
    const model = new Gpt(options);
    model.to(device);
    let seed = 701;
    for (const [name, parameter] of model.named_parameters()) {
      if (parameter.ndim < 2) continue;
      const shrink = addsToStream(name) ? Math.sqrt(2 * options.layers) : 1;
      initialise(parameter, seed++, (0.02 * Math.sqrt(3)) / shrink);
    }
    const tokens = integerInput(device, 700, [batch, options.block], options.vocabulary);
    const targets = integerInput(device, 699, [batch, options.block], options.vocabulary);
    return trainingSteps(device, [tokens, targets], gptOptimizer(model, 1e-3), (x, y) => model.loss(x, y));
  },
};
