/** TensorFlow.js on training: gradients of variables, and its own optimizers. */
import * as tf from "@tensorflow/tfjs";
import type { Parameter } from "../parameters.ts";
import { Losses, type PeerCase } from "../peer.ts";

/** Changes the variables by their gradients. */
export type Update = (variables: readonly tf.Variable[], gradients: Record<string, tf.Tensor>) => void;

export const withOptimizer = (optimizer: tf.Optimizer): Update => {
  return (_variables, gradients) => optimizer.applyGradients(gradients);
};

/** AdamW by hand, which TensorFlow.js lacks: `decay` is drawn from matrices alone. */
export function adamW(lr: number, [beta1, beta2]: readonly [number, number], decay: number): Update {
  const moments = new Map<tf.Variable, readonly [tf.Variable, tf.Variable]>();
  let t = 0;
  return (variables, gradients) => {
    t++;
    for (const variable of variables) {
      let own = moments.get(variable);
      if (own === undefined) {
        own = [tf.variable(tf.zeros(variable.shape)), tf.variable(tf.zeros(variable.shape))];
        moments.set(variable, own);
      }
      const [first, second] = own;
      tf.tidy(() => {
        const gradient = gradients[variable.name]!;
        first.assign(first.mul(beta1).add(gradient.mul(1 - beta1)));
        second.assign(second.mul(beta2).add(gradient.square().mul(1 - beta2)));
        const spread = second
          .div(1 - beta2 ** t)
          .sqrt()
          .add(1e-8);
        const change = first
          .div(1 - beta1 ** t)
          .div(spread)
          .mul(lr);
        const shrunk = variable.shape.length >= 2 ? variable.mul(1 - lr * decay) : variable;
        variable.assign(shrunk.sub(change));
      });
    }
  };
}

export interface Training {
  readonly parameters: readonly Parameter[];
  readonly update: Update;
  readonly loss: (parameters: readonly tf.Tensor[]) => tf.Tensor;
  /** Steps of one call, after which the loss is read. */
  readonly steps?: number;
}

export function trainingSteps({ parameters, update, loss, steps = 1 }: Training): PeerCase {
  const variables = parameters.map(({ shape, values }) => tf.variable(tf.tensor(values, [...shape])));
  const losses = new Losses();
  const step = (read: boolean): void => {
    const { value, grads } = tf.variableGrads(() => loss(variables), variables);
    update(variables, grads);
    for (const name in grads) grads[name]!.dispose();
    if (read) losses.add(value.dataSync()[0]!);
    value.dispose();
  };
  const run = (): void => {
    for (let i = 1; i <= steps; i++) step(i === steps);
  };
  return { run, check: () => (steps === 1 ? losses.check(run) : Promise.resolve(losses.values.slice(0, 1))) };
}
