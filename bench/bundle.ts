/** W11_bundle: what a page loads, minified and compressed, JavaScript and WebAssembly together. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { measureBundle } from "../scripts/measure-size.ts";

const at = (place: string): string => fileURLToPath(new URL(place, import.meta.url));

interface Page {
  readonly entry: string;
  /** Binaries that the page loads besides its scripts. */
  readonly binaries?: readonly string[];
}

const ours: Readonly<Record<string, Page>> = {
  "cresset, training an MLP": { entry: "./size/entry-mlp.ts" },
  "cresset, everything": { entry: "./size/entry-all.ts" },
};
const peers: Readonly<Record<string, Page>> = {
  "jax-js": { entry: "./cold/jax-js.ts" },
  "tfjs-wasm": {
    entry: "./cold/tfjs-wasm.ts",
    binaries: ["./node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
  },
  "ort-web": {
    entry: "./cold/ort-web.ts",
    binaries: ["./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
  },
};

/** Bytes after gzip -9 by page. */
export async function measureBundles(withPeers: boolean): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const [name, { entry, binaries = [] }] of Object.entries(withPeers ? { ...ours, ...peers } : ours)) {
    const { atOnce } = await measureBundle(at(entry));
    const loaded = binaries.map((file) => gzipSync(readFileSync(at(file)), { level: 9 }).length);
    sizes.set(
      name,
      loaded.reduce((total, bytes) => total + bytes, atOnce.gzip),
    );
  }
  return sizes;
}
