import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { chromiumAvailable, launchChromium, servePage } from "../support/chromium.ts";
import { models } from "./models.ts";
import { expectClose, inTemporaryDirectory, rawTensors, runText, type RawArray } from "./support.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const policies = {
  js: "default-src 'self'",
  wasm: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  webgpu: "default-src 'self'",
};

describe.skipIf(!chromiumAvailable())("an exported model on a page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  const cases = (["js", "wasm", "webgpu"] as const).flatMap((target) =>
    [false, true].map((separate) => ({ target, separate })),
  );
  test.each(cases)(
    "gives the library's numbers under a strict policy: $target, separate: $separate",
    async ({ target, separate }) => {
      await inTemporaryDirectory(async (directory) => {
        const wanted: Record<string, Record<string, RawArray>> = {};
        const given: Record<string, Record<string, RawArray>> = {};
        for (const name of ["mlp", "cnn", "attention"]) {
          const { model, inputs } = models[name]!();
          const batch = inputs();
          const program = torch.export(model, Object.values(batch), { input_names: Object.keys(batch) });
          await program.save(path.join(directory, name), { target, separate });
          given[name] = await rawTensors(batch);
          wanted[name] = await rawTensors(await program.run(batch));
        }
        await writeFile(
          path.join(directory, "index.html"),
          `<!doctype html><script type="module" src="/main.js"></script>`,
        );
        await writeFile(
          path.join(directory, "main.js"),
          `${runText}
        globalThis.compute = async (given) => {
          const outputs = {};
          for (const name of Object.keys(given)) {
            const { load } = await import(\`./\${name}/model.mjs\`);
            outputs[name] = await runRaw(await load(), given[name]);
          }
          return outputs;
        };`,
        );
        const server = await servePage(directory, { "Content-Security-Policy": policies[target] });
        const page = await browser.newPage();
        try {
          await page.goto(server.url);
          await page.waitForFunction("globalThis.compute !== undefined");
          const outputs = await page.evaluate<Record<string, Record<string, RawArray>>>(
            `globalThis.compute(${JSON.stringify(given)})`,
          );
          expect(Object.keys(outputs)).toEqual(Object.keys(wanted));
          for (const name of Object.keys(wanted)) expectClose(outputs[name]!, wanted[name]!);
        } finally {
          await page.close();
          await server.close();
        }
      });
    },
  );
});
