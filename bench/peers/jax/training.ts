/** jax-js on training: a step of gradients and updates as one compiled function of all state. */
import { jit, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Parameter } from "../parameters.ts";
import { Losses, type PeerCase } from "../peer.ts";

/** Takes over its arrays; gives a parameter's new value and its new state. */
export interface Optimizer {
  /** How many arrays of state a parameter has. */
  readonly states: number;
  update(parameter: np.Array, gradient: np.Array, states: np.Array[], step: np.Array): [np.Array, np.Array[]];
}

export const sgd = (lr: number, momentum = 0): Optimizer => ({
  states: momentum === 0 ? 0 : 1,
  update(parameter, gradient, [velocity], step) {
    step.dispose();
    if (velocity === undefined) return [parameter.sub(gradient.mul(lr)), []];
    const next = velocity.mul(momentum).add(gradient);
    return [parameter.sub(next.ref.mul(lr)), [next]];
  },
});

/** `decay` is drawn from matrices alone. `step` holds 1 - beta ** t for both betas. */
export const adam = (lr: number, [beta1, beta2]: readonly [number, number], decay = 0): Optimizer => ({
  states: 2,
  update(parameter, gradient, [first, second], step) {
    const m = first!.mul(beta1).add(gradient.ref.mul(1 - beta1));
    const v = second!.mul(beta2).add(np.square(gradient).mul(1 - beta2));
    const spread = np.sqrt(v.ref.div(step.ref.slice(1))).add(1e-8);
    const change = m.ref.div(step.slice(0)).div(spread).mul(lr);
    const shrunk = decay > 0 && parameter.shape.length >= 2 ? parameter.mul(1 - lr * decay) : parameter;
    return [shrunk.sub(change), [m, v]];
  },
});

export const corrections = ([beta1, beta2]: readonly [number, number], t: number): Float32Array =>
  new Float32Array([1 - beta1 ** t, 1 - beta2 ** t]);

export interface Training {
  readonly parameters: readonly Parameter[];
  readonly x: np.Array;
  readonly y: np.Array;
  readonly optimizer: Optimizer;
  readonly betas?: readonly [number, number];
  readonly loss: (parameters: np.Array[], x: np.Array, y: np.Array) => np.Array;
  /** Steps of one call, after which the loss is read. */
  readonly steps?: number;
}

export function trainingSteps({ parameters, x, y, optimizer, betas = [0, 0], loss, steps = 1 }: Training): PeerCase {
  let state = parameters.map(({ shape, values }) => np.array(values).reshape([...shape]));
  let moments = state.map((p) => Array.from({ length: optimizer.states }, () => np.zeros([...p.shape])));
  const gradientOf = valueAndGrad(loss);
  const step = jit(
    (given: np.Array[], states: np.Array[][], correction: np.Array, inputs: np.Array, targets: np.Array) => {
      const [value, gradients] = gradientOf(
        given.map((p) => p.ref),
        inputs,
        targets,
      );
      const updated = given.map((p, i) => optimizer.update(p, gradients[i]!, states[i]!, correction.ref));
      correction.dispose();
      return [value, updated.map(([next]) => next), updated.map(([, next]) => next)];
    },
  ) as unknown as (
    ...args: [np.Array[], np.Array[][], np.Array, np.Array, np.Array]
  ) => [np.Array, np.Array[], np.Array[][]];

  const losses = new Losses();
  let t = 0;
  const run = async (): Promise<void> => {
    let value: np.Array | null = null;
    for (let i = 0; i < steps; i++) {
      value?.dispose();
      [value, state, moments] = step(state, moments, np.array(corrections(betas, ++t)), x.ref, y.ref);
    }
    losses.add((await value!.data())[0]!);
  };
  return { run, check: () => (steps === 1 ? losses.check(run) : Promise.resolve(losses.values.slice(0, 1))) };
}
