/** An optimizer as PyTorch prints it. */
import { python } from "../nn/repr.ts";
import type { Optimizer } from "./optimizer.ts";

export function optimizerText(optimizer: Optimizer): string {
  const lines = [`${optimizer.constructor.name} (`];
  optimizer.param_groups.forEach((group, i) => {
    lines.push(`Parameter Group ${i}`);
    const entries = Object.entries(group).filter(([name]) => name !== "params" && name !== "param_names");
    for (const [name, value] of entries.sort(([a], [b]) => (a < b ? -1 : 1)))
      lines.push(`    ${name}: ${python(value)}`);
  });
  return [...lines, ")"].join("\n");
}
