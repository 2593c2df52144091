import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { models } from "./models.ts";
import { inTemporaryDirectory, outputsInNode, rawTensors, runInNode } from "./support.ts";

afterEach(() => torch.set_default_device("cpu"));

const targets = { js: "cpu:js", wasm: "cpu" } as const;
type Outputs = Record<string, torch.Tensor>;

/** What the model itself gives, by the names that an export gives. */
function direct(model: torch.Exportable, inputs: Outputs): Outputs {
  const result = (model as (...args: torch.Tensor[]) => unknown)(...Object.values(inputs));
  if (result instanceof torch.Tensor) return { output: result };
  return Array.isArray(result)
    ? Object.fromEntries((result as torch.Tensor[]).map((tensor, i) => [`output_${i}`, tensor]))
    : (result as Outputs);
}

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
      for (const [i, batch] of batches.entries()) {
        expect(outputs[i]).toEqual(await rawTensors(await program.run(batch)));
        expect(outputs[i]).toEqual(await rawTensors(direct(model, batch)));
      }
    });
  });

  test("computes the same with kernels in files of their own", async () => {
    torch.set_default_device(targets[target]);
    const { model, inputs } = models["mlp"]!();
    const batch = inputs();
    const program = torch.export(model, Object.values(batch), { input_names: Object.keys(batch) });
    await inTemporaryDirectory(async (parent) => {
      await program.save(path.join(parent, "model"), { target, separate: true });
      expect(await readdir(path.join(parent, "model"))).toContain(target === "js" ? "kernels.mjs" : "kernels.wasm");
      expect(await readFile(path.join(parent, "model", "model.mjs"), "utf8")).not.toContain("AGFzbQ");
      expect(await outputsInNode(path.join(parent, "model"), [batch])).toEqual([
        await rawTensors(await program.run(batch)),
      ]);
    });
  });

  test("gives outputs that are inputs, weights or equal to each other as arrays of their own", async () => {
    torch.set_default_device(targets[target]);
    const weight = torch.tensor([1, 2, 3]);
    const program = torch.export(
      (x: torch.Tensor) => ({ x, weight, twice: [x.add(x), x.add(x)], none: torch.zeros(0) }),
      [torch.ones(3)],
      { input_names: ["x"] },
    );
    await inTemporaryDirectory(async (parent) => {
      await program.save(path.join(parent, "model"), { target });
      const stdout = await runInNode(
        path.join(parent, "model"),
        `
        import { load } from MODEL;
        const run = await load();
        const x = Float32Array.of(5, 6, 7);
        const first = await run({ x });
        for (const array of Object.values(first)) array.fill(0);
        const second = await run({ x });
        console.log(JSON.stringify([[...x], Object.entries(second).map(([name, array]) => [name, array.shape, [...array]])]));`,
      );
      expect(JSON.parse(stdout)).toEqual([
        [5, 6, 7],
        [
          ["x", [3], [5, 6, 7]],
          ["weight", [3], [1, 2, 3]],
          ["twice_0", [3], [10, 12, 14]],
          ["twice_1", [3], [10, 12, 14]],
          ["none", [0], []],
        ],
      ]);
    });
  });

  test("refuses inputs and weights that do not fit, and indices out of range", async () => {
    torch.set_default_device(targets[target]);
    const table = torch.arange(12).reshape(4, 3).to(torch.float32);
    const lookUp = (index: torch.Tensor, scale: torch.Tensor): torch.Tensor =>
      torch.nn.functional.embedding(index, table).mul(scale);
    const program = torch.export(lookUp, [torch.zeros(2, { dtype: torch.int64 }), torch.ones(1)], {
      input_names: ["index", "scale"],
    });
    await inTemporaryDirectory(async (parent) => {
      await program.save(path.join(parent, "model"), { target });
      const stdout = await runInNode(
        path.join(parent, "model"),
        `
        import { load } from MODEL;
        const run = await load();
        const index = BigInt64Array.of(3n, 0n), scale = Float32Array.of(2);
        const attempts = [
          run(), run({ index }), run({ index, scale, more: scale }), run({ index: Float32Array.of(1, 2), scale }), run({ index: [1, 2], scale }),
          run({ index: { data: index, shape: [1, 2] }, scale }), run({ index: BigInt64Array.of(1n), scale }), run({ index: BigInt64Array.of(4n, 0n), scale }),
          load({ weights: new Uint8Array(4) }), load({ weights: new TextEncoder().encode("\\x02\\0\\0\\0\\0\\0\\0\\0{}") }), load({ weights: "absent.safetensors" }),
        ];
        const messages = [];
        for (const result of await Promise.allSettled(attempts)) messages.push(result.reason ? result.reason.name + ": " + result.reason.message : "done");
        const { output } = await run({ index: { data: index, shape: [2] }, scale });
        console.log(JSON.stringify([messages, [...output]]));`,
      );
      const [messages, output] = JSON.parse(stdout) as [string[], number[]];
      expect(output).toEqual([18, 20, 22, 0, 2, 4]);
      expect(messages.slice(0, 10)).toEqual([
        "TypeError: run: takes an object with the inputs index, scale",
        'TypeError: run: input "scale" must be a Float32Array of 1 elements (float32[1]); it is missing',
        'TypeError: run: there is no input "more"; there are index, scale',
        'TypeError: run: input "index" must be a BigInt64Array of 2 elements (int64[2]), got Float32Array',
        'TypeError: run: input "index" must be a BigInt64Array of 2 elements (int64[2]), got undefined',
        'RangeError: run: input "index" must be a BigInt64Array of 2 elements (int64[2]), got shape [1, 2]',
        'RangeError: run: input "index" must be a BigInt64Array of 2 elements (int64[2]), got 1 elements',
        expect.stringMatching(/^RangeError: .*embedding: index out of range.*\n.*\[0, 3\]\.$/),
        "Error: load: these weights do not fit the model: they are no safetensors file",
        'Error: load: these weights do not fit the model: "constant_0" is missing',
      ]);
      expect(messages[10]).toMatch(/ENOENT/);
    });
  });
});

