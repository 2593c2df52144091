import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { loadSafetensors } from "../../frontend/serialization/index.ts";
import { parseGraph } from "../../ir/text/index.ts";
import { models } from "./models.ts";
import { inTemporaryDirectory } from "./support.ts";

const double = (): torch.ExportedProgram =>
  torch.export((x: torch.Tensor) => x.mul(2), [torch.ones(2)], { input_names: ["x"] });

function cnn(): { model: torch.Exportable; program: torch.ExportedProgram } {
  const { model, inputs } = models["cnn"]!();
  return { model, program: torch.export(model, Object.values(inputs()), { input_names: ["image"] }) };
}

test("the files of a directory tell what the model is", async () => {
  const { model, program } = cnn();
  const files = await program.files();
  expect([...files.keys()].sort()).toEqual([
    "graph.svg",
    "graph.txt",
    "manifest.json",
    "model.d.mts",
    "model.mjs",
    "weights.safetensors",
  ]);
  const manifest = JSON.parse(files.get("manifest.json") as string) as Record<string, unknown> & {
    state: { name: string }[];
  };
  expect(manifest).toMatchObject({
    format: 1,
    target: "wasm",
    inputs: [{ name: "image", dtype: "float32", shape: [2, 3, 6, 6] }],
    outputs: [
      { name: "logits", dtype: "float32", shape: [2, 5] },
      { name: "best", dtype: "int64", shape: [2] },
    ],
    graph_hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
  });
  expect(manifest["peak_bytes"]).toBeGreaterThan(5 * 72 * 4);
  expect(manifest["kernel_count"]).toBeGreaterThan(0);

  const names = [
    "conv.weight",
    "conv.bias",
    "norm.weight",
    "norm.bias",
    "norm.running_mean",
    "norm.running_var",
    "head.weight",
    "head.bias",
  ];
  expect(manifest.state.map(({ name }) => name).sort()).toEqual([...names].sort());
  const { tensors } = loadSafetensors(
    files.get("weights.safetensors") as Uint8Array,
    ({ storage }) => new Float32Array(storage.bytes.buffer),
  );
  const parameters = new Map([
    ...(model as torch.nn.Module).named_parameters(),
    ...(model as torch.nn.Module).named_buffers(),
  ]);
  for (const name of names) expect(tensors.get(name)).toEqual(await parameters.get(name)!.detach().numpyAsync());
});

test("graph.txt parses back, and graph.svg shows inputs, operators and outputs", async () => {
  const files = await cnn().program.files();
  const roots = parseGraph(files.get("graph.txt") as string);
  expect(roots.map(({ shape }) => shape)).toEqual([[2, 5], [2]]);
  const svg = files.get("graph.svg") as string;
  for (const text of ["image", "conv.weight [8, 3, 3, 3]", "logits", "best", "argmax"])
    expect(svg).toContain(`>${text}</text>`);
});

test("model.d.mts types the inputs and the outputs", async () => {
  await inTemporaryDirectory(async (parent) => {
    await cnn().program.save(path.join(parent, "model"));
    await writeFile(
      path.join(parent, "good.mts"),
      `
      import { load } from "./model/model.mjs";
      const run = await load();
      const { logits, best } = await run({ image: { data: new Float32Array(216), shape: [2, 3, 6, 6] } });
      export const values: readonly [Float32Array, bigint | undefined, 5] = [logits, best[0], logits.shape[1]];`,
    );
    await writeFile(
      path.join(parent, "bad.mts"),
      `
      import { load } from "./model/model.mjs";
      await (await load())({ image: new Float64Array(216) });`,
    );
    const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
    const check = (file: string): string => {
      try {
        return execFileSync(
          process.execPath,
          [
            tsc,
            "--noEmit",
            "--strict",
            "--noUncheckedIndexedAccess",
            "--module",
            "nodenext",
            "--target",
            "es2023",
            "--types",
            "",
            path.join(parent, file),
          ],
          { encoding: "utf8", cwd: parent },
        );
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(check("good.mts")).toBe("");
    expect(check("bad.mts")).toMatch(/bad\.mts.*Float64Array/);
  });
});

describe("saving", () => {
  test("replaces an earlier export and leaves nothing else behind", async () => {
    await inTemporaryDirectory(async (parent) => {
      await double().save(path.join(parent, "deep", "model"), { target: "wasm", separate: true });
      await double().save(path.join(parent, "deep", "model"), { target: "js" });
      expect(await readdir(path.join(parent, "deep"))).toEqual(["model"]);
      expect(await readdir(path.join(parent, "deep", "model"))).not.toContain("kernels.wasm");
    });
  });

  test("does not touch a directory that holds other files", async () => {
    await inTemporaryDirectory(async (parent) => {
      await mkdir(path.join(parent, "model"));
      await writeFile(path.join(parent, "model", "thesis.txt"), "dear");
      await expect(double().save(path.join(parent, "model"))).rejects.toThrow(
        /ExportError|holds other files, such as thesis.txt/,
      );
      expect(await readFile(path.join(parent, "model", "thesis.txt"), "utf8")).toBe("dear");
      expect(await readdir(parent)).toEqual(["model"]);
    });
  });

  test("writes nothing when the target cannot compute a type, and names every place", async () => {
    const model = (x: torch.Tensor): torch.Tensor => x.to(torch.float64).add(1).exp().to(torch.float32);
    await inTemporaryDirectory(async (parent) => {
      const error = await torch
        .export(model, [torch.ones(3)])
        .save(path.join(parent, "model"), { target: "webgpu" })
        .catch((reason: unknown) => reason as Error);
      expect(error).toBeInstanceOf(torch.ExportError);
      expect((error as Error).message).toMatch(/add at .*directory\.test\.ts:\d+:\d+ \(.*float64\[3\]/);
      expect((error as Error).message).toMatch(/exp at .*directory\.test\.ts:\d+:\d+ \(float64\[3\] -> float64\[3\]\)/);
      expect(await readdir(parent)).toEqual([]);
    });
  });

  test("knows its targets", async () => {
    await expect(double().files({ target: "tpu" as "js" })).rejects.toThrow('"tpu" is no target');
  });
});
