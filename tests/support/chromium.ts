/**
 * A real headless Chromium for tests: pages are served from localhost, which browsers treat as a secure context, and
 * navigator.gpu computes on SwiftShader. The browser and the libraries it needs come from the npm package
 * @sparticuz/chromium; CRESSET_CHROMIUM names another executable to use, on platforms that the package does not serve.
 */
import { readFile } from "node:fs/promises";
import { createServer, type OutgoingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";
import { archivesFitThisMachine, unpackArchives } from "../../scripts/chromium-archives.ts";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu-sandbox",
  "--disable-dev-shm-usage",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts a browser. The caller closes it: `await browser.close()`. */
export async function launchChromium(extraArgs: readonly string[] = []): Promise<Browser> {
  const own = process.env["CRESSET_CHROMIUM"];
  const folder = own ? path.dirname(own) : await unpackArchives("chromium");
  return chromium.launch({
    executablePath: own ?? path.join(folder, "chromium"),
    args: [...flags, ...extraArgs],
    env: { ...process.env, ...(own ? {} : { LD_LIBRARY_PATH: path.join(folder, "lib") }) },
  });
}

/**
 * Whether browser tests can run here: `describe.skipIf(!chromiumAvailable())`. Where there is no browser this skips,
 * loudly, on a user's machine and throws in CI, because a green run must mean that they ran.
 */
export function chromiumAvailable(): boolean {
  if (archivesFitThisMachine || process.env["CRESSET_CHROMIUM"]) return true;
  const reason = `@sparticuz/chromium has no binaries for ${process.platform}-${process.arch}; set CRESSET_CHROMIUM`;
  if (process.env["CI"]) throw new Error(`No browser in CI: ${reason}`);
  console.warn(`\n*** SKIPPED: browser tests, because ${reason} ***\n`);
  return false;
}

/** Headers under which a page may use SharedArrayBuffer. */
export const crossOriginIsolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface ServedPage {
  /** `http://localhost:<port>/` */
  readonly url: string;
  close(): Promise<void>;
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serves a folder (`/` is its index.html) or a handler's answers from a free port, with the given headers on each. */
export async function servePage(
  page: string | RequestListener,
  headers: OutgoingHttpHeaders = {},
): Promise<ServedPage> {
  const answer = typeof page === "string" ? serveFolder(page) : page;
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function serveFolder(folder: string): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    // Resolved against "/" first, so that no "..", encoded or not, leaves the folder.
    const inside = path.posix.resolve("/", decodeURIComponent(pathname));
    const file = path.join(folder, pathname.endsWith("/") ? path.posix.join(inside, "index.html") : inside);
    readFile(file).then(
      (bytes) => {
        response.setHeader("Content-Type", mediaTypes[path.extname(file)] ?? "application/octet-stream");
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end(`${pathname} is not there`);
      },
    );
  };
}
