import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { oddNumbersOnGpu, openGpu, webgpuAvailable } from "./webgpu.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url);
const oddNumbers = Array.from({ length: 1000 }, (_, index) => 2 * index + 1);

describe.skipIf(!(await webgpuAvailable()))("Dawn in Node", () => {
  test("the adapter is SwiftShader", async () => {
    const adapter = await (await openGpu()).requestAdapter();
    expect(adapter?.info.architecture).toBe("swiftshader");
  });

  test("a compute shader gives the right numbers", async () => {
    expect(await oddNumbersOnGpu(await openGpu(), 1000)).toEqual(oddNumbers);
  });

  test("a process that computed on the GPU exits by itself with code 0", async () => {
    const program = `
      import { oddNumbersOnGpu, openGpu } from "./tests/support/webgpu.ts";
      console.log((await oddNumbersOnGpu(await openGpu(), 1000)).at(-1));`;
    const { stdout } = await runNode(["--input-type=module", "--eval", program], {});
    expect(stdout.trim()).toBe("1999");
  });

  test("the preloaded script gives a command line that asks for webgpu an adapter", async () => {
    const program = `
      import { create } from "webgpu";
      globalThis.gpu = create([]);
      console.log((await globalThis.gpu.requestAdapter()) !== null);`;
    const preload = ["--import", "./scripts/software-webgpu.ts", "--input-type=module", "--eval", program, "--"];
    const { stdout } = await runNode([...preload, "--device", "webgpu"], { VK_ICD_FILENAMES: "" });
    expect(stdout.trim()).toBe("true");
  });
});

/** Runs Node on this checkout's TypeScript. Rejects when it exits with another code than 0 or does not exit. */
function runNode(options: string[], env: Record<string, string>) {
  return run(process.execPath, ["--import", "tsx", ...options], {
    cwd: root,
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
}
