/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";

export interface Options {
  /** Workloads to run: whole ids, beginnings of ids, or parts of them. None means all. */
  readonly ids: readonly string[];
  readonly device: string;
  readonly threads: number;
  /** Where to write the rows. */
  readonly json: string | null;
  readonly budget: number;
  /** Also times every kernel by itself. */
  readonly profile: boolean;
  /** Also measures other libraries, and installs them first where they are not there. */
  readonly peers: boolean;
  /** Measures the targets of docs/performance.md. */
  readonly targets: boolean;
  /** Runs everything on the newest Node instead of this one. */
  readonly newestNode: boolean;
  /** Kernels are timed in several schedules first (`torch.backends.cpu.benchmark`). */
  readonly search: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [ids] [--device cpu|cpu:js|webgpu] [--threads N] [--budget MS] [--json FILE]
                      [--profile] [--peers] [--targets] [--search] [--node newest]

  ids        workloads, or beginnings or parts of their names: W1_256, W3, gpt (all by default)
  --device   where to compute: cpu (WebAssembly), cpu:js (JavaScript loops), webgpu
  --threads  threads of the cpu device (1), and of the peers that can be told
  --budget   milliseconds of samples for each workload (800)
  --json     also writes the rows to a file
  --profile  also times every kernel by itself, and writes out/profile-<id>.json for Perfetto
  --peers    also measures other libraries, each in a process of its own, and compares the results
  --targets  measures the targets of docs/performance.md, and of the workloads only those that are named
  --search   first times products and convolutions in several schedules, and keeps the fastest
  --node     newest: on the newest Node, installed with the peers, instead of the one that is running`;

/** A command line that asks for what there is not. */
export class UsageError extends RangeError {}

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      device: { type: "string", default: "cpu" },
      threads: { type: "string", default: "1" },
      budget: { type: "string", default: "800" },
      json: { type: "string" },
      profile: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      targets: { type: "boolean", default: false },
      node: { type: "string" },
      search: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.node !== undefined && values.node !== "newest")
    throw new UsageError(`--node must be newest, got ${values.node}.`);
  return {
    ids: positionals.flatMap((text) => text.split(",")),
    device: values.device,
    threads: positive("threads", values.threads),
    budget: positive("budget", values.budget),
    json: values.json ?? null,
    profile: values.profile,
    peers: values.peers,
    targets: values.targets,
    newestNode: values.node !== undefined,
    search: values.search,
    help: values.help,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${name} must be a whole number above 0, got ${text}.`);
  return value;
}

/** The items that are asked for. @throws UsageError for an id that names none. */
export function select<T extends { readonly id: string }>(items: readonly T[], ids: readonly string[]): readonly T[] {
  if (ids.length === 0) return items;
  const chosen = new Set<T>();
  for (const id of ids) {
    const named = items.filter((item) => item.id === id);
    const begun = items.filter((item) => item.id.startsWith(id));
    const found = [named, begun, items.filter((item) => item.id.includes(id))].find(({ length }) => length > 0) ?? [];
    if (found.length === 0)
      throw new UsageError(`There is no workload ${id}. Workloads: ${items.map((item) => item.id).join(", ")}.`);
    for (const item of found) chosen.add(item);
  }
  return items.filter((item) => chosen.has(item));
}
