/** The runner's tables: operators worst first, files, totals; one group of columns a device. */
import type { DeviceName } from "./adapter.ts";
import { addTally, emptyTally, type FileResult, type Tally } from "./suite.ts";

type Row = { name: string; tallies: Map<DeviceName, Tally> };

const COLUMN = 7;

/** The results by a name, the tallies of one device added up. */
function rowsOf(results: readonly FileResult[], entries: (result: FileResult) => Iterable<[string, Tally]>): Row[] {
  const rows = new Map<string, Row>();
  for (const result of results) {
    for (const [name, tally] of entries(result)) {
      let row = rows.get(name);
      if (row === undefined) rows.set(name, (row = { name, tallies: new Map() }));
      let sum = row.tallies.get(result.device);
      if (sum === undefined) row.tallies.set(result.device, (sum = emptyTally()));
      addTally(sum, tally);
    }
  }
  return [...rows.values()];
}

function sumOf(row: Row, part: keyof Tally): number {
  return [...row.tallies.values()].reduce((sum, tally) => sum + tally[part], 0);
}

function lineOf(row: Row, devices: readonly DeviceName[], width: number): string {
  const cells = devices.flatMap((device) => {
    const { passed, failed, notImplemented } = row.tallies.get(device) ?? emptyTally();
    return [passed, failed, notImplemented].map((count) => String(count).padStart(COLUMN));
  });
  return row.name.padEnd(width) + cells.join("");
}

function table(title: string, rows: readonly Row[], devices: readonly DeviceName[], note?: (row: Row) => string[]) {
  const width = Math.max(title.length, ...rows.map((row) => row.name.length)) + 1;
  const lines = [
    " ".repeat(width) + devices.map((device) => device.padStart(3 * COLUMN)).join(""),
    title.padEnd(width) +
      devices.map(() => ["passed", "failed", "n/i"].map((x) => x.padStart(COLUMN)).join("")).join(""),
  ];
  for (const row of rows) lines.push(lineOf(row, devices, width), ...(note?.(row) ?? []));
  return lines.join("\n");
}

function worstFirst(a: Row, b: Row): number {
  return (
    sumOf(b, "failed") - sumOf(a, "failed") ||
    sumOf(b, "notImplemented") - sumOf(a, "notImplemented") ||
    (a.name < b.name ? -1 : 1)
  );
}

/** Everything the command line prints. `verbose`: each operator's first failure, and what is absent. */
export function report(results: readonly FileResult[], devices: readonly DeviceName[], verbose: boolean): string {
  const operators = rowsOf(results, (result) => result.operators);
  const imperfect = operators.filter((row) => sumOf(row, "failed") + sumOf(row, "notImplemented") > 0);
  const firstFailure = new Map<string, string>();
  for (const { device, failures } of results) {
    for (const { operator, check, reason } of failures) {
      if (!firstFailure.has(operator)) firstFailure.set(operator, `    ${device}: ${check}: ${reason}`);
    }
  }
  const note = (row: Row) => (verbose && firstFailure.has(row.name) ? [firstFailure.get(row.name)!] : []);
  const sections = [];
  if (imperfect.length > 0) sections.push(table("operator", imperfect.toSorted(worstFirst), devices, note));
  if (verbose) sections.push(absences(results));

  const files = rowsOf(results, (result) => [[result.file, result.total]]);
  const total = rowsOf(results, (result) => [["total", result.total]]);
  sections.push(table("file", [...files, ...total], devices));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  sections.push(
    `${operators.length - imperfect.length} of ${operators.length} operators pass every check; ${seconds.toFixed(1)} s`,
  );
  return sections.filter((section) => section !== "").join("\n\n");
}

function absences(results: readonly FileResult[]): string {
  const counts = new Map<string, number>();
  for (const { absent } of results) {
    for (const [what, count] of absent) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  if (counts.size === 0) return "";
  const lines = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${String(count).padStart(6)}  ${what}`);
  return `not implemented (checks that need it)\n${lines.join("\n")}`;
}

/** The same as plain data, with every failure. */
export function reportData(results: readonly FileResult[]): object {
  return results.map(({ file, device, total, operators, failures, absent, seconds }) => ({
    file,
    device,
    seconds,
    total,
    operators: Object.fromEntries(operators),
    failures,
    absent: Object.fromEntries(absent),
  }));
}
