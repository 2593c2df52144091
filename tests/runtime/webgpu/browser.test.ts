import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { chromiumAvailable, launchChromium, servePage } from "../../support/chromium.ts";

describe.skipIf(!chromiumAvailable())("WebGPU on a page", () => {
  test("computes under a content-security policy that forbids generated code", async () => {
    const entry = fileURLToPath(new URL("page.ts", import.meta.url));
    const bundle = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false, logLevel: "error" });
    const script = bundle.outputFiles[0]!.text;
    const server = await servePage(
      (request, response) => {
        const isScript = request.url === "/page.js";
        response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? script : `<!doctype html><script type="module" src="/page.js"></script>`);
      },
      { "Content-Security-Policy": "default-src 'self'" },
    );
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForFunction("globalThis.check !== undefined");
      const result = await page.evaluate<{ difference: number; bytes: number[] }>("globalThis.check()");
      expect(result.difference).toBeLessThan(1e-6);
      expect(result.bytes).toEqual([1, 0, 1]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
