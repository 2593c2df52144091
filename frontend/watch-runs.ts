/** Who watches programs run: `torch.profiler` and `debug: 2` see the time of every kernel. */
import type { Program } from "../ir/program.ts";
import type { Device, Executable } from "../runtime/device.ts";
import { stepwise, type StepTime, type StepwiseProgram } from "../runtime/profile.ts";
import { putTimes } from "./debug-watch.ts";

export type RunWatcher = (program: Program, times: readonly StepTime[]) => void;
const watchers = new Set<RunWatcher>();

/** Calls `watcher` after every run of a program on a CPU device, until the returned function is called. */
export function watchRuns(watcher: RunWatcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The executable, run step by step while somebody watches; `print`: its times are always printed. */
export function watchable(device: Device, executable: Executable, print: boolean): Executable {
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
