/** What gradcheck checks of forward mode. */
import { grad } from "./autograd.ts";
import { failed, isClose, printed, seeded, sum, weights, worstOf, type Settings } from "./gradcheck-values.ts";
import { leafLike, numericalJacobians, type Jacobian, type Probe, type Reading } from "./jacobians.ts";
import type { Tensor } from "./tensor.ts";

const mismatch = (output: number, place: number | undefined, numerical: string, analytical: string): Error =>
  failed(
    "forward-mismatch",
    `Jacobian computed with forward mode mismatch for output ${output} with respect to input ${place},\nnumerical:${numerical}\nanalytical:${analytical}`,
  );

/** Tangents against differences: along every element of the inputs, or one random direction of each. */
export function* checkForward(probe: Probe, settings: Settings & { readonly fast: boolean }): Reading<void> {
  yield* settings.fast ? checkDirections(probe, settings) : checkColumns(probe, settings);
}

function* checkDirections(probe: Probe, settings: Settings): Reading<void> {
  const generator = seeded();
  const directions = yield probe.places.map((_, k) => weights(generator, probe.size(k)));
  for (const [k, direction] of directions.entries()) {
    const slopes = yield* probe.slope(k, direction, settings.eps);
    const tangents = yield* valuesOf(probe.tangents(k, direction), slopes);
    const tolerance = { ...settings, atol: settings.atol * sum(direction) };
    for (const [i, slope] of slopes.entries())
      if (!slope.every((value, at) => isClose(tangents[i]![at]!, value, tolerance)))
        throw mismatch(i, probe.places[k], printed([slope]), printed([tangents[i]!]));
  }
}

function* checkColumns(probe: Probe, settings: Settings): Reading<void> {
  const numerical = yield* numericalJacobians(probe, settings.eps, probe.run().outputs.length);
  for (const k of probe.places.keys()) {
    const found: Jacobian[] = numerical.map(() => []);
    for (let at = 0; at < probe.size(k); at++) {
      const direction = new Float64Array(probe.size(k));
      direction[at] = 1;
      const rows = numerical.map((byInput) => byInput[k]![at]!);
      const tangents = yield* valuesOf(probe.tangents(k, direction), rows);
      tangents.forEach((row, i) => found[i]!.push(row));
    }
    for (const [i, byInput] of numerical.entries())
      if (worstOf(found[i]!, byInput[k]!, settings) !== null)
        throw mismatch(i, probe.places[k], printed(byInput[k]!), printed(found[i]!));
  }
}

/** No tangent counts as zeros. */
function* valuesOf(tangents: readonly (Tensor | null)[], like: readonly Float64Array[]): Reading<Float64Array[]> {
  const values = yield tangents.filter((tangent) => tangent !== null);
  let next = 0;
  return tangents.map((tangent, i) => (tangent === null ? new Float64Array(like[i]!.length) : values[next++]!));
}

/** Tangents of several directions at once against those of one at a time. */
export function* checkBatchedForward(probe: Probe, settings: Settings): Reading<void> {
  const { inputs, outputs } = probe.run();
  for (const [i, output] of outputs.entries()) {
    if (!output.requires_grad) continue;
    const seed = leafLike(output, new Float64Array(output.numel()).fill(1), true);
    const slopes = grad([output], inputs, {
      grad_outputs: [seed],
      create_graph: true,
      retain_graph: true,
      allow_unused: true,
    });
    for (const [k, slope] of slopes.entries()) {
      if (slope === null || !slope.requires_grad) continue;
      const generator = seeded();
      const directions = weights(generator, 2 * probe.size(k)).reshape([2, ...slope.shape]);
      const options = { is_grads_batched: true, retain_graph: true, allow_unused: true } as const;
      const [batched] = grad([slope], [seed], { ...options, grad_outputs: [directions.to(slope.dtype)] });
      if (batched === null) continue;
      const [all] = yield [batched];
      for (const [row, direction] of (yield [...directions]).entries()) {
        const slice = all!.subarray(row * output.numel(), (row + 1) * output.numel());
        const [single] = yield* valuesOf([probe.tangents(k, direction)[i]!], [slice]);
        if (!slice.every((value, at) => isClose(value, single![at]!, settings)))
          throw failed(
            "batched-forward",
            `While computing batched forward gradients, got values that differ from those of one tangent at a time, for input ${probe.places[k]}.`,
          );
      }
    }
  }
}
