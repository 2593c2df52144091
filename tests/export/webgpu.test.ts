import { mkdir, readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { webgpuAvailable } from "../support/webgpu.ts";
import { models } from "./models.ts";
import { expectClose, inTemporaryDirectory, numbersIn, outputsInNode, rawTensors, runInNode } from "./support.ts";

const dawn = fileURLToPath(new URL("../../node_modules/webgpu", import.meta.url));
/** In which Dawn finds SwiftShader and the loader beside it. */
const environment = (): Record<string, string> => ({
  VK_ICD_FILENAMES: process.env["VK_ICD_FILENAMES"]!,
  LD_LIBRARY_PATH: path.dirname(process.env["VK_ICD_FILENAMES"]!),
});

/** Functions over the types that WebGPU has. */
const functions = (a: torch.Tensor, n: torch.Tensor, small: torch.Tensor): readonly torch.Tensor[] => [
  torch.erf(a).add(torch.exp(a)),
  n.mul(3n).add(1n),
  a.to(torch.float16).mul(2.5),
  a.gt(0),
  small.add(small),
  n.to(torch.float32).mul(a.sum()),
];

describe.skipIf(!(await webgpuAvailable()))("a model exported for WebGPU", () => {
  test.each(["mlp", "cnn", "attention", "functions"])(
    "gives the library's numbers in a process without the library: %s",
    async (name) => {
      const { model, inputs } =
        name === "functions"
          ? {
              model: functions,
              inputs: () => ({
                a: torch.randn(37),
                n: torch.randint(-9, 9, [5]),
                small: torch.randint(0, 100, [7]).to(torch.uint8),
              }),
            }
          : models[name]!();
      const batches: Record<string, torch.Tensor>[] = [inputs(), inputs()];
      const program = torch.export(model, Object.values(batches[0]!), { input_names: Object.keys(batches[0]!) });
      await inTemporaryDirectory(async (parent) => {
        const directory = path.join(parent, "model");
        await program.save(directory, { target: "webgpu" });
        await mkdir(path.join(parent, "node_modules"));
        await symlink(dawn, path.join(parent, "node_modules", "webgpu"));
        const outputs = await outputsInNode(directory, batches, environment());
        expect(outputs).toHaveLength(batches.length);
        for (const [i, batch] of batches.entries())
          expectClose(outputs[i]!, await rawTensors(await program.run(batch)));
      });
    },
  );

  test("may have been on WebGPU when it was recorded, whatever it is exported for", async () => {
    await torch.webgpu.init();
    const weight = torch.arange(6).reshape(2, 3).to(torch.float32).to("webgpu");
    const x = torch.tensor([[1, 2, 3]]).to("webgpu");
    const program = torch.export((row: torch.Tensor) => torch.nn.functional.linear(row, weight.mul(2)), [x], {
      input_names: ["x"],
    });
    weight.zero_();
    expect(await (await program.run({ x }))["output"]!.tolistAsync()).toEqual([[16, 52]]);
    await inTemporaryDirectory(async (parent) => {
      await program.save(path.join(parent, "model"), { target: "wasm" });
      const [outputs] = await outputsInNode(path.join(parent, "model"), [{ x }]);
      expect(numbersIn(outputs!["output"]!)).toEqual([16, 52]);
    });
  });

  test("serves runs that overlap", async () => {
    const program = torch.export((x: torch.Tensor) => x.mul(x).sum(1), [torch.ones(4, 3)], { input_names: ["x"] });
    await inTemporaryDirectory(async (parent) => {
      await program.save(path.join(parent, "model"), { target: "webgpu", separate: true });
      await mkdir(path.join(parent, "node_modules"));
      await symlink(dawn, path.join(parent, "node_modules", "webgpu"));
      const stdout = await runInNode(
        path.join(parent, "model"),
        `
        import { load } from MODEL;
        const run = await load();
        const runs = [1, 2, 3].map((value) => run({ x: new Float32Array(12).fill(value) }));
        console.log(JSON.stringify((await Promise.all(runs)).map(({ output }) => [...output])));`,
        undefined,
        environment(),
      );
      expect(JSON.parse(stdout)).toEqual([3, 12, 27].map((value) => [value, value, value, value]));
    });
  });

  test("says what is missing where there is no WebGPU", async () => {
    await inTemporaryDirectory(async (parent) => {
      await torch
        .export((x: torch.Tensor) => x.neg(), [torch.ones(4)])
        .save(path.join(parent, "model"), { target: "webgpu" });
      const stdout = await runInNode(
        path.join(parent, "model"),
        `
        import { load } from MODEL;
        console.log(await load().catch((error) => error.message));`,
      );
      expect(stdout).toContain("there is no WebGPU adapter here; a device can be given with load({ device })");
      expect(await readFile(path.join(parent, "model", "model.d.mts"), "utf8")).toContain("readonly device?: object;");
    });
  });
});
