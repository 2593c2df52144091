/** On pages, what a search has found is kept in IndexedDB for later ones. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, serveScript } from "../../support/bundled-page.ts";
import { chromiumAvailable, launchChromium } from "../../support/chromium.ts";

/** Of a product whose second schedule seems to be the faster one: the one that is chosen, and how often that was timed. */
const entry = `
  import { compileGraph } from "./frontend/pipeline.ts";
  import { GraphBuilder } from "./ir/builder.ts";
  import { leafNode } from "./ir/graph.ts";
  import { matmulOf } from "./ir/ops/matmul.ts";
  import { KernelSearch } from "./runtime/wasm/search.ts";
  import { rememberedWinners } from "./runtime/wasm/winners.ts";
  const winners = rememberedWinners();
  let timed = 0;
  const timer = (calls) => (timed++, calls.map((_, i) => (i === 1 ? 1 : 2)));
  window.search = () => {
    const search = new KernelSearch(winners, { relaxedSimd: false, machine: "a page", timer });
    let chosen = -1;
    const tuner = { name: "page " + timed + Math.random(), choose: (kernels) => (chosen = search.choose(kernels)) };
    const product = matmulOf(new GraphBuilder(), leafNode("input", "float32", [2, 5], 0), leafNode("input", "float32", [5, 21], 1));
    compileGraph([product], { device: "cpu", name: "product", tuner });
    return { chosen, timed };
  };
  window.kept = () => new Promise((resolve, reject) => {
    const request = indexedDB.open("cresset", 1);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const all = request.result.transaction("schedules").objectStore("schedules").getAll();
      all.onsuccess = () => { request.result.close(); resolve(all.result); };
      all.onerror = () => reject(all.error);
    };
  });`;

describe.skipIf(!chromiumAvailable())("a page", () => {
  let page: Awaited<ReturnType<typeof serveScript>>;
  let browser: Awaited<ReturnType<typeof launchChromium>>;

  beforeAll(async () => {
    page = await serveScript(await bundle(entry));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await page.close();
  });

  it("finds what an earlier page has timed", async () => {
    const tab = await browser.newPage();
    const load = async (): Promise<void> => {
      await tab.goto(page.url);
      await tab.waitForFunction("typeof window.kept === 'function'");
    };
    await load();
    expect(await tab.evaluate("window.search()")).toEqual({ chosen: 1, timed: 1 });
    await tab.waitForFunction("window.kept().then((kept) => kept.length === 1)");
    await load();
    // Requests are answered in turn: what the page asked for when it was loaded is there.
    for (let i = 0; i < 3; i++) await tab.evaluate("window.kept()");
    expect(await tab.evaluate("window.search()")).toEqual({ chosen: 1, timed: 0 });
    await tab.close();
  });
});
