/**
 * Preloaded by `npm run bench`: from here on TypeScript becomes what the package ships, since that is what is to be
 * measured. tsx gives every function its name at run time, each time one is made, and that takes longer than much of
 * what is timed.
 */
import { readFile } from "node:fs/promises";
import { register, type LoadHook } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { transform } from "esbuild";

// The thread that this module is then loaded in again calls `load` alone.
if (isMainThread) register(import.meta.url);

export const load: LoadHook = async (url, context, next) => {
  if (!url.endsWith(".ts")) return next(url, context);
  const sourcefile = fileURLToPath(url);
  const { code } = await transform(await readFile(sourcefile, "utf8"), {
    sourcefile,
    sourcemap: "inline",
    loader: "ts",
    target: "es2023",
  });
  return { format: "module", source: code, shortCircuit: true };
};
