/** Compiled functions of arguments that do not lie row by row, or that overlap: views and writes are those of plain calls. */
import { describe, expect, test } from "vitest";
import * as torch from "cresset";
import type { Tensor } from "cresset";

const grid = (): Tensor => torch.arange(6, { dtype: torch.float32 }).reshape(2, 3).clone();
const row = (): Tensor => torch.arange(4, { dtype: torch.float32 });

/** What a call gives and leaves behind: of tensors elements and strides, or the error's first line. */
function outcome(call: (...args: Tensor[]) => unknown, args: Tensor[]): unknown {
  const shown = (value: unknown): unknown =>
    value instanceof torch.Tensor ? [value.tolist(), value.stride(), value.storage_offset()] : value;
  let result: unknown;
  try {
    result = [call(...args)].flat().map(shown);
  } catch (error) {
    result = (error as Error).message.split("\n")[0]!.replace(", not computed yet", "");
  }
  return [result, args.map(shown)];
}

type Fn = (...args: Tensor[]) => unknown;
test.each<[string, () => Tensor[], Fn]>([
  ["strides", () => [grid().t()], (x) => [...x.stride(), x.is_contiguous()]],
  ["strides of a part", () => [grid().at(":, ::2")], (x) => [...x.stride(), x.storage_offset()]],
  ["a copy by reshape", () => [grid().t()], (x) => [x.reshape(-1).add_(1), x.mul(1)]],
  ["a copy by contiguous", () => [grid().t()], (x) => [x.contiguous().add_(1), x.mul(1)]],
  ["a copy by flatten", () => [grid().at(":, ::2")], (x) => [x.flatten().mul_(2), x.mul(1)]],
  ["a view that cannot be", () => [grid().t()], (x) => x.view(-1)],
  ["the order of results", () => [grid().t()], (x) => x.mul(2)],
  ["a view of a result", () => [grid()], (x) => x.mul(2).t()],
  ["an expanded result", () => [grid()], (x) => x.sum(0).expand(2, 3)],
  ["a write to an expanded argument", () => [torch.ones(1, 3).expand(2, 3)], (x) => x.add_(1)],
  ["a write to a part", () => [grid().at(":, 1:")], (x) => [x.mul_(2), x.t().add(1)]],
  ["a strided view of a part", () => [grid().at("1")], (x) => x.as_strided([2], [1])],
  ["neighbours", () => ((w) => [w, w.at(":2"), w.at("1:3")])(row()), (_, a, b) => a.add_(b)],
  ["neighbours by out=", () => ((w) => [w, w.at("1:3")])(row()), (w, b) => torch.mul(b, 2, { out: w.at(":2") })],
  ["its own elements", () => ((w) => [w, w.at(":2")])(row()), (w, a) => [w.at(":2").add_(a), a.mul(1)]],
])("%s", (_, make, fn) => {
  const compiled = torch.compile(fn);
  const plain = outcome(fn, make());
  expect(outcome(compiled, make())).toEqual(plain);
  expect(outcome(compiled, make())).toEqual(plain);
});

describe("memory in parts", () => {
  const overlap = "some elements of the input tensor and the written-to tensor refer to a single memory location";
  test("that overlaps is refused after calls whose parts did not", () => {
    const w = row();
    const fn = torch.compile((a: Tensor, b: Tensor) => void a.add_(b));
    fn(w.at(":2"), w.at("2:"));
    expect(() => fn(w.at(":2"), w.at("1:3"))).toThrow(overlap);
    fn(w.at(":2"), w.at("2:"));
    expect(w.tolist()).toEqual([4, 7, 2, 3]);
  });
  test("that the function closes over is no different", () => {
    const w = row();
    const fn = torch.compile((b: Tensor) => void w.at(":2").add_(b));
    fn(torch.ones(2));
    expect(() => fn(w.at("1:3"))).toThrow(overlap);
    expect(w.tolist()).toEqual([1, 2, 2, 3]);
  });
  test("around an argument is not known", () => {
    const fn = torch.compile((x: Tensor) => x.as_strided([2], [1]));
    expect(() => fn(grid().at(":, 1:"))).toThrow("does not know the memory around its argument's elements");
  });
  test("at another place is recorded again where the place is read", () => {
    const w = grid();
    const fn = torch.compile((x: Tensor) => x.storage_offset());
    expect([fn(w.at("1")), fn(w.at("0")), fn(w.at("1"))]).toEqual([3, 0, 3]);
  });
  test("is recorded once for parts that lie alike", () => {
    const w = grid();
    const fn = torch.compile((x: Tensor) => x.add(1));
    for (const part of ["0", "1", "0"]) fn(w.at(part));
    expect(fn.explain_recompiles()).toEqual([]);
    fn(w.at("0, :2"));
    fn(w.at(":, 0"));
    expect(String(fn.explain_recompiles()[1])).toContain("x.stride(): row by row -> 3");
  });
});

describe("results", () => {
  test("that are views of an argument are written through", () => {
    const x = grid();
    const fn = torch.compile((input: Tensor) => input.view(-1));
    fn(x);
    fn(x).add_(1);
    expect(x.tolist()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
  test("are so where the function reads values", () => {
    const x = grid();
    const fn = torch.compile((input: Tensor) => (input.sum().item(), input.at("0")));
    fn(x).zero_();
    expect(x.tolist()).toEqual([
      [0, 0, 0],
      [3, 4, 5],
    ]);
  });
  test("that share memory share it at each call", () => {
    const fn = torch.compile((input: Tensor) => {
      const doubled = input.mul(2);
      return { doubled, first: doubled.at("0") };
    });
    const older = fn(grid());
    const { doubled, first } = fn(grid());
    first.add_(100);
    expect(first._base).toBe(doubled);
    expect([doubled.tolist(), older.doubled.tolist()]).toEqual([
      [
        [100, 102, 104],
        [6, 8, 10],
      ],
      [
        [0, 2, 4],
        [6, 8, 10],
      ],
    ]);
  });
});
