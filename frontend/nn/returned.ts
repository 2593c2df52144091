/**
 * What outermost module calls returned: computed by the next flush, because a prediction is usually read after
 * `optimizer.step()`. Held strongly only until then.
 */
import type { Node } from "../../ir/graph.ts";
import type { Device } from "../../runtime/device.ts";
import { isPlainObject } from "../bind.ts";
import { tracing } from "../host-effects.ts";
import { recorder, type FlushRequest } from "../recorder.ts";
import { Tensor } from "../tensor.ts";
import { behindMarkers, valueOf } from "../value.ts";

const returned = new Map<Device, Set<Node>>();
let suspended = 0;

recorder.contribute({
  collect(device: Device): readonly FlushRequest[] {
    const nodes = returned.get(device);
    if (nodes === undefined || nodes.size === 0) return [];
    returned.set(device, new Set());
    return Array.from(nodes, (node) => ({ node, hint: "escapes" as const }));
  },
});

/** Every tensor in nested arrays, Maps and plain objects. */
export function* tensorsIn(value: unknown): Generator<Tensor, void, undefined> {
  if (value instanceof Tensor) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* tensorsIn(item);
  else if (value instanceof Map) for (const item of value.values()) yield* tensorsIn(item);
  else if (isPlainObject(value)) for (const key of Object.keys(value)) yield* tensorsIn(value[key]);
}

/** The next flush computes the tensors in `result`. A compiled function returns what it returns: nothing is added to it. */
export function noteReturned(result: unknown): void {
  if (suspended > 0 || tracing.active) return;
  for (const tensor of tensorsIn(result)) {
    const node = behindMarkers(tensor.node_());
    if (valueOf(node) !== null) continue;
    const { device } = tensor.storage_;
    let nodes = returned.get(device);
    if (nodes === undefined) returned.set(device, (nodes = new Set()));
    nodes.add(node);
  }
}

/** Runs module calls whose results nobody will read. */
export function withoutReturning<T>(run: () => T): T {
  suspended++;
  try {
    return run();
  } finally {
    suspended--;
  }
}
