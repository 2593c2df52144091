/**
 * What a step does outside the graph: counting steps, for instance. Such an effect runs at once, and is handed to the
 * recording of a compiled function, which runs it again at each replay before it evaluates its numbers.
 */
import type { Place } from "./host-numbers.ts";

/** `places`: the numbers that it changes. */
type EffectHook = (effect: () => void, places: () => readonly Place[]) => void;
let hook: EffectHook | null = null;
let isInEffect = false;
let ownWork = 0;

/** Whether a compiled function is being recorded: nothing may be flushed then. */
export const tracing = { active: false };

/** Who is told of host effects; null for nobody. */
export function setHostEffectHook(next: EffectHook | null): void {
  hook = next;
}

/** Effects inside of an effect are part of it. */
export function runHostEffect(effect: () => void, places: () => readonly Place[] = () => []): void {
  if (hook === null || isInEffect) return effect();
  hook(effect, places);
  isInEffect = true;
  try {
    asOwnWork(effect);
  } finally {
    isInEffect = false;
  }
}

/** Whether numbers are read and changed by who keeps them, and by no function of the user's. */
export const isOwnWork = (): boolean => ownWork > 0;
export function asOwnWork<T>(work: () => T): T {
  ownWork++;
  try {
    return work();
  } finally {
    ownWork--;
  }
}
