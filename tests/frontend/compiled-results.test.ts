/** What a compiled function returns is each call's own, whatever it is made of. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { nn } = torch;
type Tensor = torch.Tensor;

class Output {
  readonly seen: Tensor;
  readonly parts: readonly Tensor[];
  readonly name = "output";
  constructor(seen: Tensor, parts: readonly Tensor[]) {
    this.seen = seen;
    this.parts = parts;
  }
  get total(): Tensor {
    return this.parts.reduce((sum, part) => sum.add(part), this.seen);
  }
}
class Hidden {
  readonly #seen: Tensor;
  constructor(seen: Tensor) {
    this.#seen = seen;
  }
  get seen(): Tensor {
    return this.#seen;
  }
}
class Named extends Map<string, Tensor> {
  constructor(given: Tensor) {
    super([["own", given]]);
  }
  get own(): Tensor {
    return this.get("own")!;
  }
}
const key = Symbol("key");

/** The tensor of each, of a function whose result is twice its argument. */
const rebuilt: [string, (y: Tensor) => unknown, (result: never) => Tensor][] = [
  ["a Set", (y) => new Set([y]), (result: Set<Tensor>) => [...result][0]!],
  ["a Map with tensors for keys", (y) => new Map([[y, 1]]), (result: Map<Tensor, number>) => [...result.keys()][0]!],
  ["an object of a class", (y) => new Output(y, []), ({ seen }: Output) => seen],
  ["an object that reads its own", (y) => new Output(y.mul(0), [y]), ({ total }: Output) => total],
  ["an object of a class that extends Map", (y) => new Named(y), ({ own }: Named) => own],
  ["a packed sequence", (y) => nn.utils.rnn.pack_sequence([y]), ({ data }: { data: Tensor }) => data],
  ["a property under a symbol", (y) => ({ [key]: y }), (result: { [key]: Tensor }) => result[key]],
  ["a property of a list", (y) => Object.assign([1, 2], { y }), ({ y }: { y: Tensor }) => y],
  [
    "a property that is not enumerable",
    (y) => Object.defineProperty({}, "y", { value: y }),
    ({ y }: { y: Tensor }) => y,
  ],
  ["a frozen list", (y) => Object.freeze([y]), ([y]: readonly Tensor[]) => y!],
  ["a list with holes", (y) => Object.assign(new Array<Tensor>(3), { 1: y }), (list: Tensor[]) => list[1]!],
  [
    "an object without a class",
    (y) => Object.assign(Object.create(null) as object, { y }),
    ({ y }: { y: Tensor }) => y,
  ],
  ["an error", (y) => Object.assign(new RangeError("far"), { y }), ({ y }: { y: Tensor }) => y],
  [
    "what is in itself",
    (y) => {
      const list: unknown[] = [];
      list.push(list, { y, list });
      return list;
    },
    (list: [unknown, { y: Tensor }]) => list[1].y,
  ],
];

const hiding: [string, (y: Tensor) => unknown, (result: never) => Tensor, RegExp][] = [
  ["a function", (y) => () => y, (result: () => Tensor) => result(), /returns a function/],
  [
    "a method of an object",
    (y) => ({ of: { give: () => y } }),
    ({ of }: { of: { give(): Tensor } }) => of.give(),
    /returns a function/,
  ],
  [
    "a getter",
    (y) => ({
      get y() {
        return y;
      },
    }),
    ({ y }: { y: Tensor }) => y,
    /returns an object with accessors/,
  ],
  [
    "an object with private members",
    (y) => new Hidden(y),
    ({ seen }: Hidden) => seen,
    /returns an object of class Hidden/,
  ],
  [
    "a generator",
    (y) =>
      (function* () {
        yield y;
      })(),
    (result: Iterable<Tensor>) => [...result][0]!,
    /returns an object of class Generator/,
  ],
  [
    "an iterator",
    (y) => [y].values(),
    (result: Iterable<Tensor>) => [...result][0]!,
    /returns an object of class Array Iterator/,
  ],
  [
    "a WeakRef",
    (y) => new WeakRef(y),
    (result: WeakRef<Tensor>) => result.deref()!,
    /returns an object of class WeakRef/,
  ],
];

