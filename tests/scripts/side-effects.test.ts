import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { sideEffects } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { sideEffects: string[] };

const patterns = sideEffects.map(
  (glob) =>
    new RegExp(
      `^${glob.replaceAll(".", "\\.").replaceAll(/\*\*\/?|\*/g, (stars) => (stars === "*" ? "[^/]*" : ".*"))}$`,
    ),
);
const isListed = (file: string): boolean => patterns.some((pattern) => pattern.test(file));

const sources = ["frontend", "ir", "passes", "codegen", "runtime"].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("generated"))
    .map((name) => ({ file: `${folder}/${name}`, text: readFileSync(path.join(root, folder, name), "utf8") })),
);

describe("package.json's sideEffects", () => {
  it("lists every module that is imported for what it does", () => {
    const imported = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/^import "(\.[^"]+)"/gm)].map(([, to]) => path.posix.join(path.posix.dirname(file), to!)),
    );
    expect(imported).toContain("ir/ops/index.ts");
    expect(imported.filter((file) => !isListed(file))).toEqual([]);
  });

  it("lists every module that listens to operators while it loads", () => {
    const files = sources.filter(({ text }) => /^onOperator\(/m.test(text)).map(({ file }) => file);
    expect(files).toContain("frontend/operator-methods.ts");
    expect(files.filter((file) => !isListed(file))).toEqual([]);
  });

  it("lists every module that gives Tensor methods while it loads", () => {
    const acting = sources.filter(({ text }) => /\(Tensor\.prototype,|Tensor\.prototype as/.test(text));
    const files = acting.map(({ file }) => file);
    expect(files).toContain("frontend/tensor-autograd.ts");
    expect(files.filter((file) => !isListed(file))).toEqual([]);
  });
});
