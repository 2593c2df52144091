/** vmap's dimensions and its draws; the drawn values are PyTorch 2.13's. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const { vmap } = torch.func;
const x = (): torch.Tensor => torch.arange(6).to("float32").reshape(2, 3);
const drawn = (randomness: "same" | "different", draw: (row: torch.Tensor) => torch.Tensor): unknown => {
  torch.manual_seed(0);
  return vmap(draw, { randomness })(x()).tolist();
};

describe("draws in a function that is mapped", () => {
  it("are made for each example, in the order of the whole batch", () => {
    expect(drawn("different", () => torch.rand(3))).toEqual([
      [0.49625658988952637, 0.7682217955589294, 0.08847743272781372],
      [0.13203048706054688, 0.30742281675338745, 0.6340786814689636],
    ]);
    // Normal values of a batch with 16 or more elements are drawn in blocks.
    expect((drawn("different", () => torch.randn(10)) as number[][])[1]!.slice(8)).toEqual([
      2.0049805641174316, 0.05373690277338028,
    ]);
    expect(torch.rand(1).item()).toBe(0.20812976360321045);
  });

  it("are shared by all examples where that is asked for", () => {
    const row = [0.49625658988952637, 0.7682217955589294, 0.08847743272781372];
    expect(drawn("same", () => torch.rand(3))).toEqual([row, row]);
  });

  it("belong to the innermost examples", () => {
    const inner = vmap((z: torch.Tensor) => z.mul(0).add(torch.rand(2)), { randomness: "different" });
    const rows = [
      [0.49625658988952637, 0.7682217955589294],
      [0.08847743272781372, 0.13203048706054688],
      [0.30742281675338745, 0.6340786814689636],
    ];
    expect(drawn("same", inner)).toEqual([rows, rows]);
  });

  it("are an error unless allowed, and in another region's function in any case", () => {
    expect(() => vmap((row: torch.Tensor) => row.add(torch.rand(3)))(x())).toThrow(
      "called random operation while in randomness error mode",
    );
    const step = (carry: torch.Tensor, row: torch.Tensor) => [carry, row.add(torch.rand([]))] as const;
    const scanned = (row: torch.Tensor) => torch.scan(step, torch.zeros([]), row)[1];
    expect(() => drawn("different", scanned)).toThrow("random numbers are drawn");
  });

  it("take probabilities that rest on the example, and are drawn again by a compiled function", () => {
    const kept = drawn("different", (row) => torch.bernoulli(row.gt(2).to("float32")));
    expect(kept).toEqual([[0, 0, 0], [1, 1, 1]]); // prettier-ignore
    const compiled = torch.compile((batch: torch.Tensor) =>
      vmap((row: torch.Tensor) => row.at(":2").add(torch.rand(2)), { randomness: "different" })(batch),
    );
    torch.manual_seed(0);
    const first = compiled(x()).tolist();
    expect(compiled(x()).tolist()).not.toEqual(first);
    torch.manual_seed(0);
    expect(compiled(x()).tolist()).toEqual(first);
  });
});

describe("dimensions of vmap", () => {
  it("are said leaf by leaf of an argument", () => {
    const sum = vmap(({ a, b }: { a: torch.Tensor; b: torch.Tensor }) => a.add(b), { in_dims: [{ b: null, a: 1 }] });
    expect(sum({ a: x(), b: torch.ones(2) }).tolist()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(() => vmap((l: torch.Tensor[]) => l[0]!, { in_dims: [[0, 0]] })([x()])).toThrow("not compatible");
    expect(() => vmap((row: torch.Tensor, n: number) => row.mul(n))(x(), 2)).toThrow("non-Tensor arguments");
    expect(vmap((row: torch.Tensor, n: number) => row.mul(n), { in_dims: [0, null] })(x(), 2).tolist()).toEqual([
      [0, 2, 4],
      [6, 8, 10],
    ]);
  });

  it("null stands for a result that examples share, and for no other", () => {
    const both = (row: torch.Tensor): torch.Tensor[] => [row, torch.ones(2)];
    const [rows, ones] = vmap(both, { out_dims: [1, null] })(x());
    expect([rows!.shape, ones!.shape]).toEqual([[3, 2], [2]]);
    expect(() => vmap(both, { out_dims: null })(x())).toThrow("rests on the example");
  });

  it("may count no examples", () => {
    expect(vmap((row: torch.Tensor) => row.sum())(torch.zeros(0, 3)).shape).toEqual([0]);
  });
});

describe("anomaly detection around a mapped gradient", () => {
  const squares = (row: torch.Tensor): torch.Tensor => row.mul(row).sum();
  it("computes nothing while the function is recorded", () => {
    torch.autograd.detect_anomaly(() =>
      expect(vmap(torch.func.grad(squares))(torch.ones([2, 3])).tolist()).toEqual([
        [2, 2, 2],
        [2, 2, 2],
      ]),
    );
  });
  it("finds NaN where the result is read", () => {
    const roots = (row: torch.Tensor): torch.Tensor => row.sqrt().mul(0).sum();
    torch.autograd.detect_anomaly(() =>
      expect(() => vmap(torch.func.grad(roots))(torch.zeros([2, 3])).tolist()).toThrow(
        "Function 'SqrtBackward0' returned nan values",
      ),
    );
  });
});
