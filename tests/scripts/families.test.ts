/** In Node every operator is there; a page has those of ir/ops/core.ts and those that its modules import. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { coreFamilies, loadFamilies, partsOf } from "../../scripts/generate/families.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const frontend = path.join(root, "frontend");

const imported = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type)[^;]*?"(\.[^"]+)";/gm)].map(([, to]) =>
    path.resolve(path.dirname(file), to!),
  );

/** A module and everything that it imports. */
function reached(file: string): ReadonlySet<string> {
  const seen = new Set([file]);
  for (const next of seen) for (const to of imported(next)) seen.add(to);
  return seen;
}

describe("modules that are written by hand", () => {
  it("import the operators that they name and that not every page has", async () => {
    const core = coreFamilies();
    const families = new Map([...(await loadFamilies())].map(([{ name }, family]) => [name.split(".")[0]!, family]));
    const missing: string[] = [];
    for (const name of readdirSync(frontend, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.startsWith("generated")) continue;
      const file = path.join(frontend, name);
      const calls = readFileSync(file, "utf8").matchAll(
        /\b(?:op|one|call|plain|later|activate|callOperator(?:Async)?|callInplace(?:Async)?)\(\s*"(\w+)"/g,
      );
      const files = reached(file);
      for (const [, operator] of calls) {
        const family = families.get(operator!);
        if (family === undefined || core.has(family)) continue;
        if (!files.has(path.join(root, "ir/ops", `${family}.ts`))) missing.push(`${name}: ${operator!} of ${family}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("import the parts of the compiler that the operators which they import need", async () => {
    const ops = path.join(root, "ir/ops/");
    const parts = partsOf((await loadFamilies()).values());
    const missing: string[] = [];
    for (const name of readdirSync(frontend, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.startsWith("generated")) continue;
      const file = path.join(frontend, name);
      const families = imported(file).filter((to) => to.startsWith(ops));
      const needed = families.flatMap((to) => parts.get(to.slice(ops.length, -".ts".length)) ?? []);
      const files = reached(file);
      for (const part of new Set(needed))
        if (!files.has(path.join(frontend, `${part}.ts`))) missing.push(`${name}: ${part}`);
    }
    expect(missing).toEqual([]);
  });
});
