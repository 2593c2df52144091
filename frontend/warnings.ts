/** Warnings, each given once unless `torch.set_warn_always(true)` asks for all of them. */
import { settings } from "./state.ts";

const given = new Set<string>();

export function warnOnce(text: string): void {
  if (given.has(text) && !settings.warnAlways) return;
  given.add(text);
  // oxlint-disable-next-line no-console -- as PyTorch warns
  console.warn(text);
}
