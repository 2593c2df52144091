/** W9: forward and backward of one recurrent layer over a sequence. */
import * as torch from "../../frontend/index.ts";
import { recurrentScale, recurrentSizes } from "./recurrent-sizes.ts";
import { input, NotImplemented, type Case, type Workload } from "./workload.ts";

const { nn } = torch;

const { sequence, batch, inputs, hidden } = recurrentSizes;
/** What the workloads need of torch.nn.LSTM and torch.nn.GRU. */
interface Recurrent {
  (x: torch.Tensor): readonly [output: torch.Tensor, ...state: unknown[]];
  readonly weight_ih_l0: torch.nn.Parameter;
  readonly weight_hh_l0: torch.nn.Parameter;
  readonly bias_ih_l0: torch.nn.Parameter;
  readonly bias_hh_l0: torch.nn.Parameter;
  parameters(): torch.nn.Parameter[];
}
type RecurrentClass = new (inputs: number, hidden: number, options: { device: string }) => Recurrent;

const recurrent = (name: "LSTM" | "GRU", gates: number): Workload => ({
  id: `W9_${name.toLowerCase()}`,
  // Two products forward, each with two gradients but the input's.
  flops: 2 * sequence * batch * gates * hidden * (2 * inputs + 3 * hidden),
  prepare(device) {
    const layerClass = (nn as unknown as Record<string, RecurrentClass | undefined>)[name];
    if (layerClass === undefined) throw new NotImplemented(`torch.nn.${name} does not exist`);
    return steps(device, new layerClass(inputs, hidden, { device }), gates);
  },
});

function steps(device: string, layer: Recurrent, gates: number): Case {
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
    const [output] = layer(given);
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
