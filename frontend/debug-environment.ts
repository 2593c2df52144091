/** The flags of frontend/debug.ts as the environment has them. */
import { setFlags, type DebugFlags } from "./debug.ts";
import { useDebugTools } from "./debug-watch.ts";

interface Environment {
  readonly DEBUG: string | undefined;
  readonly VERIFY: string | undefined;
  readonly VIZ: string | undefined;
}
const isOn = (text: string | undefined): boolean => text !== undefined && text !== "" && text !== "0";

function flagsFrom({ DEBUG, VERIFY, VIZ }: Partial<Environment>): DebugFlags {
  return {
    // Other programs read words from DEBUG.
    debug: DEBUG !== undefined && /^[0-6]$/.test(DEBUG) ? Number(DEBUG) : 0,
    verify: isOn(VERIFY),
    viz: VIZ === undefined || !isOn(VIZ) ? null : VIZ === "1" ? "cresset.html" : VIZ,
  };
}

useDebugTools();
setFlags(flagsFrom(typeof process === "undefined" ? {} : process.env));
