import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as torch from "cresset";

type Part = number | null | "..." | { start: number | null; stop: number | null; step: number | null };

/** What Python selects, by walking nested lists. */
function select(data: unknown, parts: readonly Part[]): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return data;
  if (part === null) return [select(data, rest)];
  const list = data as unknown[];
  if (typeof part === "number") return select(list.at(part), rest);
  if (part === "...") return list;
  const clamp = (value: number | null, open: number): number =>
    value === null ? open : Math.max(0, Math.min(list.length, value < 0 ? value + list.length : value));
  const [start, stop] = [clamp(part.start, 0), clamp(part.stop, list.length)];
  const kept: unknown[] = [];
  for (let i = start; i < stop; i += part.step ?? 1) kept.push(select(list[i], rest));
  return kept;
}

const shape = [3, 4, 2];
const bound = fc.option(fc.integer({ min: -6, max: 6 }), { nil: null });
const slice = fc.record({ start: bound, stop: bound, step: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }) });
/** A subscript of up to three dimensions with new axes between them. */
const subscript = fc
  .tuple(
    ...shape.map((size) => fc.oneof(slice, fc.integer({ min: -size, max: size - 1 }))),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map((drawn): Part[] => {
    const used = drawn.slice(0, drawn[3] as number) as Part[];
    const axis = drawn[4] as number;
    return axis <= used.length ? used.toSpliced(axis, 0, null) : used;
  });

const cube = (): torch.Tensor => torch.arange(24).reshape(3, 4, 2);

describe("subscripts", () => {
  test("integers, slices and new axes select what Python selects", () => {
    fc.assert(
      fc.property(subscript, (parts) => {
        const nested = cube().tolist();
        expect(
          cube()
            .at(...parts)
            .tolist(),
        ).toEqual(select(nested, parts));
      }),
      { numRuns: 150 },
    );
  });

  test("writing a subscript changes exactly what it selects", () => {
    fc.assert(
      fc.property(subscript, (parts) => {
        const target = torch.zeros(3, 4, 2);
        target.set_at(parts, 1);
        const chosen = new Set([select(cube().tolist(), parts)].flat(9) as number[]);
        expect(target.reshape(-1).tolist()).toEqual(Array.from({ length: 24 }, (_, i) => Number(chosen.has(i))));
      }),
      { numRuns: 100 },
    );
  });

  test("one string may hold several parts", () => {
    expect(cube().at("..., 1").tolist()).toEqual(cube().at("...", 1).tolist());
    expect(cube().at("1:3, ::2, None").shape).toEqual([2, 2, 1, 2]);
    expect(cube().at("-1").tolist()).toEqual(cube().at(2).tolist());
    expect(cube().at(torch.slice(1, null), torch.slice(2)).shape).toEqual([2, 2, 2]);
    expect(cube().at({ stop: 2, step: 2 }).shape).toEqual([1, 4, 2]);
  });

  test("basic subscripts are views: writes go through, both ways", () => {
    const x = torch.zeros(2, 3);
    const view = x.at("1, 1:");
    view.add_(1);
    x.at("..., 2").mul_(5);
    expect(x.tolist()).toEqual([
      [0, 0, 0],
      [0, 1, 5],
    ]);
    expect(view.tolist()).toEqual([1, 5]);
    expect(x.at("...")._base).toBe(x);
  });

  test("a 0-d index tensor selects without being read, and still gives a view", () => {
    const x = torch.zeros(3, 2);
    const row = torch.tensor(-1n);
    x.at(row).fill_(4);
    expect(x.at(row).tolist()).toEqual([4, 4]);
    expect(x.tolist()).toEqual([
      [0, 0],
      [0, 0],
      [4, 4],
    ]);
    expect(cube().at([0, 1], torch.tensor(2n), [1, 1]).tolist()).toEqual([5, 13]);
  });

  test("arrays and index tensors gather with broadcasting", () => {
    expect(cube().at([0, -1]).shape).toEqual([2, 4, 2]);
    expect(cube().at(torch.tensor([[0n], [2n]]), [1, 3]).shape).toEqual([2, 2, 2]);
    expect(cube().at([0, 1], [1, 2], [0, 1]).tolist()).toEqual([2, 13]);
    expect(cube().at([]).shape).toEqual([0, 4, 2]);
  });

  test("dimensions of separated index tensors come first, those of neighbours stay", () => {
    const x = torch.zeros(5, 6, 7, 8);
    expect(x.at("...", [0, 1], [2, 3]).shape).toEqual([5, 6, 2]);
    expect(x.at(":", [0, 1], [2, 3]).shape).toEqual([5, 2, 8]);
    expect(x.at(":", [0, 1], ":", [2, 3]).shape).toEqual([2, 5, 7]);
    expect(x.at([0, 1], null, [2, 3]).shape).toEqual([2, 1, 7, 8]);
    expect(x.at([0, 1], 3, [2, 3]).shape).toEqual([2, 8]);
  });

  test("masks select what is true, booleans add a dimension", () => {
    const x = cube();
    expect(x.at(x.gt(21)).tolist()).toEqual([22, 23]);
    expect(x.at([true, false, true]).shape).toEqual([2, 4, 2]);
    expect(x.at(":", torch.tensor([false, true, false, true]), 0).tolist()).toEqual([
      [2, 6],
      [10, 14],
      [18, 22],
    ]);
    expect(x.at(true).shape).toEqual([1, 3, 4, 2]);
    expect(x.at(false).shape).toEqual([0, 3, 4, 2]);
    expect(torch.tensor(5).at(torch.tensor(true)).tolist()).toEqual([5]);
    expect(() => x.at([true, false])).toThrow("does not match the shape of the indexed tensor");
  });

  test("assignment broadcasts and converts", () => {
    const x = torch.zeros(2, 3, { dtype: "int64" });
    x.set_at(0, 2.9).set_at([1, "1:"], [[[7, 8]]]);
    expect(x.tolist()).toEqual([
      [2, 2, 2],
      [0, 7, 8],
    ]);
    x.set_at([":", [0, 2]], [1.5, -1.5]);
    expect(x.tolist()).toEqual([
      [1, 2, -1],
      [1, 7, -1],
    ]);
    x.set_at([x.lt(0)], 0).set_at([torch.tensor([false, true])], [[4, 5, 6]]);
    expect(x.tolist()).toEqual([
      [1, 2, 0],
      [4, 5, 6],
    ]);
    expect(() => x.set_at(0, torch.ones(2))).toThrow(torch.ShapeError);
  });

  // As PyTorch 2.13 answers.
  test("a tensor of another type is not written by index tensors, nor by masks unless it is one value", () => {
    const words =
      "Index put requires the source and destination dtypes match, got Float for the destination and Double";
    const wide = torch.tensor([1.5, 2.5], { dtype: "float64" });
    const [index, mask] = [torch.tensor([0n, 2n]), torch.tensor([true, false, true])];
    for (const place of [index, mask, [0, 2]]) expect(() => torch.zeros(3).set_at([place], wide)).toThrow(words);
    expect(() => torch.zeros(3).set_at([index], wide.at(0))).toThrow(words);
    expect(() => torch.zeros(3).index_put([mask], wide.at("1:"), true)).toThrow(words);
    expect(() => torch.zeros(3).set_at([index], torch.ones(3, { dtype: "float64" }))).toThrow("shape mismatch");
    expect(torch.zeros(3).set_at([mask], wide.at("1:")).tolist()).toEqual([2.5, 0, 2.5]);
    expect(
      torch
        .zeros(3)
        .index_put([mask], wide.at("1:").view(1, 1, 1))
        .tolist(),
    ).toEqual([2.5, 0, 2.5]);
    for (const place of [0, "0:1", true]) expect(torch.zeros(1).set_at(place, wide.at(1)).tolist()).toEqual([2.5]);
    const bytes = torch.zeros(3, { dtype: "int8" }).set_at([mask], torch.tensor(300));
    expect(() => bytes.tolist()).toThrow("value cannot be converted to type int8_t without overflow");

    const value = torch.tensor(2, { dtype: "float64", requires_grad: true });
    torch.zeros(3).set_at([mask], value).sum().backward();
    expect(value.grad!.item()).toBe(2);
    expect(value.grad!.dtype).toBe(torch.float64);
  });

  test("numbers are of the type that they are written to, whatever the place", () => {
    for (const place of [0, torch.tensor([0n]), torch.tensor([true, false])]) {
      const written = (dtype: torch.DTypeLike, value: number | torch.Complex): unknown =>
        torch.zeros(2, { dtype }).set_at([place], value).at(0).item();
      expect(written("float64", 0.1)).toBe(0.1);
      expect(written("bfloat16", 1e39)).toBe(Infinity);
      expect(written("complex64", new torch.Complex(1, 2))).toEqual(new torch.Complex(1, 2));
      expect(() => written("int8", 300)).toThrow("value cannot be converted to type int8_t without overflow");
    }
    expect(torch.zeros(2, { dtype: "float64" }).set_at(":", [0.1, 0.2]).tolist()).toEqual([0.1, 0.2]);
  });

  test("a mask takes values in order without being read", () => {
    const x = torch.zeros(2, 2);
    x.set_at(
      [
        torch.tensor([
          [true, false],
          [true, true],
        ]),
      ],
      torch.tensor([1, 2, 3]),
    );
    expect(x.tolist()).toEqual([
      [1, 0],
      [2, 3],
    ]);
    expect(() =>
      torch
        .zeros(2)
        .set_at([torch.tensor([true, true])], torch.ones(3))
        .tolist(),
    ).toThrow("shape mismatch");
  });

  test("gradients flow through subscripts and assignments", () => {
    const [x, v] = [torch.ones([3, 2], { requires_grad: true }), torch.tensor([2, 3], { requires_grad: true })];
    const y = x.mul(2);
    y.set_at(1, v);
    y.at([0, 0, 1]).sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [4, 4],
      [0, 0],
      [0, 0],
    ]);
    expect(v.grad!.tolist()).toEqual([1, 1]);
    expect(() => x.set_at(0, 1)).toThrow("in-place operation");
    torch.no_grad(() => x.set_at(0, 5));
    expect(x.at(0).tolist()).toEqual([5, 5]);
  });

  test("mistakes are answered where they are made", () => {
    expect(() => cube().at(3)).toThrow("index 3 is out of bounds for dimension 0 with size 3");
    expect(() => cube().at(0, 0, 0, 0)).toThrow("too many indices for tensor of dimension 3");
    expect(() => cube().at("::-1")).toThrow("step must be greater than zero");
    expect(() => cube().at(0.5)).toThrow("are valid indices");
    expect(() => cube().at("a:b")).toThrow("are valid indices");
    expect(() => cube().at(torch.tensor([0.5]))).toThrow("must be long, int, byte or bool tensors");
    expect(() => cube().at([0, 1], [0, 1, 2])).toThrow("could not be broadcast together");
    expect(() => cube().at([7]).tolist()).toThrow(torch.IndexError);
  });

  test("every form has a twin that gives a promise", async () => {
    const x = cube();
    expect((await x.atAsync(x.lt(2))).tolist()).toEqual([0, 1]);
    expect((await torch.zeros(2).set_atAsync([torch.tensor([true, false])], 3)).tolist()).toEqual([3, 0]);
  });

  test("a second ellipsis takes nothing, and leading ones of a value fall away", () => {
    expect(torch.zeros(2, 3, 4).at("...", 0, "...").shape).toEqual([2, 3]);
    const x = torch.tensor([0, 1, 2]);
    x.set_at([torch.tensor([1n])], torch.tensor([[[9]]]));
    expect(x.tolist()).toEqual([0, 9, 2]);
  });

  test("what is overwritten whole has a gradient of zero", () => {
    const x = torch.tensor([1, 2]).requires_grad_();
    const v = torch.tensor([3, 4]).requires_grad_();
    const y = x.mul(2);
    y.set_at(["..."], v);
    y.sum().backward();
    expect([x.grad!.tolist(), v.grad!.tolist()]).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });
});
