import { expect, test } from "vitest";
import { CpuGenerator } from "../../../runtime/random/draws.ts";
import { calls } from "./calls.ts";
import { decode, type Json, type OracleTensor, type OracleValue, readCases } from "./oracle-format.ts";
import { largestDistance } from "./ulp.ts";

interface RandomCase {
  readonly seed: number;
  readonly kind?: "initial_seed";
  readonly value?: number;
  readonly calls?: readonly {
    readonly fn: string;
    readonly args: readonly Json[];
    readonly kwargs: Readonly<Record<string, Json>>;
  }[];
  readonly outs?: readonly Json[];
}

// Every case is matched bit for bit, but for float64 normals, whose log, sin and cos are the JavaScript engine's.
const cases = readCases<RandomCase>("random");
const titleOf = ({ seed, calls: made }: RandomCase): string =>
  `seed ${seed}: ${(made ?? []).map(({ fn, args }) => `${fn}(${JSON.stringify(args).slice(1, -1)})`).join(", ")}`;

test.each(cases.filter((entry) => entry.calls).map((entry) => [titleOf(entry), entry] as const))("%s", (_, entry) => {
  const generator = new CpuGenerator(entry.seed);
  for (const [i, { fn, args, kwargs }] of entry.calls!.entries()) {
    const keywords: Record<string, OracleValue> = {};
    for (const [name, value] of Object.entries(kwargs)) keywords[name] = decode(value);
    const drawn = calls[fn]!(generator, args.map(decode), keywords);
    const expected = [decode(entry.outs![i]!)].flat() as OracleTensor[];
    expect(drawn.length).toBe(expected.length);
    for (const [k, { data }] of expected.entries()) {
      expect(largestDistance(drawn[k]!, data), `${fn}, output ${k}`).toBeLessThanOrEqual(
        data instanceof Float64Array && fn === "randn" ? 2 : 0,
      );
    }
  }
});

test.each(cases.filter(({ kind }) => kind === "initial_seed"))(
  "a generator tells the seed it was given: $seed",
  (entry) => {
    expect(new CpuGenerator(entry.seed).initial_seed()).toBe(entry.value);
  },
);
