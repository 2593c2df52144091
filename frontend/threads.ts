/** How many threads compute on the device "cpu". */
import { ArgumentError } from "../ir/errors.ts";
import { threading } from "../runtime/wasm/threading.ts";
import { cpuDevice } from "./devices.ts";

function checkCount(operator: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  const given = typeof count === "string" ? JSON.stringify(count) : String(count);
  throw new ArgumentError("threads/count", `${operator}: expects a positive integer, got ${given}`);
}

/** Each thread is a worker with a stack of its own: many more than there are processors are a slip. */
const mostThreads = 256;

/**
 * Sets how many threads compute on the device "cpu"; 1 until it is called. May be called at any time. The threads start
 * on their own; programs use them once they are up. Results are the same for any number, bit for bit. On a page that is
 * not cross-origin isolated there is one thread, whatever is asked for, and a warning says so.
 * https://docs.pytorch.org/docs/stable/generated/torch.set_num_threads.html
 */
export function set_num_threads(count: number): void {
  checkCount("set_num_threads", count);
  if (count > mostThreads)
    throw new ArgumentError("threads/most", `set_num_threads: expects at most ${mostThreads} threads, got ${count}`);
  cpuDevice().setThreads(count, threading);
}

/** How many threads compute on the device "cpu". https://docs.pytorch.org/docs/stable/generated/torch.get_num_threads.html */
export const get_num_threads = (): number => cpuDevice().threads;

let interopThreads: number | null = null;

/**
 * Here for code that sets it: programs run one after the other, so nothing depends on it. As in PyTorch it may be set
 * once. https://docs.pytorch.org/docs/stable/generated/torch.set_num_interop_threads.html
 */
export function set_num_interop_threads(count: number): void {
  checkCount("set_num_interop_threads", count);
  if (interopThreads !== null) {
    throw new ArgumentError(
      "threads/set-twice",
      "set_num_interop_threads: cannot set number of interop threads after parallel work has started or " +
        "set_num_interop_threads called",
    );
  }
  interopThreads = count;
}

/** What `set_num_interop_threads` set, else 1. https://docs.pytorch.org/docs/stable/generated/torch.get_num_interop_threads.html */
export const get_num_interop_threads = (): number => interopThreads ?? 1;