test("a process with relaxed SIMD switched on or off finds kernels that it can run", async () => {
  const { model, inputs } = models["mlp"]!();
  const batch = inputs();
  const program = torch.export(model, Object.values(batch), { input_names: Object.keys(batch) });
  await inTemporaryDirectory(async (parent) => {
    const directory = path.join(parent, "model");
    await program.save(directory);
    const text = await readFile(path.join(directory, "model.mjs"), "utf8");
    expect(text.match(/"AGFzbQ/g)).toHaveLength(2);
    const values: number[][] = [];
    for (const flag of ["--experimental-wasm-relaxed-simd", "--no-experimental-wasm-relaxed-simd"]) {
      const stdout = await runInNode(
        directory,
        `
        import { load, inputs } from MODEL;
        const run = await load();
        console.log(JSON.stringify([...(await run({ x: Float32Array.from({ length: 180 }, (_, i) => Math.sin(i)) })).output]));`,
        [flag],
      );
      values.push(JSON.parse(stdout) as number[]);
    }
    for (const [i, value] of values[0]!.entries()) expect(Math.abs(value - values[1]![i]!)).toBeLessThan(1e-6);
  });
});

test("a directory can be moved, takes other weights of the same shapes, and is the same each time", async () => {
  const { model, inputs } = models["mlp"]!();
  const [x] = Object.values(inputs());
  const program = torch.export(model, [x!], { input_names: ["x"] });
  await inTemporaryDirectory(async (parent) => {
    const [first, second] = [path.join(parent, "first"), path.join(parent, "second")];
    await program.save(first);
    await torch.export(model, [x!], { input_names: ["x"] }).save(second);
    for (const name of await readdir(first))
      expect(await readFile(path.join(second, name))).toEqual(await readFile(path.join(first, name)));
    await cp(first, path.join(parent, "moved"), { recursive: true });
    const weights = await readFile(path.join(first, "weights.safetensors"));
    // All weights zero: softmax of equal logits.
    const length = Number(weights.readBigUInt64LE(0));
    await writeFile(path.join(parent, "other.safetensors"), weights.fill(0, 8 + length));
    const stdout = await runInNode(
      path.join(parent, "moved"),
      `
      import { load } from MODEL;
      const run = await load({ weights: ${JSON.stringify(path.join(parent, "other.safetensors"))} });
      const { output } = await run({ x: new Float32Array(180).fill(1) });
      console.log(output.every((value) => Math.abs(value - 1 / 7) < 1e-7));`,
    );
    expect(stdout.trim()).toBe("true");
  });
});