const warnings = (): unknown[] => vi.mocked(console.warn).mock.calls.map(([text]) => text as unknown);

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
  afterEach(() => void vi.restoreAllMocks());

  const ofThree = (fn: (x: Tensor) => unknown, tensorOf: (result: never) => Tensor): unknown[] =>
    [1, 2, 3].map((value) => fn(torch.tensor([value], { device })) as never).map((result) => tensorOf(result).tolist());

  test.each(rebuilt)("%s is made anew at each call", (_, make, tensorOf) => {
    const fn = torch.compile((x: Tensor) => make(x.mul(2)));
    expect(ofThree(fn, tensorOf)).toEqual([[2], [4], [6]]);
    expect(fn.explain_recompiles()).toEqual([]);
    expect(warnings()).toEqual([]);
    const [compiled, eager] = [fn(torch.ones(1, { device })), make(torch.full([1], 2, { device }))] as [object, object];
    expect(Object.getPrototypeOf(compiled)).toBe(Object.getPrototypeOf(eager));
    expect(Reflect.ownKeys(compiled)).toEqual(Reflect.ownKeys(eager));
    expect(Object.isFrozen(compiled)).toBe(Object.isFrozen(eager));
  });

  test.each(hiding)("what may hide tensors makes the function run as it stands: %s", (_, make, tensorOf, reason) => {
    const fn = torch.compile((x: Tensor) => make(x.mul(2)));
    expect(ofThree(fn, tensorOf)).toEqual([[2], [4], [6]]);
    expect(warnings()).toEqual([expect.stringMatching(reason)]);
  });

  test("an object that is closed over and holds nothing new is that object", () => {
    const settings = new (class {
      readonly sizes = [1, 2];
      readonly weight = torch.ones(1, { device });
    })();
    const fn = torch.compile((x: Tensor) => ({ y: x.mul(2), settings }));
    for (const value of [1, 2, 3]) expect(fn(torch.tensor([value], { device })).settings).toBe(settings);
  });

  test("one tensor in two places is one tensor, and one list one list", () => {
    const fn = torch.compile((x: Tensor) => {
      const list = [x.mul(2)];
      return { list, again: list, first: list[0]! };
    });
    for (const value of [1, 2]) {
      const { list, again, first } = fn(torch.tensor([value], { device }));
      expect(again).toBe(list);
      expect(list[0]).toBe(first);
    }
  });

  test("a result of any depth is returned, and the call has happened once", () => {
    const w = torch.zeros(1, { device });
    const fn = torch.compile((x: Tensor) => {
      w.add_(1);
      let nested: unknown = x.mul(2);
      for (let i = 0; i < 20_000; i++) nested = [nested];
      return nested;
    });
    expect(
      ofThree(fn, (result: unknown) => {
        let inner = result;
        while (Array.isArray(inner)) inner = inner[0] as unknown;
        return inner as Tensor;
      }),
    ).toEqual([[2], [4], [6]]);
    expect(w.tolist()).toEqual([3]);
  });

  test("an object whose tensor can be differentiated is recorded as part of the graph around it", () => {
    const w = torch.ones(1, { device, requires_grad: true });
    const fn = torch.compile((x: Tensor) => new Output(x.mul(w), []));
    for (const value of [1, 2, 3])
      fn(torch.tensor([value], { device }))
        .seen.sum()
        .backward();
    expect(w.grad!.tolist()).toEqual([6]);
  });

  test("arguments in an object of a function that runs as it stands are the caller's own", () => {
    const fn = torch.compile((x: Tensor) => {
      x.sum().item();
      return new Output(x, [x]);
    });
    for (const value of [1, 2]) {
      const x = torch.tensor([value], { device });
      expect(fn(x).seen).toBe(x);
    }
  });

  test("a module that the function makes is each call's own", () => {
    const fn = torch.compile((x: Tensor) => {
      const layer = new nn.Linear(1, 1, { device });
      torch.no_grad(() => layer.weight.copy_(x.mul(2).reshape(1, 1)));
      return layer;
    });
    expect(ofThree(fn, ({ weight }: { weight: Tensor }) => weight.detach().reshape(1))).toEqual([[2], [4], [6]]);
  });
});
