/** Time as it is measured: processor time where the host tells it, since a shared machine's wall time says less. */

interface CpuUsage {
  readonly user: number;
  readonly system: number;
}
const host = (globalThis as { process?: { cpuUsage?: () => CpuUsage } }).process;

/** Milliseconds of processor time of all threads of this process; of wall time in browsers. */
export function processorMs(): number {
  if (host?.cpuUsage === undefined) return performance.now();
  const { user, system } = host.cpuUsage();
  return (user + system) / 1000;
}
