/** Regions of the interpreter: bodies run as often as their region says. */
import type { Body, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/shape.ts";
import type { Values } from "./values.ts";

type Run = (body: Body, inputs: readonly Values[]) => Values[];

export function loop(node: NodeOf<"loop">, inputs: readonly Values[], run: Run): readonly Values[] {
  const { count, reverse, carried, scanned, body } = node.attrs;
  let states = inputs.slice(0, carried);
  const captured = inputs.slice(carried + scanned);
  const outputs = body.results.slice(carried).map((): Values["data"][] => new Array<Values["data"]>(count));
  for (let i = 0; i < count; i++) {
    const t = reverse ? count - 1 - i : i;
    const slices = inputs.slice(carried, carried + scanned).map((values) => sliceOf(values, t));
    const results = run(body, [...states, ...slices, ...captured]);
    states = results.slice(0, carried);
    results.slice(carried).forEach(({ data }, k) => (outputs[k]![t] = data));
  }
  const stacked = outputs.map((parts, k) => {
    const { dtype, shape } = body.results[carried + k]!;
    return { dtype, shape: [count, ...shape], data: parts.flat() };
  });
  return [...states, ...stacked];
}

function sliceOf({ dtype, shape, data }: Values, t: number): Values {
  const rest = shape.slice(1);
  const size = elementCount(rest);
  return { dtype, shape: rest, data: data.slice(t * size, (t + 1) * size) };
}

export function whileTrue({ attrs }: NodeOf<"while">, inputs: readonly Values[], run: Run): readonly Values[] {
  const captured = inputs.slice(attrs.body.results.length);
  let states = inputs.slice(0, attrs.body.results.length);
  while (states[0]!.data[0] !== 0) states = run(attrs.body, [...states, ...captured]);
  return states;
}

export function cond(node: NodeOf<"cond">, [predicate, ...captured]: readonly Values[], run: Run): readonly Values[] {
  return run(predicate!.data[0] === 0 ? node.attrs.else : node.attrs.then, captured);
}
