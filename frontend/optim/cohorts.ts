/**
 * Which parameters share their step number. A program has one number for all of them, so that their updates are one
 * kernel: that is right as long as each call advances all of them or none.
 */
import { noteRareChange } from "../trace.ts";

/** What is counted of one parameter, such as `step`. */
export type Counter = object;

/** Counters that have been advanced together ever since they were first met. Parted ones stay so: programs get no more than they need. */
export class Cohort {
  readonly id = nextId++;
  size = 0;
}
let nextId = 1;

const cohorts = new WeakMap<Counter, Cohort>();

/** The cohort of each of these, which have just been advanced: those of one cohort have the same numbers. */
export function cohortsOf(counters: readonly Counter[]): readonly Cohort[] {
  const parts = new Map<Cohort | undefined, Counter[][]>();
  for (const counter of counters) {
    const cohort = cohorts.get(counter);
    let own = parts.get(cohort);
    if (own === undefined) parts.set(cohort, (own = []));
    const equals = own.find(([first]) => sameNumbers(first!, counter));
    if (equals === undefined) own.push([counter]);
    else equals.push(counter);
  }
  for (const [cohort, own] of parts) if (own.length > 1 || own[0]!.length !== cohort?.size) part(cohort, own);
  return counters.map((counter) => cohorts.get(counter)!);
}

function part(before: Cohort | undefined, parts: readonly (readonly Counter[])[]): void {
  for (const members of parts) {
    const cohort = new Cohort();
    cohort.size = members.length;
    for (const member of members) cohorts.set(member, cohort);
    if (before !== undefined) before.size -= members.length;
  }
  noteRareChange();
}

/** Whether these are still one cohort. */
export const areTogether = (counters: readonly Counter[], cohort: Cohort): boolean =>
  counters.every((counter) => cohorts.get(counter) === cohort);

/** Whether nobody has set one of these apart from the others. */
export const haveSameNumbers = ([first, ...others]: readonly Counter[]): boolean =>
  others.every((counter) => sameNumbers(first!, counter));

function sameNumbers(a: Counter, b: Counter): boolean {
  const here = a as Readonly<Record<string, unknown>>;
  const there = b as typeof here;
  for (const name in here) if (typeof here[name] === "number" && !Object.is(here[name], there[name])) return false;
  return true;
}
