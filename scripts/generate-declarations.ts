/**
 * Derives the public typed API from the registry of operators: `npm run generate` writes frontend/generated, with the
 * methods of Tensor and the functions of every namespace, their overloads and their documentation. Hand-written exports
 * and members of the same name win. Also writes the table of operators, docs/generated/operators.md. Files whose text is
 * the same as before are left alone.
 *
 * An operator that cannot be declared is named, the others are written all the same, and the exit status is 1.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Operator } from "../ir/operator.ts";
import { functionEntries, methodEntries, type FunctionPlace } from "./generate/entries.ts";
import { coreFamilies, loadFamilies, partsOf } from "./generate/families.ts";
import { exportedNames, tensorMembers } from "./generate/hand-written.ts";
import { absentMethodsModule, functionModules, methodsModule, type Generated } from "./generate/modules.ts";
import type { PublicOperator } from "./generate/operator.ts";
import { operatorTable, readChecks } from "./generate-operator-table.ts";

const frontend = fileURLToPath(new URL("../frontend", import.meta.url));
const operatorsPage = fileURLToPath(new URL("../docs/generated/operators.md", import.meta.url));

/** [file, namespace, the hand-written module that re-exports it] */
const namespaces: readonly (readonly [file: string, place: FunctionPlace, index: string])[] = [
  ["functions", "torch", "core.ts"],
  ["functional", "nn.functional", "functional.ts"],
  ["linalg", "linalg", "linalg.ts"],
  ["special", "special", "special.ts"],
  ["fft", "fft", "fft.ts"],
];

const families = await loadFamilies();
const all = [...families.keys()];
const parts = partsOf(families.values());

function generate(): Map<string, Generated> {
  const files = new Map<string, Generated>();
  const methods = methodEntries(all);
  const members = tensorMembers(frontend);
  files.set("tensor-methods.ts", methodsModule(methods, members));
  const core = coreFamilies();
  const isAbsent = (operator: PublicOperator): boolean => !core.has(families.get(operator as Operator)!);
  files.set("absent-methods.ts", absentMethodsModule(methods, functionEntries(all, "torch"), isAbsent, members));
  for (const [file, place, index] of namespaces) {
    const handWritten = exportedNames(path.join(frontend, index));
    const modules = functionModules(file, functionEntries(all, place), place, handWritten, families, parts);
    for (const [name, generated] of modules) files.set(name, generated);
  }
  return files;
}

/** Several processes may generate at once, and others may be reading: a file changes in one step, or not at all. */
function writeIfChanged(file: string, text: string): void {
  try {
    if (readFileSync(file, "utf8") === text) return;
  } catch {
    // Not there yet.
  }
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

/** Families come and go. */
function removeOthers(folder: string, files: ReadonlyMap<string, Generated>): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (!files.has(`${path.basename(folder)}/${name}`)) rmSync(path.join(folder, name), { force: true });
}

const files = generate();
const problems = new Set<string>();
for (const folder of namespaces) removeOthers(path.join(frontend, "generated", folder[0]), files);
for (const [file, generated] of files) {
  writeIfChanged(path.join(frontend, "generated", file), generated.text);
  for (const problem of generated.problems) problems.add(problem);
}
writeIfChanged(operatorsPage, operatorTable(all, readChecks()));
for (const problem of problems) console.error(`generate: ${problem}`);
const indices = [...files].filter(([file]) => !file.includes("/"));
console.log(`generate: ${indices.map(([file, { names }]) => `${names.length} in ${file}`).join(", ")}`);
if (problems.size > 0) process.exitCode = 1;
