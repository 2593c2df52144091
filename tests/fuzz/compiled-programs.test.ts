/** Random functions of tensors with state: compiled and replayed, they do what they do when they are just called. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Choices, fuzzParameters, fuzzTimeout, instructionList } from "./choices.ts";

type Program = readonly (readonly number[])[];

/** Whole numbers stay small, so that nothing depends on the order of operations. */
const tame = (x: Tensor): Tensor => x.remainder(7).sub(3);

const seen = (x: Tensor): unknown => [x.tolist(), x.stride()];

/** A write makes no value of its own. */
const written = (_state: Tensor): null => null;

/** Follows a program on two arguments and a state that it may write; all have `rows` x 4 elements. */
function follow(program: Program, a: Tensor, b: Tensor, state: Tensor): Tensor[] {
  const pool: Tensor[] = [a, b];
  for (const instruction of program) {
    const c = new Choices(instruction);
    const any = (): Tensor => pool[pool.length - 1 - c.below(pool.length)]!;
    const rules: (() => Tensor | null)[] = [
      () => any().add(any()),
      () => tame(any().mul(any())),
      () => any().sub(any(), { alpha: c.below(3) }),
      () => any().add(c.below(5)),
      () => torch.where(any().gt(any()), any(), c.below(3)),
      () => any().relu(),
      () => tame(any().sum(0, { keepdim: true }).expand(a.shape)),
      () => tame(any().matmul(any().t()).matmul(any())),
      () => any().flip(1),
      () => torch.cat([any().at(":, 2:"), any().at(":, :2")], 1),
      () => tame(any().cumsum(c.below(2))),
      () => any().add(state),
      () => written(state.add_(any())),
      () => written(state.copy_(tame(state.add(any())))),
      () => written(state.at(`:, ${c.below(4)}`).mul_(-1)),
      () => written(state.set_at([":", c.below(4)], c.below(5))),
      () => {
        const copy = any().clone();
        copy.select(1, c.below(4)).neg_();
        return copy;
      },
      () => any().detach(),
      () => any().t().contiguous().t(),
      // Writes what it is a view of, or a copy.
      () => written(any().reshape(-1).add_(c.below(3))),
      () => written(any().t().flatten().mul_(-1)),
      () => any().sort(1).values,
      () => any().max(1, { keepdim: true }).values.expand(a.shape).add(0),
    ];
    const made = c.pick(rules)();
    if (made !== null) pool.push(made);
  }
  return pool.slice(-3);
}

const argument = (rows: number, device: string, start: number): Tensor =>
  torch
    .tensor(
      Array.from({ length: rows * 4 }, (_, i) => ((start + i * 5) % 9) - 4),
      { device },
    )
    .reshape(rows, 4);

/** How the arguments of a call lie in memory: row by row, column by column, or with gaps. */
const layouts: readonly ((x: Tensor) => Tensor)[] = [
  (x) => x,
  (x) => x.t().contiguous().t(),
  (x) => torch.cat([x, x], 1).at(":, :4"),
];

/** Sizes of the calls: some come again, the later ones share kernels. */
const calls = [3, 3, 5, 3, 2, 4, 5];

test.each(["cpu:js", "cpu"])("random compiled functions on %s", { timeout: fuzzTimeout }, (device) => {
  let compared = 0;
  const property = fc.property(instructionList(14), (program) => {
    const states = new Map<number, readonly [compiled: Tensor, called: Tensor]>();
    for (const rows of calls) {
      if (!states.has(rows)) states.set(rows, [argument(rows, device, 2), argument(rows, device, 2)]);
    }
    const fast = torch.compile((a: Tensor, b: Tensor, state: Tensor) => follow(program, a, b, state));
    calls.forEach((rows, call) => {
      const [compiled, called] = states.get(rows)!;
      const lay = layouts[call % layouts.length]!;
      const given = (): [Tensor, Tensor] => [lay(argument(rows, device, call)), argument(rows, device, 3 * call + 1)];
      const [args, others] = [given(), given()];
      const all = [...fast(...args, compiled), ...args, compiled];
      const expected = [...follow(program, ...others, called), ...others, called];
      expect(all.map(seen), `results, arguments and state of call ${call}`).toEqual(expected.map(seen));
      // What is a view of what is the same.
      for (const [first] of [all, expected]) first!.add_(1);
      expect(all.map(seen), `the same once a result of call ${call} is written`).toEqual(expected.map(seen));
      compared++;
    });
  });
  fc.assert(property, fuzzParameters(15, 4));
  expect(compared).toBeGreaterThan(0);
});
