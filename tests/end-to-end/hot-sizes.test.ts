/** Sizes that share kernels and are then run often get their own: nothing changes but the time. */
import * as torch from "cresset";
import { describe, expect, test, vi } from "vitest";
import { SharedExecutable } from "../../frontend/shared-program.ts";

const runsToGetOwn = 400;

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  const made = (seed: number, ...shape: number[]): torch.Tensor => {
    torch.manual_seed(seed);
    return torch.randn(shape, { device });
  };

  test("a product gives the same values before and after", () => {
    const differences = [3, 4, 5, 6, 7, 96].map((n) => {
      const [a, b] = [made(1, n, n), made(2, n, n)];
      const run = torch.compile((x: torch.Tensor, y: torch.Tensor) => x.matmul(y).relu().sub(0.5));
      const expected = a.double().matmul(b.double()).relu().sub(0.5);
      let largest = 0;
      for (let i = 0; i < (n === 96 ? runsToGetOwn : 2); i++)
        largest = Math.max(largest, run(a, b).double().sub(expected).abs().max().item() as number);
      return largest;
    });
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  test("state is updated in place, whichever kernels do it", () => {
    const differences = [2, 3, 4, 5, 6, 128].map((n) => {
      const weight = made(3, n, n).mul(0.1);
      const momentum = torch.zeros(n, n, { device });
      const step = torch.compile((x: torch.Tensor, rate: number) => {
        momentum.mul_(0.5).add_(x.matmul(weight));
        weight.sub_(momentum.mul(rate));
      });
      const x = made(4, n, n).mul(0.01);
      let [w, m] = [weight.double(), momentum.double()];
      for (let i = 0; i < (n === 128 ? runsToGetOwn : 3); i++) {
        const rate = 0.001 * (1 + (i % 3));
        m = m.mul(0.5).add(x.double().matmul(w));
        w = w.sub(m.mul(rate));
        step(x, rate);
      }
      return weight.double().sub(w).abs().max().item() as number;
    });
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });
});

test("deterministic algorithms give a size the same bits, whatever sizes came before", async () => {
  const product = (library: typeof torch, n: number): unknown => {
    library.manual_seed(n);
    return library.randn(n, n).matmul(library.randn(n, n)).tolist();
  };
  torch.use_deterministic_algorithms(true);
  for (const n of [17, 23, 29, 41, 53, 77]) product(torch, n);
  const after = product(torch, 33);
  torch.use_deterministic_algorithms(false);
  vi.resetModules();
  const fresh = await import("cresset");
  expect(fresh.Tensor).not.toBe(torch.Tensor);
  expect(after).toEqual(product(fresh, 33));
});

test("a program that would be called otherwise is not taken", () => {
  const executable = (name: string) => ({ name, released: false, kernelCount: 1, compileMs: 0, peakBytes: 0 });
  const graph = (places: readonly string[]) => ({
    program: { steps: [], slots: places.map((kind, index) => ({ id: index, place: { kind, index } })) },
    inputs: [],
    scalars: [],
    results: [],
  });
  const runs: string[] = [];
  const prepared = (name: string, places: readonly string[]) => {
    const own = executable(name);
    return {
      compiled: graph(places),
      executable: {
        ...own,
        program: { steps: [] },
        run: () => (runs.push(name), []),
        release: () => runs.push(`-${name}`),
      },
    };
  };
  const of = (places: readonly string[]): SharedExecutable =>
    new SharedExecutable({
      ...prepared("shared", ["output"]),
      sizes: [],
      instructions: 1e12,
      specialise: () => prepared("own", places),
    } as never);
  for (const shared of [of(["output", "output"]), of(["output"])])
    for (let i = 0; i < 4; i++) shared.run([], [], [], []);
  expect(runs).toEqual(["shared", "shared", "-own", "shared", "shared", "shared", "shared", "own", "own"]);
});
