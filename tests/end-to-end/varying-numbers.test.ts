/** Sizes, offsets and indices that are another number at each call: after a few programs, nothing is compiled. */
import { compilations } from "./counters.ts";
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

type Nested = number | readonly Nested[];
const rows = 40;
const value = (row: number, column: number): number => row * 10 + column;
const table = Array.from({ length: rows }, (_, row) => [0, 1, 2].map((column) => value(row, column)));

/** Each call makes a result for a number, beside what it is to be. */
const cases: Readonly<
  Record<string, (device: string) => (n: number) => { readonly got: torch.Tensor; readonly wanted: Nested }>
> = {
  "a size that grows by one": (device) => (n) => ({
    got: torch.cat([torch.ones(n, 2, { device }), torch.zeros(1, 2, { device })]),
    wanted: [...Array.from({ length: n }, () => [1, 1]), [0, 0]],
  }),
  "rows that are turned beside a product": (device) => (n) => {
    const x = torch.arange(n, { device }).to(torch.float32).reshape([n, 1]);
    const got = torch.nn.functional.linear(x, torch.tensor([[2]], { device })).add(x.roll(1, 0));
    return { got, wanted: Array.from({ length: n }, (_, i) => [2 * i + ((i + n - 1) % n)]) };
  },
  "neighbours subtracted": (device) => (n) => {
    const x = torch.arange(0, 2 * (n + 1), 2, { device, dtype: torch.float32 });
    return { got: x.at("1:").sub(x.at(":-1")), wanted: new Array<number>(n).fill(2) };
  },
  "two sizes that differ by three": (device) => (n) => ({
    got: torch
      .ones(n, n + 3, { device })
      .mul(2)
      .sum(0),
    wanted: new Array<number>(n + 3).fill(2 * n),
  }),
  "two sizes with nothing in common": (device) => (n) => {
    const columns = ((n * 7) % 11) + 2;
    return {
      got: torch.ones(n, columns, { device }).add(1).sum(1).mul(3),
      wanted: new Array<number>(n).fill(6 * columns),
    };
  },
  "a cache that grows": (device) => {
    let cache = torch.zeros(1, 2, { device });
    let length = 1;
    return () => {
      cache = torch.cat([cache, torch.ones(1, 2, { device })]);
      return { got: cache, wanted: [[0, 0], ...Array.from({ length: length++ }, () => [1, 1])] };
    };
  },
  "an index": (device) => {
    const x = torch.tensor(table, { device });
    return (n) => ({ got: x.at(n - 1).add(1), wanted: table[n - 1]!.map((item) => item + 1) });
  },
  "an index that is written": (device) => {
    const x = torch.tensor(table, { device });
    const mirror = table.map((row) => [...row]);
    return (n) => {
      x.set_at([n - 1], -n);
      mirror[n - 1] = [-n, -n, -n];
      return { got: x, wanted: mirror };
    };
  },
  "a mini-batch": (device) => {
    const x = torch.tensor(table, { device });
    return (n) => ({
      got: x
        .at(`${n - 1}:${n + 3}`)
        .mul(2)
        .sum(1),
      wanted: table.slice(n - 1, n + 3).map((row) => 2 * row.reduce((a, b) => a + b)),
    });
  },
  "a roll": (device) => {
    const x = torch.tensor(table, { device });
    return (n) => ({ got: x.roll(n, 0), wanted: [...table.slice(-n), ...table.slice(0, -n)] });
  },
  "a loop of another length": (device) => (n) => {
    const [, sums] = torch.scan(
      (carry: torch.Tensor, x: torch.Tensor) => {
        const sum = carry.add(x);
        return [sum, sum] as const;
      },
      torch.zeros(2, { device }),
      torch.ones(n, 2, { device }),
    );
    return { got: sums, wanted: Array.from({ length: n }, (_, i) => [i + 1, i + 1]) };
  },
  "a narrow": (device) => {
    const x = torch.tensor(table, { device });
    return (n) => ({
      got: x.narrow(0, n - 1, 2).mul(3),
      wanted: table.slice(n - 1, n + 1).map((row) => row.map((item) => 3 * item)),
    });
  },
};

describe.each(["cpu", "cpu:js"])("numbers that vary on %s", (device) => {
  it.each(Object.keys(cases))("%s compiles a few programs and no more", (name) => {
    const run = cases[name]!(device);
    const made: number[] = [];
    for (let n = 1; n <= 24; n++) {
      const before = compilations();
      const { got, wanted } = run(n);
      expect(got.tolist(), `for ${n}`).toEqual(wanted);
      made.push(compilations() - before);
    }
    expect(made.slice(8), `compiled in each call: ${made.join(" ")}`).toEqual(new Array(16).fill(0));
  });
});
