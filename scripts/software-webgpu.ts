/**
 * Preloaded by `npm start`, `npm run bench` and `npm run oracle` (node --import): a command line that asks for WebGPU
 * gets a software adapter on a machine without a Vulkan driver. Every other run pays nothing.
 */
if (process.argv.some((argument) => /\b(webgpu|cuda)\b/.test(argument))) {
  const { ensureSomeVulkanDriver } = await import("./swiftshader.ts");
  await ensureSomeVulkanDriver();
}

export {};
