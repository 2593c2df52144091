/**
 * What a step does outside the graph: counting steps, for instance. Such an effect runs at once, and is handed to the
 * recording of a compiled function, which runs it again at each replay before it evaluates its numbers.
 */

type EffectHook = (effect: () => void) => void;
let hook: EffectHook | null = null;

/** Whether a compiled function is being recorded: nothing may be flushed then. */
export const tracing = { active: false };

/** Who is told of host effects; null for nobody. */
export function setHostEffectHook(next: EffectHook | null): void {
  hook = next;
}

export function runHostEffect(effect: () => void): void {
  effect();
  hook?.(effect);
}
