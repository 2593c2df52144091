/**
 * Conditions on values (an index in range, for one): computed with the values, as one status vector a flush, and raised
 * with the recorded line: at once on a device that is read synchronously, at the next read elsewhere.
 */
import { holds, type Check } from "../ir/builder.ts";
import { CressetError } from "../ir/errors.ts";
import { canonicalOrder } from "../ir/walks.ts";
import { type Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { captureSite } from "./site.ts";
import { graph } from "./state.ts";
import { withGradMode } from "./grad-mode.ts";
import { valueOf, type Value } from "./value.ts";

/** Conditions that have not been computed yet, by their subjects. */
const pending = new NodeNote<NumberedCheck>();
/** Who takes the conditions of a region's body, which cannot be computed by themselves; null outside. */
let collector: NumberedCheck[] | null = null;
/** How many conditions have been recorded: each has its number. While there are none, the walks for them are saved. */
let recorded = 0;
export const checkCount = (): number => recorded;
/** The numbers of the conditions whose errors these are. */
const numbers = new WeakMap<Error, number>();
/** Which condition an error tells of; null for any other error. */
export const failedCheck = (error: unknown): number | null =>
  error instanceof Error ? (numbers.get(error) ?? null) : null;

export type NumberedCheck = Check & { readonly number: number };
const unsettled: { checks: readonly Check[]; value: Value }[] = [];
/** How many status vectors wait for a read on an asynchronous device before the oldest are given up. */
const unsettledLimit = 1000;

graph.onCheck = (check) => {
  const siteOf = captureSite();
  const located = (told: number | null): Error => {
    const error = check.error(told);
    const site = siteOf();
    if (site !== null && error instanceof CressetError) error.message += `\n  at ${site}`;
    return error;
  };
  const number = recorded++;
  const error = (told: number | null): Error => {
    const made = located(told);
    numbers.set(made, number);
    return made;
  };
  const noted = { ...check, number, error };
  if (collector === null) pending.set(check.subject, noted);
  else collector.push(noted);
};

/** Records the body of a region, whose conditions whoever records the region states again of what it gives. */
export function collectingChecks<T>(record: () => T): {
  readonly result: T;
  readonly checks: readonly NumberedCheck[];
} {
  const outer = collector;
  const own: NumberedCheck[] = [];
  collector = own;
  try {
    return { result: record(), checks: own };
  } finally {
    collector = outer;
  }
}

/** States a condition of a body of what the region gives: `failed` holds what each turn of the body told. */
export function restateCheck(subject: Node, check: NumberedCheck, failed: Node): Node {
  const any = withGradMode(false, () => {
    const axes = failed.shape.map((_, axis) => axis);
    return graph.reshape(graph.reduce("reduce_max", failed, axes), [1]);
  });
  const checked = graph.distinct(subject);
  const restated = { ...check, subject: checked, failed: any };
  if (collector === null) pending.set(checked, restated);
  else collector.push(restated);
  return checked;
}

export interface Conditions {
  readonly node: Node;
  readonly checks: readonly NumberedCheck[];
}

/** The conditions of what is about to be computed, as one vector; null when there are none. */
export function statusOf(roots: readonly Node[]): Conditions | null {
  return recorded === 0 ? null : statusWithin(canonicalOrder(roots, (candidate) => valueOf(candidate) !== null));
}

/** Those of the nodes that are given, which a walk has found. */
export function statusWithin(nodes: readonly Node[]): Conditions | null {
  if (recorded === 0) return null;
  const checks: NumberedCheck[] = [];
  for (const node of nodes) {
    const check = pending.get(node);
    if (check !== undefined) checks.push(check);
  }
  if (checks.length === 0) return null;
  // In the order of the calls: the first failure is the one that is told of.
  checks.sort((a, b) => a.number - b.number);
  const failed = checks.map((check) => check.failed);
  return { node: withGradMode(false, () => graph.concat(failed, 0)), checks };
}

/**
 * New contents that are taken only if all conditions hold: for a device whose host hears of a failure too late to undo
 * the write. Costs a selection, and only where there are conditions.
 */
export function unlessFailed({ checks }: Conditions, before: Node, after: Node): Node {
  return withGradMode(false, () => {
    const failed = checks.map((check) => check.failed).reduce((any, next) => graph.max(any, next));
    return graph.where(graph.ne(graph.reshape(failed, []), holds), before, after);
  });
}

/** Whether a node can be computed only if this condition holds. */
export const dependsOn = (node: Node, number: number): boolean =>
  statusOf([node])?.checks.some((check) => check.number === number) ?? false;

/**
 * Looks at a status vector, or keeps it for the next read.
 * @throws the error of the first condition that does not hold; it stays pending, and is thrown again
 */
export function noteStatus(checks: readonly Check[], value: Value): void {
  if (value.device.synchronous) raise(checks, new BigInt64Array(value.device.readSync(value.memory())));
  else {
    unsettled.push({ checks, value });
    if (unsettled.length > unsettledLimit) unsettled.shift();
  }
  // A condition is checked once, with the first computation that needs it.
  for (const check of checks) pending.delete(check.subject);
}

/** Raises what asynchronous devices have found. */
export async function settleChecks(): Promise<void> {
  while (unsettled.length > 0) {
    const { checks, value } = unsettled.shift()!;
    raise(checks, new BigInt64Array(await value.device.read(value.memory())));
  }
}

function raise(checks: readonly Check[], status: BigInt64Array): void {
  const failed = checks.findIndex((_, i) => status[i] !== holds);
  if (failed >= 0) throw checks[failed]!.error(Number(status[failed]));
}
