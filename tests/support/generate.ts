/** Before any test: the generated declarations are brought up to date, as `npm test` does. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export function setup(): void {
  const script = fileURLToPath(new URL("../../scripts/generate-declarations.ts", import.meta.url));
  try {
    execFileSync(process.execPath, ["--import", "tsx", script], { stdio: ["ignore", "ignore", "inherit"] });
  } catch {
    console.warn("generate: failed as said above; the tests use what was generated before");
  }
}
