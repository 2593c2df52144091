/** The device "cpu" on several threads that share even the smallest kernels, so that PyTorch's cases try how they do. */
import { cpuDevice } from "../../frontend/devices.ts";
import { threading } from "../../runtime/wasm/threading.ts";

const startLimitMs = 30_000;

/** Must come before anything is computed. Returns when the threads are up. @throws Error when they do not start */
export async function shareEverything(threads: number): Promise<void> {
  const device = cpuDevice({ sharedFrom: 1 });
  device.setThreads(threads, threading);
  const end = performance.now() + startLimitMs;
  while (device.helpersUp < threads - 1) {
    if (performance.now() > end) throw new Error(`${threads} threads are not up after ${startLimitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
