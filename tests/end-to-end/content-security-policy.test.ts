/** The WASM device needs no code generation from strings, and WebGPU no allowance at all. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, serveScript } from "../support/bundled-page.ts";
import { chromiumAvailable, launchChromium } from "../support/chromium.ts";

const run = promisify(execFile);

describe("under --disallow-code-generation-from-strings", () => {
  const program =
    'import("./tests/end-to-end/training-loop.ts").then(async ({ train }) => console.log(JSON.stringify(await train(process.argv[1], 60))))';
  const node = (device: string) =>
    run(process.execPath, [
      "--disallow-code-generation-from-strings",
      "--conditions=source",
      "--import",
      "tsx",
      "-e",
      program,
      device,
    ]);

  it("the WASM device trains", async () => {
    const { stdout } = await node("cpu");
    const { first, last } = JSON.parse(stdout) as { first: number; last: number };
    expect(last).toBeLessThan(first);
  });

  it("the JavaScript device says what it needs", async () => {
    await expect(node("cpu:js")).rejects.toThrow(/code generation from strings is disallowed/);
  });
});

describe.skipIf(!chromiumAvailable())("on a page with script-src 'self' 'wasm-unsafe-eval'", () => {
  let page: Awaited<ReturnType<typeof serveScript>>;
  let browser: Awaited<ReturnType<typeof launchChromium>>;

  beforeAll(async () => {
    const entry = `
      import * as torch from "cresset";
      import { train } from "./tests/end-to-end/training-loop.ts";
      window.trainOn = async (device) => { if (device === "webgpu") await torch.webgpu.init(); return train(device, 60); };
      window.ready = true;`;
    page = await serveScript(await bundle(entry), {
      "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await page.close();
  });

  it.each(["cpu", "webgpu"])("trains on %s", async (device) => {
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on("pageerror", (error) => problems.push(String(error)));
    await tab.goto(page.url);
    await tab.waitForFunction("window.ready === true").catch(() => {
      throw new Error(`the page did not load: ${problems.join("; ")}`);
    });
    const { first, last } = (await tab.evaluate(`window.trainOn(${JSON.stringify(device)})`)) as {
      first: number;
      last: number;
    };
    expect(last).toBeLessThan(first);
    await tab.close();
  });
});
