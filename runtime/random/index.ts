/**
 * Random streams on the host.
 *
 * in:     a generator (`CpuGenerator`), typed arrays to fill, parameters as JavaScript numbers
 * out:    the arrays filled, the generator moved on
 * always: a CPU draw gives PyTorch's values after the same seed and the same calls, and takes exactly PyTorch's words;
 *         nothing here knows graphs, devices or threads. Philox, WebGPU's generator, is here as the reference that its
 *         kernels are tested against.
 */
export * from "./draws.ts";
export * from "./philox.ts";
export * from "./samplers.ts";
export * from "./truncated.ts";
