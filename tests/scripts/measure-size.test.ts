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

  it("has the rare parts of the compiler with what needs them", async () => {
    const page = `
      import { cond, lgamma, scan, sort, svd, tensor, unique } from "./frontend/core.ts";
      import * as F from "./frontend/functional.ts";
      import { GRU } from "./frontend/nn/index.ts";
      const x = tensor([3, 1, 2], { requires_grad: true });
      const show = (y) => console.log(JSON.stringify(y.tolist()));
      show(sort(x)[0]);
      show(unique(tensor([2, 1, 2])));
      show(lgamma(tensor([1, 2])));
      show(F.gelu(tensor([0])));
      show(svd(tensor([[0, 2], [0, 0]]))[1]);
      const total = scan((sum, each) => [sum.add(each), sum.mul(each)], tensor(0), x)[0];
      total.backward();
      show(x.grad);
      show(cond(total.gt(5), (y) => y.neg(), (y) => y, [total.detach()]));
      console.log(new GRU(2, 3)(tensor([[1, 2]]))[0].shape.join());`;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const outdir = mkdtempSync(path.join(tmpdir(), "cresset-size-"));
    try {
      const stdin = { contents: page, resolveDir: root };
      await build({ ...bundleOptions, stdin, outdir, outExtension: { ".js": ".mjs" } });
      const { stdout, stderr } = spawnSync(process.execPath, [path.join(outdir, "stdin.mjs")], { encoding: "utf8" });
      expect(stderr).toBe("");
      expect(stdout.trim().split("\n")).toEqual(["[1,2,3]", "[1,2]", "[0,0]", "[0]", "[2,0]", "[1,1,1]", "-6", "1,3"]);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
