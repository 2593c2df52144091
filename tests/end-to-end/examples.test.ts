/**
 * The programs that show how the library feels, as they stand in examples/: only what they take for granted (a data
 * set, an import) stands before them, and what the tests look at is exported after them.
 */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as torch from "cresset";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

const run = promisify(execFile);
const here = fileURLToPath(new URL("examples/", import.meta.url));
const workplace = mkdtempSync(path.join(tmpdir(), "cresset-examples-"));
const home = process.cwd();
const tsc = path.join(home, "node_modules/.bin/tsc");
beforeAll(() => process.chdir(workplace));
afterAll(() => {
  process.chdir(home);
  rmSync(workplace, { recursive: true, force: true });
});
afterEach(() => void vi.restoreAllMocks());

/** Runs a program: what it exports, and what it logged. */
async function program<Exports>(name: string): Promise<Exports & { logged: unknown[] }> {
  const logged: unknown[] = [];
  vi.spyOn(console, "log").mockImplementation((value: unknown) => void logged.push(value));
  const exports = (await import(pathToFileURL(path.join(here, name)).href)) as Exports;
  return { ...exports, logged };
}
const shown = (value: unknown): string =>
  (value as Record<symbol, () => string>)[Symbol.for("nodejs.util.inspect.custom")]!();
type Tensors = Record<string, torch.Tensor>;

