/** The peers from the bench's side: installs them, and measures a workload on one in a process of its own. */
import { fork, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { LibraryName, Reply, Request } from "./protocol.ts";

export { peerNames, type Reply } from "./protocol.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const child = fileURLToPath(new URL("child.ts", import.meta.url));
const built = `${folder}node_modules/.peers`;

/** onnxruntime-node's install script would download other builds: without it the package has all that is needed. */
const npmInstall = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"];

/** Unless `file`, which comes with them, is there. */
export function installPeers(file = `${folder}node_modules/onnxruntime-node`): void {
  if (existsSync(file)) return;
  console.log(`npm ${npmInstall.join(" ")}`);
  const { status } = spawnSync("npm", npmInstall, { stdio: "inherit" });
  if (status !== 0) throw new Error("The peers could not be installed: see npm's message above.");
}

let building: Promise<string> | null = null;

/** The peers' process as JavaScript: the threads that a peer starts must find no loader of ours. */
function program(): Promise<string> {
  building ??= build({
    entryPoints: [child],
    outdir: built,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: ["source"],
    plugins: [
      {
        name: "packages",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[@a-z]/ }, ({ path }) => (path === "cresset" ? {} : { path, external: true })),
      },
    ],
  }).then(() => `${built}/child.mjs`);
  return building;
}

/** Longer than the slowest peer takes for a workload that it can do. */
const limitMs = 240_000;

export async function measurePeer(name: LibraryName, request: Request): Promise<Reply> {
  const peer = fork(await program(), [name], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
    execArgv: [],
  });
  let complaints = "";
  peer.stderr!.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-2000)));
  const reply = new Promise<Reply>((resolve) => {
    const timer = setTimeout(() => {
      resolve({ kind: "failed", message: `no result within ${limitMs / 1000} s` });
      peer.kill("SIGKILL");
    }, limitMs);
    peer.on("message", (message: Reply) => resolve(message));
    peer.on("exit", (code) => {
      clearTimeout(timer);
      resolve({ kind: "failed", message: `its process ended with ${String(code)}\n${complaints}` });
    });
  });
  peer.send(request);
  return reply;
}
