/**
 * Prints "N passed, N failed" for a JSON report of vitest, whose path is the first argument.
 * A test file that could not be loaded holds no tests and counts as one failure, and so does a report that is missing.
 */
import { readFile } from "node:fs/promises";

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

async function countTests(file: string): Promise<{ passed: number; failed: number }> {
  let report: Report;
  try {
    report = JSON.parse(await readFile(file, "utf8")) as Report;
  } catch {
    return { passed: 0, failed: 1 };
  }
  let failed = 0;
  for (const { status, assertionResults } of report.testResults) {
    const failures = assertionResults.filter((result) => result.status === "failed").length;
    failed += status === "failed" ? Math.max(1, failures) : failures;
  }
  return { passed: report.numPassedTests, failed };
}

const { passed, failed } = await countTests(process.argv[2] ?? "");
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