it("all programs type-check with nothing but strict", { timeout: 120_000 }, async () => {
  const { stdout } = await run(tsc, ["-p", here]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

describe("tensors are lazy, and nobody notices", () => {
  it("reads, views and writes", async () => {
    const { a, view, values, indices, logged } = await program<Tensors>("lazy.ts");
    // Read since, so computed by now; what console.log saw then is a test of its own.
    expect(shown(logged[0])).toBe("float32[2, 1] on cpu");
    expect(logged.slice(1)).toEqual([[[12], [39]], "tensor([[12.],\n        [39.]])"]);
    expect(view!.tolist()).toEqual([10, 40]);
    expect([values!.tolist(), indices!.tolist()]).toEqual([
      [10, 40],
      [0, 0],
    ]);
    expect(a!.tolist()).toEqual([
      [10, 0, 0],
      [40, 5, 6],
    ]);
  });

  it("logs a tensor without computing it", () => {
    const y = torch
      .tensor([
        [1, 2, 3],
        [4, 5, 6],
      ])
      .relu()
      .sum(1, { keepdim: true });
    expect(shown(y)).toBe("float32[2, 1] on cpu, not computed yet");
  });
});

it("autograd: gradients, gradients of gradients, functions of one's own", async () => {
  const { x, g, h, Exp } = await program<Tensors & { Exp: { apply(x: torch.Tensor): torch.Tensor } }>("autograd.ts");
  expect(x!.grad!.tolist()).toEqual([1, 1]);
  expect([g!.item(), h!.item()]).toEqual([27, 18]);
  const y = Exp.apply(x!);
  y.sum().backward();
  [1, 1].forEach((before, i) => expect((x!.grad!.tolist() as number[])[i]).toBeCloseTo(before + Math.E, 5));
  expect(torch.no_grad(() => x!.mul(2).requires_grad)).toBe(false);
});

describe("a model, and a training loop that is one program a step", () => {
  it("trains, saves, and says why it was recorded again", { timeout: 120_000 }, async () => {
    const { model, step, logged } = await program<{
      model: torch.nn.Module;
      step: { explain_recompiles(): readonly unknown[]; statistics: { compileCount: number } };
    }>("training.ts");
    const losses = logged.filter((value) => typeof value === "number");
    expect(losses).toHaveLength(60);
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
    expect(step.explain_recompiles().map(String)).toEqual([
      expect.stringMatching(/^x\.shape\[0\]: 64 -> 30\n {2}at .*training\.ts:\d+:\d+$/),
    ]);
    // Two sizes: for each the step, and the conditions that it checks beforehand.
    expect(step.statistics.compileCount).toBe(4);
    const saved = torch.load("digits.pt") as Tensors;
    for (const [name, tensor] of Object.entries(model.state_dict()))
      expect(saved[name]!.tolist()).toEqual(tensor.tolist());
    expect(logged.at(-1)).toContain("Conv2d");
  });

  it("a GPT's attention attends to what came before only", async () => {
    const { Attention } = await program<{ Attention: new (width: number, heads: number) => torch.nn.Module }>("gpt.ts");
    torch.manual_seed(0);
    const attend = new Attention(8, 2) as unknown as (x: torch.Tensor) => torch.Tensor;
    const x = torch.randn(2, 5, 8);
    const before = attend(x).at(":, :4").tolist();
    const changed = x.clone();
    changed.set_at([":", 4], 100);
    expect(attend(changed).at(":, :4").tolist()).toEqual(before);
    expect(attend(x).shape).toEqual([2, 5, 8]);
  });
});

describe("export: a model without the library", () => {
  async function exportFixed(): Promise<void> {
    const { Net } = await import("./examples/net.ts");
    const fixed = torch.export(new Net().eval(), [torch.randn(1, 1, 8, 8)], { output_names: ["output"] });
    await fixed.save("digits/", { target: "wasm" });
  }

  it("writes a directory that runs by itself", { timeout: 120_000 }, async () => {
    await program("export.ts").catch((error: unknown) => {
      // Shapes that vary may be refused; then the program is the same without them.
      if (!(error instanceof torch.NotImplementedError) || error.code !== "export/dynamic-shapes") throw error;
      console.warn("\n*** SKIPPED: dynamic_shapes in the export example, which are not supported yet ***\n");
      return exportFixed();
    });
    expect(existsSync(path.join(workplace, "digits/model.mjs"))).toBe(true);
    for (const ending of [".mjs", ".mts"])
      cpSync(path.join(here, "elsewhere.ts"), path.join(workplace, `elsewhere${ending}`));
    const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--lib", "es2023,dom"];
    const checked = await run(tsc, [...strict, "elsewhere.mts"], { cwd: workplace }).catch(
      (error: { stdout: string }) => error,
    );
    expect(checked.stdout).toBe("");
    const script =
      'import("./elsewhere.mjs").then(({ output }) => console.log(JSON.stringify(output.shape ?? output.length)))';
    const { stdout } = await run(process.execPath, ["-e", script], { cwd: workplace });
    expect(stdout.trim()).not.toBe("");
  });

  const hasOnnx = "onnx" in torch;
  if (!hasOnnx) console.warn("\n*** SKIPPED: the ONNX example, because torch.onnx does not exist yet ***\n");
  it.skipIf(!hasOnnx)("writes ONNX", async () => {
    await program("onnx.ts");
    expect(existsSync(path.join(workplace, "digits.onnx"))).toBe(true);
  });
});

const hasGpu = await webgpuAvailable();
describe.skipIf(!hasGpu)("devices", () => {
  it("runs on the GPU, where reading takes a promise", { timeout: 120_000 }, async () => {
    const { out } = await program<Tensors>("devices.ts");
    expect(out!.shape).toEqual([8, 10]);
    expect((await out!.tolistAsync()) as unknown[]).toHaveLength(8);
    expect(() => out!.tolist()).toThrow("tolistAsync()");
  });
});

it("mistakes are answered where they are made", async () => {
  const error: unknown = await program("mistakes.ts").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(torch.ShapeError);
  const { name, message } = error as Error;
  expect(`${name} ${message}`).toBe(
    `ShapeError [matmul/inner-dims] matmul: inner sizes differ: input float32[8, 3, 64] @ other float32[8, 5, 64].
  The last size of input (64) must equal the second-to-last of other (5). other.transpose(-2, -1) would fit.
  at ${path.join(here, "mistakes.ts")}:3:23`,
  );
});
