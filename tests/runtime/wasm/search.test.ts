/** The search for the fastest schedule: every candidate is right, winners are kept, and a broken file does no harm. */
import * as files from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import * as torch from "../../../frontend/index.ts";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { GraphBuilder } from "../../../ir/builder.ts";
import { leafNode, type Node } from "../../../ir/graph.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { matmulOf } from "../../../ir/ops/matmul.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import { KernelSearch, type Timer } from "../../../runtime/wasm/search.ts";
import { pathVariable, winnersInFile } from "../../../runtime/wasm/winners.ts";
import { checkGraph } from "../../fuzz/run-graph.ts";

const folder = files.mkdtempSync(path.join(os.tmpdir(), "cresset-search-"));
afterAll(() => files.rmSync(folder, { recursive: true }));
let fileCount = 0;
const newFile = (): string => path.join(folder, "cache", `${fileCount++}.json`);

interface Shape {
  readonly sizes: readonly [m: number, n: number, k: number];
  readonly transposed?: boolean;
  /** Elementwise work on the result. */
  readonly follows?: boolean;
}

function product({ sizes: [m, n, k], transposed = false, follows = false }: Shape): Node {
  const g = new GraphBuilder();
  const left = leafNode("input", "float32", [m, k], 0);
  const right = leafNode("input", "float32", transposed ? [n, k] : [k, n], 1);
  const whole = matmulOf(g, left, transposed ? g.permute(right, [1, 0]) : right);
  return follows ? g.max(whole, 0) : whole;
}

/** All kernels that a product may become. */
function candidatesOf(shape: Shape, name: string): readonly LoopKernel[] {
  let candidates: readonly LoopKernel[] = [];
  const tuner = { name, choose: (kernels: readonly LoopKernel[]) => ((candidates = kernels), 0) };
  compileGraph([product(shape)], { device: "cpu", name: "product", tuner });
  return candidates;
}

describe("every candidate computes the same", () => {
  const device = createWasmDevice();
  const shapes: readonly Shape[] = [
    { sizes: [1, 77, 19] },
    { sizes: [2, 21, 5], follows: true },
    { sizes: [3, 14, 40] },
    { sizes: [7, 75, 33], follows: true },
    { sizes: [13, 9, 40], transposed: true },
    { sizes: [50, 70, 17], transposed: true, follows: true },
  ];
  for (const shape of shapes) {
    it(`of ${JSON.stringify(shape)}`, async () => {
      const { length } = candidatesOf(shape, `list ${JSON.stringify(shape)}`);
      expect(length).toBeGreaterThan(1);
      for (let place = 0; place < length; place++) {
        const tuner = { name: `place ${place}`, choose: () => place };
        await checkGraph([product(shape)], [{ device, fusion: true, tuner }]);
      }
    });
  }
});

