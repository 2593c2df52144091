/** `--node newest`: the bench on the newest Node, whose binary comes with the peers. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installPeers } from "./peers/index.ts";

const binary = fileURLToPath(
  new URL(`node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
);

/** Runs a script with this process's own options and arguments. Returns its exit code. */
export function runOnNewestNode(script: string, environment: Readonly<Record<string, string>>): number {
  installPeers(binary);
  if (!existsSync(binary)) throw new Error(`There is no newer Node for ${process.platform} ${process.arch}.`);
  const { status } = spawnSync(binary, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  return status ?? 1;
}
