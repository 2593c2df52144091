/**
 * Conditions on values (an index in range, for one): computed with the values, as one status vector a flush, and raised
 * with the recorded line: at once on a device that is read synchronously, at the next read elsewhere.
 */
import type { Check } from "../ir/builder.ts";
import { CressetError } from "../ir/errors.ts";
import { topologicalOrder, type Node } from "../ir/graph.ts";
import { captureSite } from "./site.ts";
import { graph } from "./state.ts";
import { withGradMode } from "./grad-mode.ts";
import { valueOf, type Value } from "./value.ts";

let recorded: Check[] = [];
/** What is recorded already: an index is checked once, however often it is used. */
let known = new Set<Node>();
const unsettled: { checks: readonly Check[]; value: Value }[] = [];

graph.onCheck = (check) => {
  const siteOf = captureSite();
  const located = (): Error => {
    const error = check.error();
    const site = siteOf();
    if (site !== null && error instanceof CressetError) error.message += `\n  at ${site}`;
    return error;
  };
  if (known.has(check.failed)) return;
  known.add(check.failed);
  recorded.push({ ...check, error: located });
};

/** The conditions of what is about to be computed, as a bool vector; null when there are none. */
export function statusOf(roots: readonly Node[]): { node: Node; checks: readonly Check[] } | null {
  if (recorded.length === 0) return null;
  const reached = new Set(topologicalOrder(roots, (node) => valueOf(node) !== null));
  const checks = recorded.filter((check) => reached.has(check.subject));
  if (checks.length === 0) return null;
  return {
    node: withGradMode(false, () =>
      graph.concat(
        checks.map((check) => check.failed),
        0,
      ),
    ),
    checks,
  };
}

/** Looks at a status vector, or keeps it for the next read. */
export function noteStatus(checks: readonly Check[], value: Value): void {
  // A condition is checked once, with the first computation that needs it; what nobody computes is forgotten in time.
  recorded = recorded.filter((check) => !checks.includes(check)).slice(-1000);
  known = new Set(recorded.map((check) => check.failed));
  if (value.device.synchronous) raise(checks, new Uint8Array(value.device.readSync(value.memory())));
  else unsettled.push({ checks, value });
}

/** Raises what asynchronous devices have found. */
export async function settleChecks(): Promise<void> {
  while (unsettled.length > 0) {
    const { checks, value } = unsettled.shift()!;
    raise(checks, new Uint8Array(await value.device.read(value.memory())));
  }
}

function raise(checks: readonly Check[], status: Uint8Array): void {
  const failed = checks.findIndex((_, i) => status[i] !== 0);
  if (failed >= 0) throw checks[failed]!.error();
}
