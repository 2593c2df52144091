/** PyTorch's own cases on every device, held to baseline.json and known-failures.json. */
import * as torch from "cresset";
import { beforeAll, describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";
import { Adapter } from "./adapter.ts";
import { TESTED_DEVICES, passedCalls, readBaseline, readKnownFailures, readPassedCalls } from "./baseline.ts";
import { CASES_DIRECTORY } from "./cli.ts";
import { caseFileNames } from "./format.ts";
import { runFile, type FileResult } from "./suite.ts";

const FILE_TIMEOUT = 20 * 60_000;
const hasWebGpu = await webgpuAvailable();
const devices = TESTED_DEVICES.filter(({ device }) => hasWebGpu || device !== "webgpu");
const baseline = readBaseline();
const knownFailures = readKnownFailures();

describe.each(devices)("PyTorch's cases on $device", ({ device, selection }) => {
  const adapter = new Adapter(torch, device);
  const results: FileResult[] = [];
  beforeAll(() => adapter.open());

  describe.each(caseFileNames(CASES_DIRECTORY))("%s", (file) => {
    const known = new Set(
      knownFailures
        .filter((failure) => failure.file === file && (failure.devices ?? [device]).includes(device))
        .map((failure) => failure.check),
    );
    let result: FileResult;
    beforeAll(async () => {
      result = await runFile(adapter, CASES_DIRECTORY, file, selection);
      results.push(result);
    }, FILE_TIMEOUT);

    it("passes no fewer checks than the baseline", () => {
      expect(result.total.passed).toBeGreaterThanOrEqual(baseline[file]?.[device] ?? 0);
    });

    it("fails no check that is not listed with its reason", () => {
      const unlisted = result.failures.filter(({ check }) => !known.has(check));
      expect(unlisted.map(({ check, reason }) => `${check}: ${reason}`)).toEqual([]);
    });

    it("lists no failure that has been mended", () => {
      const failing = new Set(result.failures.map(({ check }) => check));
      // A spread of the cases does not reach every listed one.
      const mended = selection.every > 1 ? [] : [...known].filter((check) => !failing.has(check));
      expect(mended).toEqual([]);
    });
  });

  it("passes the calls that the table of operators counts", () => {
    const calls = passedCalls(results);
    const short = Object.entries(readPassedCalls()[device] ?? {}).filter(([name, count]) => (calls[name] ?? 0) < count);
    expect(short).toEqual([]);
  });
});
