/** What `torch.compile` can be told. */
import { ArgumentError, ValueError } from "../../ir/errors.ts";
import { withSite } from "../site.ts";

export interface CompileOptions {
  /** Records every n-th call again and throws when it differs. */
  readonly verify?: number;
  /**
   * Whether a function that cannot be replayed is an error, in each call of it; else it is run as it stands, and that is
   * said once. What it does is found out by running it: the call that finds it has happened.
   */
  readonly fullgraph?: boolean;
  /** Accepted: sizes that vary share programs by themselves. */
  readonly dynamic?: boolean | null;
  /** Accepted where PyTorch has it: there is one here. */
  readonly backend?: unknown;
  /** Accepted where PyTorch has it. */
  readonly mode?: unknown;
  readonly disable?: boolean;
}

const backends = ["inductor", "eager", "aot_eager", "cudagraphs", "openxla", "tvm"];
const modes = ["default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune"];
const names = ["verify", "fullgraph", "dynamic", "backend", "mode", "disable"];

const shown = (value: unknown): string => (typeof value === "string" ? value : typeof value);

/** @throws ArgumentError for what is no function; ValueError for options that there are none of */
export function checkCompile(fn: unknown, options: CompileOptions): void {
  withSite(() => {
    if (typeof fn !== "function")
      throw new ArgumentError(
        "compile/callable",
        `compile: A callable function is expected, but ${typeof fn} is provided.`,
      );
    const unknown = Object.keys(options).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new ArgumentError(
        "compile/option",
        `compile() got an unexpected keyword argument '${unknown}'.`,
        `There are ${names.join(", ")}.`,
      );
    const { verify, backend = null, mode = null } = options;
    if (verify !== undefined && !(Number.isInteger(verify) && verify > 0))
      throw new ValueError(
        "compile/verify-option",
        `compile: verify is a whole number of calls above 0, got ${String(verify)}.`,
      );
    if (backend !== null && typeof backend !== "function" && !backends.includes(backend as string))
      throw new ValueError(
        "compile/backend",
        `compile: Invalid backend: '${shown(backend)}'.`,
        `Leave it out: there is one; PyTorch's (${backends.join(", ")}) are accepted.`,
      );
    if (mode !== null && !modes.includes(mode as string))
      throw new ValueError(
        "compile/mode",
        `compile: Unrecognized mode=${shown(mode)}, should be one of: ${modes.join(", ")}`,
      );
  });
}
