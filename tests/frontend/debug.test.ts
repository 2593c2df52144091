import { execFile } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { debugFlags, observePass, onPass, type Stage } from "../../frontend/debug.ts";
import { debugging } from "../../frontend/debug-watch.ts";
import { compileGraph, pipeline } from "../../frontend/pipeline.ts";
import type { Node } from "../../ir/graph.ts";
import { parseGraph, parseKernelGraph, parseProgram, printGraph } from "../../ir/text/index.ts";
import * as torch from "cresset";

const softmax = (): Node[] =>
  parseGraph(`%1 = input float32[2, 3]
%2 = neg float32[2, 3] %1
%3 = neg float32[2, 3] %2
%4 = reduce_max float32[2, 1] %3 axes=[1]
%5 = expand float32[2, 3] %4 shape=[2,3]
%6 = sub float32[2, 3] %3, %5
return %6
`);

afterEach(() => vi.restoreAllMocks());

/** What compiling (and running) prints. */
function printed(
  debug: number,
  run: () => void = () => void compileGraph(softmax(), { device: "cpu:js", name: "p" }),
): string {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  debugging({ debug }, run);
  return log.mock.calls.map(([text]) => String(text)).join("\n");
}

describe("debugging flags", () => {
  test("hold for their scope, however it ends", async () => {
    const before = debugFlags();
    debugging({ debug: 3 }, () => expect(debugFlags().debug).toBe(3));
    expect(() => debugging({ debug: 3 }, () => expect.fail())).toThrow("expect.fail");
    expect(debugFlags()).toEqual(before);
    const later = debugging({ verify: false }, async () => {
      await Promise.resolve();
      return debugFlags().verify;
    });
    expect(await later).toBe(false);
    expect(debugFlags()).toEqual(before);
  });

  test("print nothing when they are off", () => {
    expect(printed(0)).toBe("");
  });

  test("print groups, then source, then graphs, then rewrites", () => {
    expect(printed(3)).toContain("region loops [2, 3] reduced [1]");
    expect(printed(3)).not.toContain("function");
    expect(printed(4)).toContain("for (let i0 = 0; i0 < 2;");
    expect(printed(5)).toContain("# after canonicalise\n%1 = input float32[2, 3]\n%2 = reduce_max");
    expect(printed(5)).not.toContain("# rewrite");
    expect(printed(6)).toContain("# rewrite\n  %3 = neg float32[2, 3] %2\n  %1 = input float32[2, 3]");
  });

  test("time the kernels of a run", () => {
    const run = (): void => {
      expect(torch.arange(7, { device: "cpu:js" }).mul(3).cumsum(0).tolist()).toEqual([0, 3, 9, 18, 30, 45, 63]);
    };
    expect(printed(2, run)).toMatch(/# run of program: \d+ steps, [\d.]+ ms\n +[\d.]+ ms +\d+ B .*scan/);
  });

  test("name the pass that broke the IR", () => {
    const broken = parseGraph("%1 = input float32[2]\n%2 = exp float32[3] %1\nreturn %2");
    const stage: Stage = { level: "graph", roots: broken, primitive: true };
    expect(() => debugging({ verify: true }, () => observePass("simplify", stage))).toThrow(
      /after the pass "simplify": .*result 0 has shape \[2\]/,
    );
    expect(() => debugging({ verify: false }, () => observePass("simplify", stage))).not.toThrow();
  });

  test("are on in the tests, as far as checking goes", () => {
    expect(debugFlags().verify).toBe(true);
  });
});

test("the compiler is one list of passes, each of which can be watched", () => {
  const seen: string[] = [];
  const stop = onPass((pass) => seen.push(pass));
  compileGraph(softmax(), { device: "cpu", name: "p" });
  stop();
  expect(seen).toEqual(pipeline.names);
  const shown = [...printed(5).matchAll(/^# (?:after (.*)|groups)$/gm)].map(([, name]) => name ?? "fuse");
  expect(shown).toEqual(pipeline.names);
});

test("observers see every level, and what they see reads back", () => {
  const seen: string[] = [];
  const stop = onPass((pass, stage) => seen.push(`${pass}: ${stage.level}`));
  compileGraph(softmax(), { device: "cpu", name: "p" });
  stop();
  compileGraph(softmax(), { device: "cpu", name: "p" });
  expect(seen[0]).toBe("recorded: graph");
  expect(seen).toContain("canonicalise: graph");
  expect(seen.slice(-5)).toEqual([
    "fuse: kernels",
    "lower: loops",
    "order: loops",
    "bufferise: program",
    "plan memory: program",
  ]);
  const texts = printed(5);
  const groups = /# groups\n([\s\S]*?)\n\n#/.exec(texts)![1]!;
  expect(parseKernelGraph(groups).regions).toHaveLength(1);
  expect(printGraph(softmax())).toContain("return %6");
  expect(() => parseProgram("program p inputs 0 outputs 0 arena 0")).not.toThrow();
});

test("VIZ writes one page with every pass of every program", { timeout: 60_000 }, async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "cresset-")), "passes.html");
  const program = `import * as torch from "cresset"; torch.ones([2, 3]).softmax(1).tolist();`;
  await promisify(execFile)(
    process.execPath,
    ["--conditions=source", "--import", "tsx", "--input-type=module", "--eval", program],
    {
      cwd: new URL("../..", import.meta.url),
      env: { ...process.env, VIZ: file },
    },
  );
  const page = await readFile(file, "utf8");
  const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)![1]!) as {
    pictures: { pass: string; boxes: { title: string; region: number }[]; text: string }[];
  }[];
  const { pictures } = data.at(-1)!;
  expect(pictures.map(({ pass }) => pass)).toEqual(
    expect.arrayContaining(["recorded", "decompose", "canonicalise", "fuse", "lower", "plan memory"]),
  );
  expect(pictures[0]!.boxes.some(({ title }) => title === "softmax")).toBe(true);
  expect(pictures.find(({ pass }) => pass === "fuse")!.boxes.some(({ region }) => region === 0)).toBe(true);
  expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
});
