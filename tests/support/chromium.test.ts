import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumAvailable, crossOriginIsolation, launchChromium, servePage } from "./chromium.ts";
import { oddNumbersOnGpu } from "./webgpu.ts";

describe.skipIf(!chromiumAvailable())("headless Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test("a compute shader on a page gives the right numbers", async () => {
    const server = await servePage((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!doctype html><title>page</title>");
    });
    const page = await browser.newPage();
    await page.goto(server.url);
    const numbers = await page.evaluate<number[]>(`(${oddNumbersOnGpu.toString()})(navigator.gpu, 1000)`);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => 2 * index + 1));
    await page.close();
    await server.close();
  });

  test("a folder is served with its headers, so that a page can share memory", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "cresset-page-"));
    await writeFile(path.join(folder, "index.html"), `<script type="module" src="./main.mjs"></script>`);
    await writeFile(path.join(folder, "main.mjs"), `document.title = String(new SharedArrayBuffer(8).byteLength);`);
    const server = await servePage(folder, crossOriginIsolation);
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => document.title !== "");
    expect(await page.title()).toBe("8");
    expect((await fetch(`${server.url}..%2f${"..%2f".repeat(8)}etc%2fpasswd`)).status).toBe(404);
    await page.close();
    await server.close();
    await rm(folder, { recursive: true });
  });
});
