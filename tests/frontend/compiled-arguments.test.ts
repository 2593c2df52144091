/** Arguments of compiled functions that are written, handed on and handed in again: as without `compile`. */
import * as torch from "cresset";
import fc from "fast-check";
import { expect, test, vi } from "vitest";

type T = torch.Tensor;
/** Called with as many as it takes. */
type Fn = (a: T, b: T, c: T) => T | T[] | undefined;
const three = (args: readonly T[]): [T, T, T] => [args[0]!, args[1]!, args[2]!];
const full = (value: number): T => torch.full([3], value);

const functions: Readonly<Record<string, readonly [count: number, fn: Fn]>> = {
  "their own": [1, (a) => a.copy_(a.clone())],
  "each other's": [
    2,
    (a, b) => {
      a.copy_(b);
      b.copy_(a.clone().add(1));
      return a.sum();
    },
  ],
  swapped: [2, (a, b) => swap(a, b)],
  rotated: [
    3,
    (a, b, c) => {
      swap(a, b);
      swap(b, c);
      return c.sum();
    },
  ],
};
test.each(Object.entries(functions))("contents are %s at each call", (_, [count, fn]) => {
  const run = (call: Fn): unknown[] => {
    const args = Array.from({ length: count }, (_, i) => full(i + 1));
    return Array.from({ length: 6 }, () => {
      call(...three(args));
      return args.map((arg) => arg.tolist());
    });
  };
  expect(run(torch.compile(fn))).toEqual(run(fn));
});

function swap(a: T, b: T): undefined {
  const held = a.clone();
  a.copy_(b);
  b.copy_(held);
}

test.each(["read before", "not read before"])("what state was copied from stays the caller's, %s", (when) => {
  const state = torch.zeros(3);
  const keep = torch.compile((x: T) => state.copy_(x).sum());
  const batches = [1, 2, 3, 4, 5, 6].map(full);
  if (when === "read before") for (const batch of batches) batch.tolist();
  for (const batch of batches) keep(batch).item();
  expect(batches.map((batch) => batch.tolist())).toEqual([1, 2, 3, 4, 5, 6].map((value) => [value, value, value]));
});

test("what a function that reads returns outlives steps that take it apart", () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const run = (wrap: (fn: Fn) => Fn): unknown => {
    torch.manual_seed(0);
    const net = new torch.nn.Linear(4, 1);
    const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.01 });
    const x = torch.randn(6, 4);
    const rollout = wrap((input: T) =>
      torch.no_grad(() => {
        input.sum().item();
        return net(input).add(1);
      }),
    );
    const target = rollout(x, x, x) as T;
    return Array.from({ length: 6 }, (_, i) => {
      optimizer.zero_grad();
      const loss = net(x)
        .sub(target.index_select(0, torch.tensor([i % 4], { dtype: "int64" })))
        .pow(2)
        .mean();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  };
  const expected = run((fn) => fn) as number[];
  (run((fn) => torch.compile(fn)) as number[]).forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 5));
  vi.restoreAllMocks();
});

/** Straight-line programs of writes on arguments and closed-over tensors. */
const place = fc.nat(9);
const step = fc.record({ op: fc.nat(8), to: place, from: place, at: fc.nat(3) });
const program = fc.record({
  given: fc.integer({ min: 1, max: 3 }),
  closed: fc.nat(2),
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  returned: fc.nat(31),
  swapsAt: fc.nat(4),
  readsEach: fc.boolean(),
  carries: fc.boolean(),
});
type RandomProgram = typeof program extends fc.Arbitrary<infer T> ? T : never;

function runProgram(p: RandomProgram, compiles: boolean): unknown {
  const row = (start: number): T => torch.arange(4).float().add(start);
  const all = Array.from({ length: p.given }, (_, i) => row(10 * i));
  const closed = Array.from({ length: p.closed }, (_, i) => row(i).mul(2));
  const fn = (...args: T[]): T[] => {
    const values = [...args, ...closed];
    for (const { op, to, from, at } of p.steps) {
      const [a, b] = [values[to % values.length]!, values[from % values.length]!];
      if (op === 0) values.push(a.clone());
      else if (op === 1) a.copy_(b);
      else if (op === 2) a.add_(b.mul(0.5));
      else if (op === 3) values.push(a.add(b).mul(0.5));
      else if (op === 4) values.push(a.narrow(0, 0, 4));
      else if (op === 5) a.narrow(0, at, 1).copy_(b.narrow(0, 3 - at, 1));
      else if (op === 6) a.mul_(0.75);
      else if (op === 7) values.push(a.flip(0));
      else values.push(a.detach());
    }
    return values.filter((_, i) => (p.returned >> (i % 5)) & 1);
  };
  const call: typeof fn = compiles ? torch.compile(fn) : fn;
  const log: unknown[] = [];
  const lists = (tensors: readonly T[]): unknown => tensors.map((tensor) => tensor.tolist());
  let args = all;
  let results: T[] = [];
  for (let turn = 0; turn < 5; turn++) {
    if (turn === p.swapsAt && p.given > 1) args = [args[1]!, args[0]!, ...args.slice(2)];
    results = call(...args);
    if (p.readsEach) log.push(lists(results), lists(all), lists(closed));
    if (p.carries && results.length > 0) args = [results.at(-1)!, ...args.slice(1)];
  }
  return [...log, lists(results), lists(all), lists(closed)];
}

test("random programs of writes leave what they leave without compile", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(program, (p) => {
      let expected: unknown;
      try {
        expected = runProgram(p, false);
      } catch {
        return; // A late read is refused.
      }
      expect(runProgram(p, true)).toEqual(expected);
    }),
    { numRuns: 150, seed: 22 },
  );
});
