import type * as nodeOs from "node:os";
import type * as nodePath from "node:path";

/** The library's part of the user's folder for caches. It need not be there, and may be one that cannot be written. */
export function cacheFolder(): string {
  const { env, platform } = process;
  const path: typeof nodePath = process.getBuiltinModule("node:path");
  const os: typeof nodeOs = process.getBuiltinModule("node:os");
  const own = platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_CACHE_HOME"];
  return path.join(own !== undefined && own !== "" ? own : path.join(os.homedir(), ".cache"), "cresset");
}
