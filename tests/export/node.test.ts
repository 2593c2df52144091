import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { models } from "./models.ts";
import { inTemporaryDirectory, outputsInNode, rawTensors } from "./support.ts";

afterEach(() => torch.set_default_device("cpu"));

const targets = { js: "cpu:js", wasm: "cpu" } as const;

describe.each(["js", "wasm"] as const)("a model exported for %s", (target) => {
  test.each(Object.keys(models))("gives the library's bits in a bare process: %s", async (name) => {
    torch.set_default_device(targets[target]);
    const { model, inputs } = models[name]!();
    const batches = [inputs(), inputs()];
    const program = torch.export(model, Object.values(batches[0]!), { input_names: Object.keys(batches[0]!) });
    await inTemporaryDirectory(async (parent) => {
      const directory = path.join(parent, "model");
      await program.save(directory, { target });
      const outputs = await outputsInNode(directory, batches);
      for (const [i, batch] of batches.entries()) expect(outputs[i]).toEqual(await rawTensors(await program.run(batch)));
    });
  });
});
