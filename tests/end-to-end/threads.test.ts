/** `torch.set_num_threads` from outside: the same numbers, no allocation per step, an end by itself; pages of both kinds. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../../frontend/index.ts";
import { cpuDevice } from "../../frontend/devices.ts";
import { build } from "esbuild";
import { bundle, serveScript } from "../support/bundled-page.ts";
import { chromiumAvailable, crossOriginIsolation, launchChromium } from "../support/chromium.ts";
import { train, type ThreadedRun } from "./threaded-training.ts";

const run = promisify(execFile);
const steps = 12;

describe("torch.set_num_threads", () => {
  it("takes a positive integer", () => {
    for (const count of [0, -1, 1.5, Number.NaN])
      expect(() => torch.set_num_threads(count)).toThrow("expects a positive integer");
  });

  it("does not change a bit of what is computed, whenever it is called", async () => {
    // Programs of further recordings may round otherwise than those of the first, on one thread as well.
    for (let i = 0; i < 3; i++) await train(1, steps);
    const { losses: expectedLosses, parameters: expectedParameters } = await train(1, steps);
    expect(torch.get_num_threads()).toBe(1);
    const results: ThreadedRun[] = [];
    for (const threads of [2, 3, 1, 2]) {
      torch.set_num_threads(threads);
      expect(torch.get_num_threads()).toBe(threads);
      await expect.poll(() => cpuDevice().helpersUp, { timeout: 20_000 }).toBeGreaterThanOrEqual(threads - 1);
      results.push(await train(threads, steps));
    }
    for (const { losses, parameters } of results) {
      expect(losses).toEqual(expectedLosses);
      expect(parameters).toEqual(expectedParameters);
    }
    expect(cpuDevice().partsHelped).toBeGreaterThan(0);
  }, 120_000);

  it("shares kernels that programs of several sizes have in common", async () => {
    torch.set_num_threads(1);
    const product = (size: number): unknown => {
      torch.manual_seed(size);
      return torch
        .randn(size, size + 1)
        .matmul(torch.randn(size + 1, size))
        .tolist();
    };
    // After some sizes that have nothing in common, kernels take them as numbers.
    const sizes = [31, 50, 73, 96, 129, 164, 203];
    for (const size of sizes) product(size);
    const expected = sizes.map(product);
    torch.set_num_threads(2);
    await expect.poll(() => cpuDevice().helpersUp, { timeout: 20_000 }).toBeGreaterThanOrEqual(1);
    for (const size of sizes) product(size);
    const before = cpuDevice().partsHelped;
    expect(sizes.map(product)).toEqual(expected);
    await expect
      .poll(() => {
        product(203);
        return cpuDevice().partsHelped;
      })
      .toBeGreaterThan(before);
  });

  it("shares long sums, which come out the same", async () => {
    torch.set_num_threads(1);
    torch.manual_seed(0);
    const [x, y] = [torch.randn(1_000_003), torch.randn(1_000_003)];
    const wide = torch.randn(300_001, { dtype: torch.float64 });
    const sums = (): unknown[] => [
      x.sum().item(),
      x.sub(y).pow(2).mean().item(),
      y.norm().item(),
      x.exp().sum().item(),
      wide.sum().item(),
      torch.stack([x.sum(), x.mul(y).sum()]).tolist(),
    ];
    const expected = sums();
    torch.set_num_threads(3);
    await expect.poll(() => cpuDevice().helpersUp, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    const before = cpuDevice().partsHelped;
    for (let i = 0; i < 5; i++) expect(sums()).toEqual(expected);
    await expect
      .poll(() => {
        x.sum().item();
        return cpuDevice().partsHelped;
      })
      .toBeGreaterThan(before);
  });

  it("shares functions of float64, which are the host's", async () => {
    torch.set_num_threads(1);
    const x = torch.rand(50_000, { dtype: torch.float64 }).add(0.5);
    const functions = (): unknown[] => [
      x.sin().tolist(),
      x.pow(x).tolist(),
      x.sigmoid().tolist(),
      x.fmod(0.3).tolist(),
    ];
    const expected = functions();
    torch.set_num_threads(2);
    await expect.poll(() => cpuDevice().helpersUp, { timeout: 20_000 }).toBeGreaterThanOrEqual(1);
    const before = cpuDevice().partsHelped;
    expect(functions()).toEqual(expected);
    await expect
      .poll(() => {
        functions();
        return cpuDevice().partsHelped;
      })
      .toBeGreaterThan(before);
    expect(functions()).toEqual(expected);
  });

  it("hands out ordinary ArrayBuffers, also of memory that has grown", () => {
    torch.set_num_threads(2);
    const x = torch.ones(300, 1000).mul(2);
    const values = x.numpy() as Float32Array;
    expect(values.buffer).toBeInstanceOf(ArrayBuffer);
    expect(values.every((value) => value === 2)).toBe(true);
    const larger = torch.ones(4000, 5000).mul(3);
    expect(larger.at(3999, 4999).item()).toBe(3);
    expect(x.sum().item()).toBe(600_000);
  });

  it("allocates nothing in a step", async () => {
    torch.set_num_threads(2);
    const w = torch.zeros(256, 256);
    const x = torch.randn(256, 256);
    const step = torch.compile((input: torch.Tensor) => void w.add_(input.matmul(input), { alpha: 0.1 }));
    for (let i = 0; i < 4; i++) step(x);
    const { allocations, liveBytes } = cpuDevice().statistics();
    for (let i = 0; i < 20; i++) step(x);
    expect(cpuDevice().statistics()).toMatchObject({ allocations, liveBytes });
  });
});

describe("torch.set_num_interop_threads", () => {
  it("may be called once", () => {
    expect(torch.get_num_interop_threads()).toBe(1);
    torch.set_num_interop_threads(2);
    expect(torch.get_num_interop_threads()).toBe(2);
    expect(() => torch.set_num_interop_threads(3)).toThrow("cannot set number of interop threads");
  });
});

describe("a process with threads", () => {
  it("may have workers that compute on threads of their own", async () => {
    const contents = `
      import { isMainThread, parentPort, Worker } from "node:worker_threads";
      import { train } from "./tests/end-to-end/threaded-training.ts";
      const result = () => new Promise((done) => new Worker(new URL(import.meta.url)).on("message", done));
      if (isMainThread) console.log(JSON.stringify(await Promise.all([result(), result()])));
      else parentPort.postMessage(await train(2, 8, 500));`;
    const folder = await mkdtemp(join(tmpdir(), "cresset-"));
    const outfile = join(folder, "main.mjs");
    const stdin = { contents, resolveDir: process.cwd(), loader: "ts" } as const;
    const conditions = ["source"];
    await build({ stdin, outfile, bundle: true, format: "esm", platform: "node", conditions, external: ["webgpu"] });
    const { stdout, stderr } = await run(process.execPath, [outfile], { timeout: 100_000 });
    await rm(folder, { recursive: true });
    const [first, second] = JSON.parse(stdout) as ThreadedRun[];
    expect(stderr).toBe("");
    expect(first!.threads).toBe(2);
    expect(second).toEqual(first);
  }, 120_000);

  const program =
    'import("./tests/end-to-end/threaded-training.ts").then(async ({ train }) => console.log(JSON.stringify(await train(2, 8, 500))))';

  it.each([[[]], [["--disallow-code-generation-from-strings"]]])(
    "ends by itself, %s",
    async (flags) => {
      const { stdout, stderr } = await run(
        process.execPath,
        [...flags, "--conditions=source", "--import", "tsx", "-e", program],
        { timeout: 60_000 },
      );
      const { threads, losses } = JSON.parse(stdout) as ThreadedRun;
      expect({ threads, stderr }).toEqual({ threads: 2, stderr: "" });
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    },
    90_000,
  );
});

describe.skipIf(!chromiumAvailable())("a page", () => {
  let script: string;
  let browser: Awaited<ReturnType<typeof launchChromium>>;

  beforeAll(async () => {
    const entry = `
      import { train } from "./tests/end-to-end/threaded-training.ts";
      import { cpuDevice } from "./frontend/devices.ts";
      globalThis.trainOn = async (threads, waitMs) => ({ ...(await train(threads, 12, waitMs)), helped: cpuDevice().partsHelped });
      if (typeof window === "undefined") onmessage = async ({ data }) => postMessage(await trainOn(...data));
      globalThis.ready = true;`;
    script = await bundle(entry);
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser.close());

  /** In the page's main thread, or in a Web Worker of its. */
  const calls = {
    page: (threads: number, waitMs: number) => `trainOn(${threads}, ${waitMs})`,
    worker: (threads: number, waitMs: number) => `new Promise((done) => {
      globalThis.worker ??= new Worker("/main.mjs", { type: "module" });
      worker.onmessage = ({ data }) => done(data);
      worker.postMessage([${threads}, ${waitMs}]);
    })`,
  };

  const mostTries = 8;

  /** Trains on two threads on a page with such headers; what it gave, and what it warned of. */
  async function trainOnPage(headers: Record<string, string>, call: (typeof calls)["page"] = calls.page) {
    const page = await serveScript(script, headers);
    const tab = await browser.newPage();
    const messages: string[] = [];
    tab.on("console", (message) => messages.push(message.text()));
    tab.on("pageerror", (error) => messages.push(String(error)));
    try {
      await tab.goto(page.url);
      await tab.waitForFunction("window.ready === true");
      const alone = (await tab.evaluate(call(1, 0))) as ThreadedRun;
      type OnTwo = ThreadedRun & { helped: number };
      const onTwo = async (): Promise<OnTwo> => (await tab.evaluate(call(2, 1500))) as OnTwo;
      let result = await onTwo();
      // Where both cores are taken a helper may come too late for everything.
      for (let i = 0; i < mostTries && result.threads > 1 && result.helped === 0; i++) result = await onTwo();
      await tab.evaluate(call(2, 0));
      return { alone, result, warnings: messages.filter((text) => !text.includes("favicon")) };
    } finally {
      await tab.close();
      await page.close();
    }
  }

  it("that is cross-origin isolated trains on two threads, its main thread never waiting", async () => {
    const { alone, result, warnings } = await trainOnPage(crossOriginIsolation);
    expect(warnings).toEqual([]);
    expect(result.threads).toBe(2);
    expect(result.helped).toBeGreaterThan(0);
    expect(result.losses).toEqual(alone.losses);
  }, 120_000);

  it("that is cross-origin isolated trains on two threads in a worker of its own", async () => {
    const { alone, result, warnings } = await trainOnPage(crossOriginIsolation, calls.worker);
    expect(warnings).toEqual([]);
    expect(result.threads).toBe(2);
    expect(result.helped).toBeGreaterThan(0);
    expect(result.losses).toEqual(alone.losses);
  }, 120_000);

  it("that is not warns once in a worker, too", async () => {
    const { result, warnings } = await trainOnPage({}, calls.worker);
    expect(result.threads).toBe(1);
    expect(warnings.filter((text) => text.includes("Cross-Origin-Opener-Policy"))).toHaveLength(1);
  }, 120_000);

  it("that is not warns once and trains on one", async () => {
    const { alone, result, warnings } = await trainOnPage({});
    expect(result.threads).toBe(1);
    expect(result.losses).toEqual(alone.losses);
    expect(warnings.filter((text) => text.includes("Cross-Origin-Opener-Policy"))).toHaveLength(1);
  }, 120_000);

  it("whose policy forbids its workers warns once and trains on one", async () => {
    const { alone, result, warnings } = await trainOnPage({
      ...crossOriginIsolation,
      "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    });
    expect(result.threads).toBe(1);
    expect(result.losses).toEqual(alone.losses);
    expect(warnings.filter((text) => text.includes("computing on one thread"))).toHaveLength(1);
  }, 120_000);
});
