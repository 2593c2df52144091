/** Relaxed SIMD (fused multiply-add): Node 20 has it behind a flag, later versions have it and no flag. */
import v8 from "node:v8";

const firstWithout = 22;

/** Counts only until the first module is compiled. */
export function allowRelaxedSimd(): void {
  const [major] = process.versions.node.split(".").map(Number);
  if (major! < firstWithout) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
}
