/** docs/parity.md: how many of PyTorch's checks pass, and each that does not with its reason. */
import { writeFileSync } from "node:fs";
import type { DeviceName } from "./adapter.ts";
import type { KnownFailure } from "./baseline.ts";
import { emptyTally, type FileResult, type Tally } from "./suite.ts";

const page = new URL("../../docs/parity.md", import.meta.url);

const introduction = `# Parity with PyTorch

The checks are calls that PyTorch itself recorded, of operators with their gradients, modules, optimizers, printing,
random streams and files ([tests/oracle](../tests/oracle/README.md)). \`npm run oracle -- --device cpu,cpu:js,webgpu
--write-baseline\` ran them and wrote this page; on \`webgpu\` it runs every sixteenth case.`;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const percent = ({ passed, failed, notImplemented }: Tally): string => {
  const all = passed + failed + notImplemented;
  return all === 0 ? "" : `${(Math.floor((1000 * passed) / all) / 10).toFixed(1)} %`;
};

function counts(results: readonly FileResult[], devices: readonly DeviceName[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const tallyOf = (file: string, device: DeviceName): Tally =>
    results.find((result) => result.file === file && result.device === device)?.total ?? emptyTally();
  const cells = (file: string): string[] =>
    devices.flatMap((device) => {
      const tally = tallyOf(file, device);
      return [`${tally.passed} / ${tally.failed} / ${tally.notImplemented}`, percent(tally)];
    });
  return [
    row(["file", ...devices.flatMap((device) => [`\`${device}\`: passed / failed / not said`, ""])]),
    row(["---", ...devices.flatMap(() => ["---:", "---:"])]),
    ...files.map((file) => row([`\`${file}\``, ...cells(file)])),
  ].join("\n");
}

/** Checks that fail for one reason, together. */
function failures(known: readonly KnownFailure[]): string {
  const byReason = new Map<string, KnownFailure[]>();
  for (const failure of known) byReason.set(failure.reason, [...(byReason.get(failure.reason) ?? []), failure]);
  return [...byReason]
    .map(([reason, list]) => {
      const checks = list.map(({ file, check, devices }) => {
        const where = devices === undefined ? "" : ` (${devices.join(", ")})`;
        return `  - \`${file}\`: \`${check}\`${where}`;
      });
      return [`- ${reason}`, ...checks].join("\n");
    })
    .join("\n");
}

function absences(results: readonly FileResult[], device: DeviceName): string {
  const sums = new Map<string, number>();
  for (const result of results) {
    if (result.device !== device) continue;
    for (const [what, count] of result.absent) sums.set(what, (sums.get(what) ?? 0) + count);
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => row([what.replaceAll("|", "\\|"), count]))
    .join("\n");
}

export function writeParityPage(
  results: readonly FileResult[],
  devices: readonly DeviceName[],
  known: readonly KnownFailure[],
): void {
  const sections = [
    introduction,
    `## Checks\n\n${counts(results, devices)}`,
    `## Checks that fail\n\n${failures(known)}`,
    `## What is not said\n\nChecks that need what does not exist here, or what JavaScript cannot say, on \`${devices[0]}\`.\n\n| what | checks |\n| --- | ---: |\n${absences(results, devices[0]!)}`,
  ];
  writeFileSync(page, `${sections.join("\n\n")}\n`);
}
