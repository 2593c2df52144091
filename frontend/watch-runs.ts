/** Who watches programs run: `torch.profiler` and `debug: 2` see the time of every kernel. */
import type { Program } from "../ir/program.ts";
import type { Device, Executable } from "../runtime/device.ts";
import { stepwise, type StepTime, type StepwiseProgram } from "../runtime/profile.ts";
import { wrapExecutables } from "./debug.ts";

export type RunWatcher = (program: Program, times: readonly StepTime[]) => void;
const watchers = new Set<RunWatcher>();

/** Calls `watcher` after every run of a program on a CPU device, until the returned function is called. */
export function watchRuns(watcher: RunWatcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The executable, run step by step while somebody watches; `print`: its times are always printed. */
function watchable(device: Device, executable: Executable, print: boolean): Executable {
  const { program } = executable;
  let steps: StepwiseProgram | null = null;
  const report = (times: readonly StepTime[]): void => {
    if (print) putTimes(program, times);
    for (const watcher of watchers) watcher(program, times);
  };
  return {
    program,
    kernelCount: executable.kernelCount,
    compileMs: executable.compileMs,
    peakBytes: executable.peakBytes,
    run(inputs, numbers, draws, hints) {
      if (!print && watchers.size === 0) return executable.run(inputs, numbers, draws, hints);
      steps ??= stepwise(device, program);
      return steps.run(report, inputs, numbers, draws, hints);
    },
    release() {
      executable.release();
      steps?.release();
    },
  };
}

wrapExecutables(watchable);

function putTimes(program: Program, times: readonly StepTime[]): void {
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  put(`# run of ${program.name}: ${times.length} steps, ${total.toFixed(3)} ms`);
  for (const { name, ms, bytes } of times) {
    const speed = ms > 0 ? `${(bytes / ms / 1e6).toFixed(2)} GB/s` : "";
    put(`  ${ms.toFixed(3).padStart(9)} ms ${String(bytes).padStart(10)} B ${speed.padStart(12)}  ${name}`);
  }
}

/** Where dumps go. */
export function put(text: string): void {
  // oxlint-disable-next-line no-console -- asked for by a flag
  console.log(text.trimEnd());
}
