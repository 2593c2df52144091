/** Finds a GPU: the browser's `navigator.gpu`, or in Node the optional package `webgpu` (Dawn). */
import { AdapterNotFoundError } from "../../ir/errors.ts";

export interface WebGpu {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
}

/** Asked of the adapter at their best, since WebGPU gives only the guaranteed minimum otherwise. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** @throws AdapterNotFoundError, which says what was tried. */
export async function requestWebGpu(): Promise<WebGpu> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) {
    const where = gpu === browserGpu() ? "navigator.gpu" : 'the package "webgpu"';
    throw new AdapterNotFoundError(
      "webgpu/no-adapter",
      `webgpu: ${where} is there, but it found no GPU.`,
      'Update the graphics driver (on Linux: Vulkan), or compute on the device "cpu".',
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  return { adapter, device: await adapter.requestDevice({ requiredLimits }) };
}

function browserGpu(): GPU | undefined {
  // Node's navigator has no gpu, and some browsers have none either.
  const place = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  return place.navigator?.gpu;
}

/**
 * Dawn's entry point, kept for as long as the process lives: collected with work pending, it would hang the process.
 * Kept, it does not hold the process back: Node exits when no work is pending.
 */
const dawnKey: unique symbol = Symbol.for("cresset.webgpu.dawn");
const dawn = globalThis as typeof globalThis & { [dawnKey]?: GPU };

async function findGpu(): Promise<GPU> {
  const browser = browserGpu();
  if (browser !== undefined) return browser;
  if (dawn[dawnKey] !== undefined) return dawn[dawnKey];
  if (typeof process === "undefined" || process.versions?.node === undefined) {
    throw new AdapterNotFoundError(
      "webgpu/no-api",
      "webgpu: this browser has no navigator.gpu.",
      'Use a browser with WebGPU on a secure page (https or localhost), or compute on the device "cpu".',
    );
  }
  // A name that bundlers cannot see: in a browser the package is neither there nor needed.
  const name: string = "webgpu";
  let loaded: { create(options: string[]): GPU };
  try {
    loaded = (await import(/* @vite-ignore */ name)) as typeof loaded;
  } catch (cause) {
    const error = new AdapterNotFoundError(
      "webgpu/no-package",
      `webgpu: there is no navigator.gpu, and the package "webgpu" could not be loaded: ${String(cause)}`,
      "Install it with npm install webgpu.",
    );
    error.cause = cause;
    throw error;
  }
  dawn[dawnKey] = loaded.create([]);
  return dawn[dawnKey];
}
