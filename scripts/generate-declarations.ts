/**
 * Derives the public typed API from the registry of operators: `npm run generate` writes frontend/generated, with the
 * methods of Tensor and the functions of every namespace, their overloads and their documentation. Hand-written exports
 * and members of the same name win. Also writes the table of operators, docs/generated/operators.md. Files whose text is
 * the same as before are left alone.
 *
 * An operator that cannot be declared is named, the others are written all the same, and the exit status is 1.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { operators } from "../ir/operator.ts";
import { functionEntries, methodEntries, type FunctionPlace } from "./generate/entries.ts";
import { exportedNames, tensorMembers } from "./generate/hand-written.ts";
import { functionsModule, methodsModule, type Generated } from "./generate/modules.ts";
import { operatorTable, readKnownFailures } from "./generate-operator-table.ts";
import "../ir/ops/index.ts";

const frontend = fileURLToPath(new URL("../frontend", import.meta.url));
const operatorsPage = fileURLToPath(new URL("../docs/generated/operators.md", import.meta.url));

/** [file, namespace, the hand-written module that re-exports it] */
const namespaces: readonly (readonly [file: string, place: FunctionPlace, index: string])[] = [
  ["functions.ts", "torch", "index.ts"],
  ["functional.ts", "nn.functional", "functional.ts"],
  ["linalg.ts", "linalg", "linalg.ts"],
  ["special.ts", "special", "special.ts"],
  ["fft.ts", "fft", "fft.ts"],
];

export function generate(): Map<string, Generated> {
  const all = [...operators()];
  const files = new Map<string, Generated>();
  files.set("tensor-methods.ts", methodsModule(methodEntries(all), tensorMembers(frontend)));
  for (const [file, place, index] of namespaces) {
    files.set(file, functionsModule(functionEntries(all, place), place, exportedNames(path.join(frontend, index))));
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

const files = generate();
const problems = new Set<string>();
for (const [file, generated] of files) {
  writeIfChanged(path.join(frontend, "generated", file), generated.text);
  for (const problem of generated.problems) problems.add(problem);
}
writeIfChanged(operatorsPage, operatorTable([...operators()], readKnownFailures()));
for (const problem of problems) console.error(`generate: ${problem}`);
console.log(`generate: ${[...files].map(([file, { names }]) => `${names.length} in ${file}`).join(", ")}`);
if (problems.size > 0) process.exitCode = 1;
