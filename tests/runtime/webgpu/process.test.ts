import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { hasWebGpu } from "./support.ts";

const root = new URL("../../../", import.meta.url);

/** Runs a module in a Node process of its own. Rejects when it does not exit by itself or with another code than 0. */
async function runNode(program: string, env: Record<string, string> = {}): Promise<string> {
  const options = ["--import", "tsx", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, options, {
    cwd: root,
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return stdout.trim();
}

const open = `
  import { openDevice } from "./tests/runtime/webgpu/support.ts";
  const device = await openDevice();
  const memory = device.upload(Float32Array.of(1, 2, 3));`;

describe.skipIf(!hasWebGpu)("a process that used WebGPU", () => {
  test("exits by itself after a read, with nothing given back", async () => {
    expect(await runNode(`${open} console.log(new Float32Array(await device.read(memory)).join());`)).toBe("1,2,3");
  });

  test("exits by itself while a read is pending", async () => {
    expect(await runNode(`${open} void device.read(memory); console.log("done");`)).toBe("done");
  });

  test("exits by itself after destroy()", async () => {
    const program = `${open} device.read(memory).catch((error) => console.log(error.name)); device.destroy();`;
    expect(await runNode(program)).toBe("DeviceLostError");
  });

  test("gets a typed error with a cure where there is no adapter", async () => {
    const program = `
      import { requestWebGpu } from "./runtime/webgpu/adapter.ts";
      await requestWebGpu().catch((error) => console.log(error.name, error.message));`;
    const hidden = { VK_ICD_FILENAMES: "/nonexistent.json", VK_DRIVER_FILES: "/nonexistent.json", LD_LIBRARY_PATH: "" };
    expect(await runNode(program, hidden)).toMatch(/AdapterNotFoundError .*found no GPU.*\n.*driver/);
  });
});
