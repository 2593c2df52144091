/** How many threads our cpu device computes on, while something is measured. */
import { cpuDevice } from "../frontend/devices.ts";
import * as torch from "../frontend/index.ts";

const limitMs = 10_000;

/** Returns when they are up, with their number. */
export async function useThreads(count: number): Promise<number> {
  torch.set_num_threads(count);
  const end = performance.now() + limitMs;
  while (cpuDevice().helpersUp < count - 1) {
    if (performance.now() > end) throw new Error(`${count} threads are not up after ${limitMs / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return count;
}
