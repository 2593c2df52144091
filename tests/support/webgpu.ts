/**
 * WebGPU in Node for tests: Dawn (the npm package `webgpu`) on SwiftShader, so that every machine gets the same adapter.
 *
 * What Dawn needs so that a process exits by itself and cleanly, found by trying the combinations (webgpu 0.6.2):
 * - Hold the `GPU` object that `create()` returned in a global for as long as the process lives. If it is garbage
 *   collected while a map or a compilation is pending, the process hangs with a busy core, or aborts with
 *   "std::system_error: Invalid argument". Held, it keeps nothing alive: the process exits once no work is pending.
 * - Hold the device and the buffer while a mapAsync() is pending; a buffer that is collected rejects its map.
 * - device.destroy() is welcome at any time, also with work in flight (pending maps reject with AbortError), and not
 *   required: a process that never calls it, that throws, or that calls process.exit(), exits cleanly as well.
 */
import { create } from "webgpu";
import { ensureSwiftShader } from "../../scripts/swiftshader.ts";

export { ensureSwiftShader };

const holder = globalThis as typeof globalThis & { cressetTestGpu?: GPU };

/** Dawn's entry point, made once and held for the life of the process. */
export async function openGpu(): Promise<GPU> {
  if (holder.cressetTestGpu === undefined) {
    await ensureSwiftShader();
    holder.cressetTestGpu = create([]);
  }
  return holder.cressetTestGpu;
}

/**
 * Whether tests of WebGPU can run here: `describe.skipIf(!(await webgpuAvailable()))`. Where there is no adapter this
 * skips, loudly, on a user's machine and throws in CI, because a green run must mean that they ran.
 */
export async function webgpuAvailable(): Promise<boolean> {
  let reason = "Dawn found no adapter";
  try {
    if ((await (await openGpu()).requestAdapter()) !== null) return true;
  } catch (error) {
    reason = String(error);
  }
  if (process.env["CI"]) throw new Error(`No WebGPU adapter in CI: ${reason}`);
  console.warn(`\n*** SKIPPED: tests of WebGPU, because ${reason} ***\n`);
  return false;
}

/**
 * Fills count numbers with 2 * i + 1 in a compute shader and reads them back.
 * Self-contained, so that a browser page can evaluate its source.
 */
export async function oddNumbersOnGpu(gpu: GPU, count: number): Promise<number[]> {
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error("No WebGPU adapter.");
  const device = await adapter.requestDevice();
  // The flags' values, because GPUBufferUsage and GPUMapMode are not global in Node.
  const usage = { mapRead: 0x1, copySource: 0x4, copyDestination: 0x8, storage: 0x80 };
  const output = device.createBuffer({ size: 4 * count, usage: usage.storage | usage.copySource });
  const staging = device.createBuffer({ size: 4 * count, usage: usage.mapRead | usage.copyDestination });
  const code = `
    @group(0) @binding(0) var<storage, read_write> output: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < arrayLength(&output)) { output[id.x] = 2.0 * f32(id.x) + 1.0; }
    }`;
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const entries = [{ binding: 0, resource: { buffer: output } }];
  const commands = device.createCommandEncoder();
  const pass = commands.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(count / 64));
  pass.end();
  commands.copyBufferToBuffer(output, 0, staging, 0, 4 * count);
  device.queue.submit([commands.finish()]);
  await staging.mapAsync(0x1);
  const numbers = Array.from(new Float32Array(staging.getMappedRange()));
  device.destroy();
  return numbers;
}
