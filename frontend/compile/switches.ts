/** Switches that a function may leave in another position than it found them: so does each replay. */
import type { Place } from "../host-numbers.ts";
import { inference } from "../inference.ts";
import { anomaly } from "../saved-values.ts";
import { graph, settings } from "../state.ts";

const switches: readonly (readonly [holder: object, name: string])[] = [
  [graph, "gradEnabled"],
  [inference, "enabled"],
  ...Object.keys(settings).map((name) => [settings, name] as const),
  ...Object.keys(anomaly).map((name) => [anomaly, name] as const),
];

export const switchesNow = (): readonly unknown[] =>
  switches.map(([holder, name]) => Reflect.get(holder, name) as unknown);

/** What puts those that differ from `others` as they are now; null where none does. */
export function putting(others: readonly unknown[]): { put(): void; readonly places: readonly Place[] } | null {
  const now = switchesNow();
  const changed = switches.flatMap(([holder, name], i) =>
    Object.is(now[i], others[i]) ? [] : [{ holder, name, value: now[i] }],
  );
  if (changed.length === 0) return null;
  return {
    put() {
      for (const { holder, name, value } of changed) Reflect.set(holder, name, value);
    },
    places: changed.map(({ holder, name }) => [holder, name]),
  };
}
