/**
 * Draws inside a function that is recorded once for all examples of a batch (frontend/vmap): they are made outside of
 * the recording, for all examples, and each example takes its own.
 */
import { AutogradError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import type { Shape } from "../../ir/shape.ts";
import { bodyDepth, refuseInBody } from "../body-scope.ts";
import { graph } from "../state.ts";

export type Randomness = "error" | "different" | "same";

/** The examples that a function is being recorded for. */
export interface Examples {
  readonly randomness: Randomness;
  readonly count: number;
  /** Which of them, as an integer inside the recording. */
  readonly which: Node;
  /** Examples around these. */
  readonly outer: Examples | null;
}
interface Recording extends Examples {
  /** How many regions' functions are being recorded, that of these examples included. */
  readonly depth: number;
  readonly outer: Recording | null;
}

let current: Recording | null = null;

/** Those that a draw made here belongs to; null in the function of another region as well. */
export const examplesHere = (): Examples | null => recordingHere();
const recordingHere = (): Recording | null => (current?.depth === bodyDepth() ? current : null);

/** Records the function of one example. */
export function recordingExample<T>(examples: Examples, record: () => T): T {
  const before = current;
  current = { ...examples, outer: examples.outer as Recording | null, depth: bodyDepth() };
  try {
    return record();
  } finally {
    current = before;
  }
}

type Draw = (shape: Shape) => Node;

/** A draw of this shape; where a function is recorded for examples, one for each of them. */
export function drawnForExample(shape: Shape, draw: Draw): Node {
  const recording = recordingHere();
  if (recording !== null) return drawnFor(recording, shape, draw);
  refuseDraw();
  return draw(shape);
}

function drawnFor({ randomness, count, which, outer, depth }: Recording, shape: Shape, draw: Draw): Node {
  if (randomness === "error")
    throw new AutogradError(
      "vmap/randomness",
      "vmap: called random operation while in randomness error mode.",
      'Please either use the "same" or "different" randomness flags on vmap, or perform the random operation outside of vmap.',
    );
  if (outer === null && depth > 1) refuseDraw();
  const drawOutside: Draw = (all) => (outer === null ? draw(all) : drawnFor(outer, all, draw));
  if (randomness === "same") return drawOutside(shape);
  return graph.gather(drawOutside([count, ...shape]), [0], [which]);
}

const refuseDraw = (): void =>
  refuseInBody("random numbers are drawn", "Draw them before the call: scan takes one slice of xs in each iteration.");
