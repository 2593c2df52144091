/** Every so manyth of PyTorch's cases on three threads, which share even the smallest kernels. */
import * as torch from "cresset";
import { beforeAll, expect, it } from "vitest";
import { cpuDevice } from "../../frontend/devices.ts";
import { Adapter } from "./adapter.ts";
import { readKnownFailures } from "./baseline.ts";
import { CASES_DIRECTORY } from "./cli.ts";
import { caseFileNames } from "./format.ts";
import { EVERYTHING, runFile } from "./suite.ts";
import { shareEverything } from "./threads.ts";

const adapter = new Adapter(torch, "cpu");
const known = readKnownFailures();

beforeAll(async () => {
  await shareEverything(3);
  await adapter.open();
}, 60_000);

it.each(caseFileNames(CASES_DIRECTORY))(
  "%s: threads fail no check that is not listed with its reason",
  async (file) => {
    const { failures } = await runFile(adapter, CASES_DIRECTORY, file, { ...EVERYTHING, every: 12 });
    const listed = new Set(known.filter((failure) => failure.file === file).map(({ check }) => check));
    const unlisted = failures.filter(({ check }) => !listed.has(check));
    expect(unlisted.map(({ check, reason }) => `${check}: ${reason}`)).toEqual([]);
  },
  600_000,
);

it("the threads have had their share in it", () => {
  expect(torch.get_num_threads()).toBe(3);
  expect(cpuDevice().partsHelped).toBeGreaterThan(1000);
});
