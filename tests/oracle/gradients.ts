/** First- and second-order gradients of a case, against the recorded ones. */
import { member, type Adapter } from "./adapter.ts";
import { Comparison } from "./comparison.ts";
import { Decoder } from "./decode.ts";
import type { TensorNode, Tolerance } from "./format.ts";

export interface RecordedGradient {
  /** Fed into the leaves of the result, in order; null: that leaf is not differentiated. */
  cotangents: (TensorNode | null)[];
  /** Numbers of the arguments to differentiate by. */
  inputs: number[];
  grads: (TensorNode | null)[];
  /** Modules: by parameter name. */
  params?: Record<string, TensorNode | null>;
  tol?: Tolerance;
}

export interface RecordedSecondGradient {
  cotangents: (TensorNode | null)[];
  grads: (TensorNode | null)[];
  tol?: Tolerance;
}

/** One tensor to differentiate by, and what is expected of it. */
interface Wanted {
  name: string;
  input: unknown;
  grad: TensorNode | null;
}

/** The live values that have a cotangent, with that cotangent. */
function seeded(adapter: Adapter, values: readonly unknown[], cotangents: readonly (TensorNode | null)[]) {
  const outputs: unknown[] = [];
  const seeds: unknown[] = [];
  cotangents.forEach((cotangent, i) => {
    if (cotangent === null) return;
    outputs.push(values[i]);
    seeds.push(new Decoder(adapter).tensor(cotangent));
  });
  return { outputs, seeds };
}

/**
 * Differentiates `leaves` and adds the gradients to the comparison.
 * `second`: also differentiates sum_i <second.cotangents[i], grads[i]> by the same inputs.
 */
export async function expectGradients(
  adapter: Adapter,
  comparison: Comparison,
  leaves: readonly unknown[],
  inputs: ReadonlyMap<number, unknown>,
  recorded: RecordedGradient,
  options: { second?: RecordedSecondGradient | undefined; parameters?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const wanted: Wanted[] = recorded.inputs.map((t, i) => ({
    name: `input ${t}`,
    input: inputs.get(t),
    grad: recorded.grads[i] ?? null,
  }));
  for (const [name, grad] of Object.entries(recorded.params ?? {})) {
    wanted.push({ name, input: options.parameters?.[name], grad });
  }
  if (wanted.length === 0) return;

  const live = wanted.map(({ input }) => input);
  const { outputs, seeds } = seeded(adapter, leaves, recorded.cotangents);
  const first = await adapter.grad(outputs, live, seeds, options.second !== undefined);
  wanted.forEach(({ name, grad }, i) => {
    comparison.expectGradient(first[i], grad, recorded.tol, `gradient of ${name}`);
  });

  if (options.second === undefined) return;
  // A gradient that depends on no input (a constant, such as relu's) adds nothing to the second order.
  const { cotangents } = options.second;
  const again = seeded(
    adapter,
    first,
    cotangents.map((cotangent, i) => (member(first[i], "requires_grad") === true ? cotangent : null)),
  );
  const second = again.outputs.length === 0 ? [] : await adapter.grad(again.outputs, live, again.seeds);
  wanted.forEach(({ name }, i) => {
    const { grads, tol } = options.second!;
    comparison.expectGradient(second[i], grads[i] ?? null, tol, `second gradient of ${name}`);
  });
}

/**
 * Runs `collect`, which adds to a comparison as it goes, and gives the verdict. A value that differs outranks an error
 * that was thrown after it was collected.
 */
export async function judged(
  adapter: Adapter,
  collect: (comparison: Comparison) => Promise<void>,
): Promise<string | null> {
  const comparison = new Comparison(adapter);
  try {
    await collect(comparison);
  } catch (error) {
    const reason = await comparison.verdict();
    if (reason !== null) return reason;
    throw error;
  }
  return comparison.verdict();
}
