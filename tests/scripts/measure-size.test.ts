import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleOptions, measureBundle } from "../../scripts/measure-size.ts";

const entry = (name: string): string => fileURLToPath(new URL(`../../bench/size/${name}`, import.meta.url));

describe("measuring the bundle", () => {
  it("tells what is loaded at once from what is loaded on demand", async () => {
    const { atOnce, inAll, sources } = await measureBundle(entry("entry-all.ts"));
    expect(atOnce.gzip).toBeGreaterThan(0);
    expect(atOnce.gzip).toBeLessThan(atOnce.minified);
    // The GPU's device is a part of its own.
    expect(inAll.gzip).toBeGreaterThan(atOnce.gzip);
    expect(sources.map(([file]) => file)).toContain("runtime/webgpu/device.ts");
  });

  it("leaves nothing out that an application needs", async () => {
    const outdir = mkdtempSync(path.join(tmpdir(), "cresset-size-"));
    try {
      await build({ ...bundleOptions, entryPoints: [entry("entry-mlp.ts")], outdir, outExtension: { ".js": ".mjs" } });
      const bundle = pathToFileURL(path.join(outdir, "entry-mlp.mjs")).href;
      const script = `const { train } = await import("${bundle}"); console.log(train(1), train(60));`;
      const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      const [first, last] = stdout.trim().split(" ").map(Number);
      expect(last).toBeLessThan(first! / 5);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
