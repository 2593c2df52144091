/** A page whose script is the repository's source in one bundle. */
import type { OutgoingHttpHeaders } from "node:http";
import { build } from "esbuild";
import { servePage, type ServedPage } from "./chromium.ts";

/** `entry`: a module's text, its paths from the repository's root. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    external: ["webgpu", "node:*"],
    target: "es2022",
    write: false,
  });
  return outputFiles[0]!.text;
}

/** The script is at /main.mjs. */
export const serveScript = (script: string, headers: OutgoingHttpHeaders = {}): Promise<ServedPage> =>
  servePage((request, response) => {
    const isScript = request.url === "/main.mjs";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? script : '<!doctype html><meta charset="utf-8"><script type="module" src="/main.mjs"></script>',
    );
  }, headers);
