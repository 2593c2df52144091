/** The programs of the pages run: all TypeScript of a page as one module, in a process of its own. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Blocks that begin with ```ts alone. */
const programOf = (page: string): string =>
  [...readFileSync(path.join(root, page), "utf8").matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code).join("\n");

/** Within the package, where "cresset" is this checkout. */
async function execute(code: string): Promise<string> {
  mkdirSync(path.join(root, "out"), { recursive: true });
  const folder = mkdtempSync(path.join(root, "out/pages-"));
  try {
    writeFileSync(path.join(folder, "page.mts"), code);
    const tsx = import.meta.resolve("tsx");
    const { stdout } = await run(process.execPath, ["--conditions=source", "--import", tsx, "page.mts"], {
      cwd: folder,
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it("docs/getting-started.md runs from top to bottom, and prints what it says", { timeout: 120_000 }, async () => {
  const lines = (await execute(programOf("docs/getting-started.md"))).trim().split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "float32[2, 1] on cpu, not computed yet",
    "[ [ 12 ], [ 39 ] ]",
    "tensor([[12.],",
    "        [39.]])",
  ]);
  expect(Number(lines.at(-1))).toBeGreaterThan(0.9);
});

it("docs/small-pages.md runs from top to bottom", { timeout: 120_000 }, async () => {
  expect(await execute(programOf("docs/small-pages.md"))).toBe("[ 1, 1 ]\n");
});
