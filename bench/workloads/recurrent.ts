/** W9: forward and backward of one recurrent layer over a sequence. */
import * as torch from "../../frontend/index.ts";
import { recurrentScale, recurrentSizes } from "./recurrent-sizes.ts";
import { input, type Case, type Workload } from "./workload.ts";

const { nn } = torch;

const { sequence, batch, inputs, hidden } = recurrentSizes;
const recurrent = (name: "LSTM" | "GRU", gates: number): Workload => ({
  id: `W9_${name.toLowerCase()}`,
  // Two products forward, each with two gradients but the input's.
  flops: 2 * sequence * batch * gates * hidden * (2 * inputs + 3 * hidden),
  prepare(device) {
    return steps(device, new nn[name](inputs, hidden, { device }), gates);
  },
});

function steps(device: string, layer: torch.nn.LSTM | torch.nn.GRU, gates: number): Case {
  const scale = recurrentScale;
  const x = input(device, 1100, [sequence, batch, inputs]);
  torch.no_grad(() => {
    layer.weight_ih_l0.copy_(input(device, 1101, [inputs, gates * hidden], { scale }).t());
    layer.weight_hh_l0.copy_(input(device, 1102, [hidden, gates * hidden], { scale }).t());
    layer.bias_ih_l0.copy_(input(device, 1103, [gates * hidden], { scale }));
    layer.bias_hh_l0.copy_(input(device, 1104, [gates * hidden], { scale }));
  });
  const step = torch.compile((given: torch.Tensor) => {
    for (const parameter of layer.parameters()) parameter.grad = null;
    const [output] = layer instanceof nn.LSTM ? layer(given) : layer(given);
    const loss = output.mul(output).mean();
    loss.backward();
    return loss;
  });
  let loss = Number.NaN;
  return {
    run() {
      const result = step(x);
      const keep = (value: unknown): void => void (loss = Number(value));
      return device === "webgpu" ? result.itemAsync().then(keep) : keep(result.item());
    },
    async check() {
      const [ofInputs, ofHidden] = [layer.weight_ih_l0.grad!, layer.weight_hh_l0.grad!];
      const magnitude = async (gradient: torch.Tensor): Promise<number> =>
        Number(await gradient.abs().mean().itemAsync());
      const corner = Number(await ofHidden.at(0, 0).itemAsync());
      return [loss, await magnitude(ofInputs), await magnitude(ofHidden), corner];
    },
    get statistics() {
      return step.statistics;
    },
  };
}

export const recurrentWorkloads: readonly Workload[] = [recurrent("LSTM", 4), recurrent("GRU", 3)];