describe("a search", () => {
  const kernels = candidatesOf({ sizes: [6, 80, 30] }, "search");
  /** Calls everything, and finds the last to be the fastest. */
  const lastWins =
    (asked: { count: number }): Timer =>
    (calls) => {
      asked.count++;
      for (const call of calls) call();
      return calls.map((_, i) => calls.length - i);
    };
  const searchIn = (file: string, asked: { count: number }, machine = "here"): KernelSearch =>
    new KernelSearch(winnersInFile(files, file), { relaxedSimd: false, machine, timer: lastWins(asked) });

  it("keeps the fastest, and times no kernel twice", () => {
    const asked = { count: 0 };
    const search = searchIn(newFile(), asked);
    expect(search.choose(kernels)).toBe(kernels.length - 1);
    expect(search.choose(kernels.map((kernel) => ({ ...kernel, name: "another" })))).toBe(kernels.length - 1);
    expect(asked.count).toBe(1);
  });

  it("finds what an earlier process found, on the same machine alone", () => {
    const [file, asked] = [newFile(), { count: 0 }];
    searchIn(file, asked).choose(kernels);
    expect(searchIn(file, asked).choose(kernels)).toBe(kernels.length - 1);
    expect(asked.count).toBe(1);
    searchIn(file, asked, "elsewhere").choose(kernels);
    expect(asked.count).toBe(2);
  });

  it("adds to what other processes wrote meanwhile", () => {
    const [file, asked] = [newFile(), { count: 0 }];
    const [one, other] = [searchIn(file, asked), searchIn(file, asked, "elsewhere")];
    one.choose(kernels);
    other.choose(kernels);
    searchIn(file, asked).choose(kernels);
    expect(asked.count).toBe(2);
    expect(files.readdirSync(path.dirname(file)).filter((name) => name.includes(`${path.basename(file)}.`))).toEqual(
      [],
    );
  });

  for (const text of ["", "{", "[1, 2]", "null", '{"a": "b", "c": -1, "d": 1.5}', "\u0000"]) {
    it(`takes no harm from a file of ${JSON.stringify(text)}`, () => {
      const [file, asked] = [newFile(), { count: 0 }];
      files.mkdirSync(path.dirname(file), { recursive: true });
      files.writeFileSync(file, text);
      expect(searchIn(file, asked).choose(kernels)).toBe(kernels.length - 1);
      expect(asked.count).toBe(1);
      searchIn(file, asked).choose(kernels);
      expect(asked.count).toBe(1);
    });
  }

  it("takes no winner that is not among the kernels", () => {
    const asked = { count: 0 };
    const search = new KernelSearch(
      { get: () => kernels.length, set: () => {} },
      { relaxedSimd: false, machine: "here", timer: lastWins(asked) },
    );
    expect(search.choose(kernels)).toBe(kernels.length - 1);
    expect(asked.count).toBe(1);
  });

  it("works where nothing can be written", () => {
    const asked = { count: 0 };
    const file = path.join(newFile(), "below");
    files.mkdirSync(path.dirname(path.dirname(file)), { recursive: true });
    files.writeFileSync(path.dirname(file), "a file, no folder");
    const search = searchIn(file, asked);
    expect([search.choose(kernels), search.choose(kernels), asked.count]).toEqual([
      kernels.length - 1,
      kernels.length - 1,
      1,
    ]);
  });

  it("has room for operands of very different sizes, in the order of each kernel", () => {
    const large = candidatesOf({ sizes: [12, 1024, 1024] }, "large");
    expect(searchIn(newFile(), { count: 0 }).choose(large)).toBe(large.length - 1);
  });

  it("stays with the likely winner where another is hardly faster", () => {
    const timer: Timer = (calls) => calls.map((_, i) => (i === 1 ? 0.99 : 1));
    const winners = new Map<string, number>();
    expect(new KernelSearch(winners, { relaxedSimd: false, machine: "", timer }).choose(kernels)).toBe(0);
  });
});

describe("torch.backends.cpu.benchmark", () => {
  afterEach(() => {
    torch.backends.cpu.benchmark = false;
  });

  it("is off, times what is compiled while it is on, and keeps winners where it is told to", () => {
    expect(torch.backends.cpu.benchmark).toBe(false);
    const file = newFile();
    process.env[pathVariable] = file;
    torch.backends.cpu.benchmark = true;
    delete process.env[pathVariable];
    expect(torch.backends.cpu.benchmark).toBe(true);
    const filled = (value: number, rows: number, columns: number): torch.Tensor =>
      torch.tensor(new Array<number>(rows * columns).fill(value)).reshape([rows, columns]);
    const [a, b, c] = [filled(2, 5, 37), filled(0.5, 37, 90), filled(0.5, 37, 91)];
    expect(a.matmul(b).eq(37).all().item()).toBe(true);
    expect(Object.keys(JSON.parse(files.readFileSync(file, "utf8")) as object)).toHaveLength(1);
    torch.backends.cpu.benchmark = false;
    expect(a.matmul(c).eq(37).all().item()).toBe(true);
    expect(Object.keys(JSON.parse(files.readFileSync(file, "utf8")) as object)).toHaveLength(1);
  });
});
