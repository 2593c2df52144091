/** Which file of ir/ops defines an operator: a function imports that file, so that a page holds what it uses. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { operators, type Operator } from "../../ir/operator.ts";

const folder = fileURLToPath(new URL("../../ir/ops", import.meta.url));

/** `nn/softmax`: a file of ir/ops without its ending. */
export type Family = string;

/**
 * Loads every family, each after those that it imports, and sees which operators come with it. To be called before
 * anything else has loaded them.
 */
export async function loadFamilies(): Promise<ReadonlyMap<Operator, Family>> {
  const families = new Map<Operator, Family>();
  for (const file of inOrder(allFiles())) {
    await import(pathToFileURL(file).href);
    for (const definition of operators()) if (!families.has(definition)) families.set(definition, familyOf(file));
  }
  return families;
}

/** The families that every page has: those of ir/ops/core.ts, and what they import. */
export function coreFamilies(): ReadonlySet<Family> {
  return new Set([...inOrder([path.join(folder, "core.ts")])].map(familyOf));
}

/** What not every page's compiler has: the modules of frontend/ that provide it, and the text of what needs it. */
const parts: Readonly<Record<string, RegExp>> = {
  "complex-views": /\/complex\/primitives\.ts"/,
  regions: /"(?:\.\.\/)+regions\.ts"/,
  routines: /\brecordRoutine\(/,
  sorts: /\bg\.sort\(/,
  "special-functions": /"(?:erf|erfc|erfinv|lgamma|digamma)"/,
};

/** The parts of the compiler that each family needs, perhaps for those families that it imports. */
export function partsOf(families: Iterable<Family>): ReadonlyMap<Family, readonly string[]> {
  const needed = (family: Family): string[] => {
    const texts = [...inOrder([path.join(folder, `${family}.ts`)])].map((file) => readFileSync(file, "utf8"));
    return Object.keys(parts).filter((part) => texts.some((text) => parts[part]!.test(text)));
  };
  return new Map([...new Set(families)].map((family) => [family, needed(family)]));
}

const familyOf = (file: string): Family => path.relative(folder, file).replaceAll(path.sep, "/").replace(/\.ts$/, "");

const allFiles = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => path.join(folder, name));

/** Files of ir/ops and what they import of it, those that others import first. */
function inOrder(files: readonly string[]): ReadonlySet<string> {
  const ordered = new Set<string>();
  const visit = (file: string): void => {
    if (ordered.has(file) || !file.startsWith(folder)) return;
    for (const [, to] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type)[^;]*?"(\.[^"]+)";/gm))
      visit(path.resolve(path.dirname(file), to!));
    ordered.add(file);
  };
  for (const file of files) visit(file);
  return ordered;
}
