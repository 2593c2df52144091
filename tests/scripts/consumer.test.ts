/** The built package, as another project with a strict configuration sees it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(path.join(tmpdir(), "cresset-consumer-"));
const library = path.join(project, "node_modules/cresset");

function tsc(...args: readonly string[]): string {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], { cwd: root, encoding: "utf8" });
  return stdout + stderr;
}

const program = `
import * as torch from "cresset";
import { relu, type Tensor, var as variance } from "cresset";
const x: torch.Tensor = torch.tensor([[1, 2, 3], [4, 6, 5]]);
const y: Tensor = relu(x).sum(1, { keepdim: true });
const { values, indices } = x.max(1);
const [first, position] = x.max({ dim: 1, keepdim: true });
const z: Tensor = values.add(indices).add(first, { alpha: 2 }).mul(position);
const same: Tensor = variance(y).add(z).clamp_({ min: 0 });
// @ts-expect-error -- misspelt
() => x.sum({ dims: 1 });
// @ts-expect-error -- not a method
() => x.summ();
console.log(JSON.stringify(same.tolist()));
`;

describe("the built package", () => {
  beforeAll(() => {
    mkdirSync(library, { recursive: true });
    tsc("-p", "tsconfig.build.json", "--outDir", path.join(library, "dist"));
    cpSync(path.join(root, "package.json"), path.join(library, "package.json"));
    const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      symlinkSync(path.join(root, "node_modules", name), path.join(project, "node_modules", name), "junction");
    }
    writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(project, "main.ts"), program);
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it.each(["nodenext", "bundler"])("has declarations that a strict project can use, resolved by %s", (resolution) => {
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023", "esnext.disposable", "dom"],
      types: [],
      module: resolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution: resolution,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      outDir: "out",
    };
    writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["main.ts"] }));
    expect(tsc("-p", project)).toBe("");
  });

  it("runs", () => {
    // In a process of its own: here, "cresset" is this checkout's source.
    const { stdout, stderr } = spawnSync(process.execPath, ["out/main.js"], { cwd: project, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual([
      [62.5, 66.5],
      [57.5, 59.5],
    ]);
  });
});
