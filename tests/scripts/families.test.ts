/** Pages hold the operators that they use: what calls an operator by its name brings it along. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Operator } from "../../ir/operator.ts";
import { methodEntries } from "../../scripts/generate/entries.ts";
import { loadFamilies } from "../../scripts/generate/families.ts";
import { tensorMembers } from "../../scripts/generate/hand-written.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const families = await loadFamilies();

/** The families of a name, all overloads together. */
const familiesOf = new Map<string, Set<string>>();
for (const [{ name, aliases = [] }, family] of families) {
  for (const full of [name, ...aliases]) {
    const base = full.split(".")[0]!;
    familiesOf.set(base, (familiesOf.get(base) ?? new Set()).add(family));
  }
}

const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
/** Families that a file imports, and those that these import. */
function broughtBy(file: string, found = new Set<string>()): Set<string> {
  for (const [, to] of read(file).matchAll(/^(?:import|export) (?!type)[^;]*?"(\.[^"]+)";/gm)) {
    const target = path.posix.join(path.posix.dirname(file), to!);
    if (!target.startsWith("ir/ops/") || found.has(target)) continue;
    found.add(target);
    broughtBy(target, found);
  }
  return found;
}
const familyNames = (files: ReadonlySet<string>): Set<string> =>
  new Set([...files].map((file) => file.slice("ir/ops/".length, -".ts".length)));
const core = familyNames(broughtBy("frontend/core.ts"));

const sources = readdirSync(path.join(root, "frontend"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.startsWith("generated"))
  .map((name) => `frontend/${name}`);

/** Names that a file calls operators by. */
const called = (text: string): string[] =>
  [
    ...text.matchAll(
      /\b(?:op|one|several|call|plain|later|activate|callOperator|callOperatorAsync|callInplace|functionOf)\(\s*"(\w+)"/g,
    ),
  ]
    .map(([, name]) => name!)
    .filter((name) => familiesOf.has(name));

const rareMethods = new Set(
  [...methodEntries([...families.keys()])]
    .filter(([, { operators }]) => operators.some((operator) => !core.has(families.get(operator as Operator)!)))
    .map(([name]) => name),
);
for (const name of tensorMembers(path.join(root, "frontend"))) rareMethods.delete(name);
// Methods of lists, texts and graph builders.
for (const name of ["sort", "repeat", "scatter"]) rareMethods.delete(name);

/** Members that a file adds to Tensor. */
const addedTo = (file: string): string[] =>
  [...read(file).matchAll(/interface Tensor\b[^{]*\{([^]*?)\n  \}/g)].flatMap(([, body]) =>
    [...body!.matchAll(/^    (?:readonly )?"?(\w+)"?\??[(:<]/gm)].map(([, name]) => name!),
  );

describe("methods that are written by hand", () => {
  it("are told of in small pages where only cresset/methods has them", () => {
    const everywhere = ["conversion", "indexing", "print", "tensor-autograd", "tensor-kinds"];
    // Not in every page either: where() and polygamma() are operators' otherwise.
    everywhere.push("complex-tensors", "reordered-methods");
    const files = [...read("frontend/methods.ts").matchAll(/^import "\.\/([\w/-]+)\.ts";/gm)]
      .map(([, file]) => file!)
      .filter((file) => !file.startsWith("generated/") && !everywhere.includes(file));
    expect(files).toContain("strided-methods");
    const [, list] = /^const rare =([^;]*);/m.exec(read("frontend/absent-methods.ts"))!;
    const told = [...list!.matchAll(/\w+/g)].map(([name]) => name);
    expect(told).toEqual([...new Set(files.flatMap((file) => addedTo(`frontend/${file}.ts`)))].sort());
  });
});

describe("families of operators", () => {
  it("come with the files that call their operators by name", () => {
    const missing = sources.flatMap((file) => {
      const text = read(file);
      const there = familyNames(broughtBy(file));
      return called(text)
        .flatMap((name) => [...familiesOf.get(name)!].map((family) => ({ name, family })))
        .filter(({ family }) => !core.has(family) && !there.has(family))
        .map(({ name, family }) => `${file}: ${name} is of ${family}`);
    });
    expect(missing).toEqual([]);
  });

  it("are whole where a name has overloads in several", () => {
    const split = [...familiesOf].filter(([, all]) => all.size > 1 && [...all].some((family) => !core.has(family)));
    expect(split).toEqual([]);
  });

  it("are not needed for methods that the library itself calls", () => {
    const rare = sources.flatMap((file) =>
      [
        ...read(file)
          .replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "")
          .matchAll(/\.(\w+)\(/g),
      ]
        .filter(([, name]) => rareMethods.has(name!))
        .map(([, name]) => `${file}: ${name}`),
    );
    expect(rare).toEqual([]);
  });
});
