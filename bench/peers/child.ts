/** The process of one peer: `child.ts <peer>` sets up and times the workloads that its parent names. */
import { measureCalls } from "../measure.ts";
import { allowRelaxedSimd } from "../relaxed-simd.ts";
import type { Peer } from "./peer.ts";
import type { LibraryName, Reply, Request } from "./protocol.ts";

allowRelaxedSimd();

const modules: Readonly<Record<LibraryName, () => Promise<{ peer: Peer }>>> = {
  cresset: () => import("./cresset.ts"),
  "jax-js": () => import("./jax/index.ts"),
  "tfjs-wasm": () => import("./tfjs/index.ts"),
  "ort-web": () => import("./onnx/web.ts"),
  "ort-node": () => import("./onnx/node.ts"),
};

async function answer(name: LibraryName, { id, budget, repetitions, threads }: Request): Promise<Reply> {
  try {
    const { peer } = await modules[name]();
    const prepare = peer.workloads[id];
    if (prepare === undefined) return { kind: "missing" };
    const used = (await peer.setThreads?.(threads)) ?? null;
    const work = await prepare();
    const timings = await measureCalls(() => work.run(), { budget, repetitions });
    return { kind: "measured", timings, check: await work.check(), threads: used };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// One workload a process: what it leaves behind must not slow down the next one.
process.once("message", (request: Request) => {
  void answer(process.argv[2] as LibraryName, request).then((reply) => process.send!(reply, () => process.exit()));
});
