import { describe, expect, test } from "vitest";
import { f32, f64, i32, i64, bool, type Expr, type LoopKernel } from "../../../ir/loop.ts";
import { IrError } from "../../../ir/errors.ts";
import {
  add,
  assign,
  buffer,
  c,
  declare,
  int,
  kernelOf,
  letVar,
  load,
  loop,
  mul,
  op,
  p,
  relaxedModes,
  runKernel,
  store,
  v,
  vec,
} from "./harness.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** C = A x B, vectorised over columns, with an accumulator and a fence. */
function matmul(m: number, n: number, k: number): LoopKernel {
  const a = load("a", add(mul(v("i"), int(k)), v("k")));
  const b = load("b", add(mul(v("k"), int(n)), v("j")), vec(f32));
  return kernelOf(
    [buffer("a", "float32", m * k), buffer("b", "float32", k * n), buffer("c", "float32", m * n)],
    [
      loop("i", m, [
        loop(
          "j",
          n,
          [
            declare("sum", c(vec(f32), 0)),
            loop("k", k, [
              assign("sum", op("madd", vec(f32), op("splat", vec(f32), a), b, v("sum", vec(f32)))),
              { kind: "fence", counter: v("k"), never: -7 },
            ]),
            store("c", add(mul(v("i"), int(n)), v("j")), v("sum", vec(f32))),
          ],
          4,
        ),
      ]),
    ],
  );
}

describe("loops", () => {
  test.each(relaxedModes)("a matrix product with relaxed SIMD %s", (relaxed) => {
    const [m, n, k] = [3, 8, 5];
    const a = Float32Array.from(range(m * k), (x) => (x % 7) - 3);
    const b = Float32Array.from(range(k * n), (x) => (x % 5) - 2);
    const got = new Float32Array(m * n);
    runKernel(matmul(m, n, k), [a, b, got], [], relaxed);
    const wanted = range(m * n).map((at) =>
      range(k).reduce((sum, x) => sum + a[Math.floor(at / n) * k + x]! * b[x * n + (at % n)]!, 0),
    );
    expect(Array.from(got)).toEqual(wanted);
  });

  test("a loop that is never entered leaves memory and accumulators alone", () => {
    const out = Float32Array.of(9, 9);
    runKernel(
      kernelOf(
        [buffer("out", "float32", 2)],
        [
          declare("sum", c(f32, 4)),
          loop("i", p("n", i32), [assign("sum", c(f32, 1)), store("out", int(1), c(f32, 1))]),
          store("out", int(0), v("sum", f32)),
        ],
        [{ name: "n", kind: "i32" }],
      ),
      [out],
      [0],
    );
    expect(Array.from(out)).toEqual([4, 9]);
  });

  test("runtime sizes, steps and starts", () => {
    const out = new Int32Array(24);
    const index = add(mul(v("i"), p("columns", i32)), v("j"));
    runKernel(
      kernelOf(
        [buffer("out", "int32", 24)],
        [
          loop("i", p("rows", i32), [
            loop("j", p("columns", i32), [store("out", index, add(mul(v("i"), int(100)), v("j")))], 2, int(1)),
          ]),
        ],
        [
          { name: "rows", kind: "i32" },
          { name: "columns", kind: "i32" },
        ],
      ),
      [out],
      [4, 6],
    );
    expect(Array.from(out)).toEqual(
      range(24).map((at) => ((at % 6) % 2 === 1 ? Math.floor(at / 6) * 100 + (at % 6) : 0)),
    );
  });

  test("negative, large and flipped indices", () => {
    const n = 9;
    const a = Int32Array.from(range(n));
    const out = new Int32Array(3 * n);
    const at = (x: Expr): Expr => load("a", x, i32);
    const inner = op("and", bool, op("gt", bool, v("i"), int(0)), op("lt", bool, v("i"), int(n - 1)));
    runKernel(
      kernelOf(
        [buffer("a", "int32", n), buffer("out", "int32", 3 * n)],
        [
          loop("i", n, [
            store("out", v("i"), at(op("sub", i32, int(n - 1), v("i")))),
            {
              kind: "if",
              condition: inner,
              then: [
                store("out", add(v("i"), int(n)), add(at(op("sub", i32, v("i"), int(1))), at(add(v("i"), int(1))))),
              ],
              else: [store("out", add(v("i"), int(n)), int(-1))],
            },
            letVar("far", add(mul(v("i"), int(1000000)), int(2000000))),
            store(
              "out",
              add(v("i"), int(2 * n)),
              at(op("sub", i32, v("far"), add(mul(v("i"), int(999999)), int(2000000)))),
            ),
          ]),
        ],
      ),
      [a, out],
    );
    const flipped = range(n).map((i) => n - 1 - i);
    const neighbours = range(n).map((i) => (i > 0 && i < n - 1 ? 2 * i : -1));
    expect(Array.from(out)).toEqual([...flipped, ...neighbours, ...range(n)]);
  });

  test("gathered, divided and remaindered indices", () => {
    const table = Float32Array.from(range(12), (x) => x * 10);
    const rows = BigInt64Array.of(2n, 0n, 1n);
    const out = new Float32Array(12);
    const row = op("cast", i32, load("rows", op("div", i32, v("i"), int(4)), i64));
    runKernel(
      kernelOf(
        [buffer("table", "float32", 12), buffer("rows", "int64", 3), buffer("out", "float32", 12)],
        [
          loop("i", 12, [
            letVar("row", row),
            store("out", v("i"), load("table", add(mul(v("row"), int(4)), op("rem", i32, v("i"), int(4))))),
          ]),
        ],
      ),
      [table, rows, out],
    );
    expect(Array.from(out)).toEqual([80, 90, 100, 110, 0, 10, 20, 30, 40, 50, 60, 70]);
  });

  test("values that do not change in a loop are computed once, and still see the right variables", () => {
    const [a, b, d] = [3, 4, 5];
    const out = new Int32Array(a * b * d);
    const index = add(mul(add(mul(v("i"), int(b)), v("j")), int(d)), v("k"));
    runKernel(
      kernelOf(
        [buffer("out", "int32", a * b * d)],
        [
          loop("i", a, [
            letVar("x", mul(v("i"), v("i"))),
            loop("j", b, [
              letVar("y", add(mul(v("x"), int(10)), mul(v("j"), int(3)))),
              loop("k", d, [
                letVar("z", mul(v("y"), p("scale", i32))),
                store("out", index, add(v("z"), add(mul(v("x"), v("x")), v("k")))),
              ]),
            ]),
          ]),
        ],
        [{ name: "scale", kind: "i32" }],
      ),
      [out],
      [7],
    );
    const wanted = range(a * b * d).map((at) => {
      const [i, j, k] = [Math.floor(at / (b * d)), Math.floor(at / d) % b, at % d];
      return (i * i * 10 + j * 3) * 7 + i ** 4 + k;
    });
    expect(Array.from(out)).toEqual(wanted);
  });

  test("a while loop with carried state: the greatest common divisor", () => {
    const out = new Int32Array(2);
    runKernel(
      kernelOf(
        [buffer("out", "int32", 2)],
        [
          declare("a", int(1071)),
          declare("b", int(462)),
          declare("turns", int(0)),
          {
            kind: "while",
            condition: op("ne", bool, v("b"), int(0)),
            body: [
              letVar("r", op("rem", i32, v("a"), v("b"))),
              assign("a", v("b")),
              assign("b", v("r")),
              assign("turns", add(v("turns"), int(1))),
            ],
          },
          store("out", int(0), v("a")),
          store("out", int(1), v("turns")),
        ],
      ),
      [out],
    );
    expect(Array.from(out)).toEqual([21, 3]);
  });

  test("scratch buffers hold a row: softmax without the exponential", () => {
    const [rows, columns] = [3, 4];
    const input = Float64Array.from(range(rows * columns), (x) => x + 1);
    const out = new Float64Array(rows * columns);
    const at = add(mul(v("i"), int(columns)), v("j"));
    runKernel(
      kernelOf(
        [
          buffer("in", "float64", rows * columns),
          buffer("row", "float64", columns, "readwrite", "scratch"),
          buffer("other", "int8", 3, "readwrite", "scratch"),
          buffer("out", "float64", rows * columns),
        ],
        [
          loop("i", rows, [
            declare("sum", c(f64, 0)),
            store("other", int(2), int(1)),
            loop("j", columns, [
              letVar("square", mul(load("in", at, f64), load("in", at, f64))),
              store("row", v("j"), v("square", f64)),
              assign("sum", add(v("sum", f64), v("square", f64))),
            ]),
            loop("m", columns, [
              store(
                "out",
                add(mul(v("i"), int(columns)), v("m")),
                op("div", f64, load("row", v("m"), f64), v("sum", f64)),
              ),
            ]),
          ]),
        ],
      ),
      [input, out],
    );
    const wanted = range(rows * columns).map((x) => {
      const row = range(columns).map((j) => input[Math.floor(x / columns) * columns + j]! ** 2);
      return row[x % columns]! / row.reduce((a, b) => a + b);
    });
    expect(Array.from(out)).toEqual(wanted);
  });
});

describe("memory types", () => {
  const half = [0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7bff, 0x0001, 0x83ff, 0x0400, 0x3555, 0x7e00];

  test.each([1, 4])("float16 goes to float32 and back unchanged, %s lanes", (lanes) => {
    const all = Uint16Array.from(range(65536));
    const floats = new Float32Array(65536);
    const back = new Uint16Array(65536);
    const value = load("in", v("i"), { kind: "f32", lanes });
    runKernel(
      kernelOf(
        [buffer("in", "float16", 65536), buffer("floats", "float32", 65536), buffer("back", "float16", 65536)],
        [loop("i", 65536, [store("floats", v("i"), value), store("back", v("i"), value)], lanes)],
      ),
      [all, floats, back],
    );
    for (const bits of [...half, 0x1234, 0x03ff]) {
      const sign = bits & 0x8000 ? -1 : 1;
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 0x3ff;
      const magnitude =
        exponent === 31
          ? fraction
            ? NaN
            : Infinity
          : exponent
            ? (1 + fraction / 1024) * 2 ** (exponent - 15)
            : fraction * 2 ** -24;
      expect(floats[bits]).toBe(sign * magnitude);
    }
    const isNan = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
    const changed = range(65536).filter((bits) => (isNan(bits) ? !isNan(back[bits]!) : back[bits] !== bits));
    expect(changed).toEqual([]);
  });

  test.each([1, 4])("narrow rounds to float16 and bfloat16, ties to even, %s lanes", (lanes) => {
    const values = Float32Array.of(
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -20,
      65504,
      65519.99,
      65520,
      -70000,
      2 ** -25,
      3 * 2 ** -25,
      2 ** -24 * 1.5,
      2 ** -14 - 2 ** -26,
      NaN,
      -Infinity,
      -0,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      3.3895e38,
      3.4e38,
      -1e-45,
      0.1,
    );
    const n = values.length;
    const [asHalf, asBrain, bits] = [new Float32Array(n), new Float32Array(n), new Uint16Array(n)];
    const type = { kind: "f32", lanes } as const;
    const input = load("in", v("i"), type);
    const half: Expr = { op: "narrow", type, memory: "float16", args: [input] };
    const brain: Expr = { op: "narrow", type, memory: "bfloat16", args: [input] };
    runKernel(
      kernelOf(
        [
          buffer("in", "float32", n),
          buffer("h", "float32", n),
          buffer("b", "float32", n),
          buffer("bits", "bfloat16", n),
        ],
        [loop("i", n, [store("h", v("i"), half), store("b", v("i"), brain), store("bits", v("i"), brain)], lanes)],
      ),
      [values, asHalf, asBrain, bits],
    );
    expect(Array.from(asHalf)).toEqual([
      1,
      1 + 2 ** -9,
      1 + 2 ** -10,
      65504,
      65504,
      Infinity,
      -Infinity,
      0,
      2 ** -23,
      2 ** -23,
      2 ** -14,
      NaN,
      -Infinity,
      -0,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      Infinity,
      Infinity,
      -0,
      0.0999755859375,
    ]);
    expect(Array.from(asBrain).slice(11)).toEqual([
      NaN,
      -Infinity,
      -0,
      1,
      1 + 2 ** -6,
      Math.fround(255 * 2 ** 120),
      Infinity,
      -0,
      0.10009765625,
    ]);
    expect(Array.from(bits)).toEqual(
      Array.from(asBrain, (x) => (Number.isNaN(x) ? 0x7fc0 : new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16)),
    );
  });

  test.each([1, 4])("small integers and bools extend and wrap, %s lanes", (lanes) => {
    for (const [dtype, array] of [
      ["int8", Int8Array.of(-128, -1, 0, 127)],
      ["uint8", Uint8Array.of(0, 1, 128, 255)],
      ["int16", Int16Array.of(-32768, -1, 0, 32767)],
    ] as const) {
      const out = array.slice().fill(0);
      const wide = new Int32Array(4);
      const value = load("a", v("i"), { kind: "i32", lanes });
      const shifted = op("add", { kind: "i32", lanes }, value, c({ kind: "i32", lanes }, 70000));
      runKernel(
        kernelOf(
          [buffer("a", dtype, 4), buffer("out", dtype, 4), buffer("wide", "int32", 4)],
          [loop("i", 4, [store("out", v("i"), shifted), store("wide", v("i"), value)], lanes)],
        ),
        [array, out, wide],
      );
      const wrapped = array.slice();
      array.forEach((x, i) => (wrapped[i] = x + 70000));
      expect(Array.from(out)).toEqual(Array.from(wrapped));
      expect(Array.from(wide)).toEqual(Array.from(array));
    }
  });

  test("mathematical functions come from the host as scalars and lanes", () => {
    for (const lanes of [1, 2]) {
      const out = new Float64Array(2);
      const type = { kind: "f64", lanes } as const;
      runKernel(
        kernelOf(
          [buffer("a", "float64", 2), buffer("out", "float64", 2)],
          [loop("i", 2, [store("out", v("i"), op("exp", type, load("a", v("i"), type)))], lanes)],
        ),
        [Float64Array.of(1, -2), out],
      );
      expect(Array.from(out)).toEqual([Math.E, Math.exp(-2)]);
    }
  });
});

describe("refusals", () => {
  const refused: [string, LoopKernel][] = [
    ["barrier", kernelOf([], [{ kind: "barrier" }])],
    ["workgroup buffers", kernelOf([buffer("w", "float32", 4, "readwrite", "workgroup")], [])],
    [
      "lane loops",
      kernelOf([], [{ kind: "for", name: "i", start: int(0), end: int(4), step: 1, mode: "lane", body: [] }]),
    ],
    ["local_index", kernelOf([], [letVar("x", op("local_index", i32))])],
    ["unbound variables", kernelOf([], [letVar("x", v("y"))])],
    ["assignments to a let", kernelOf([], [letVar("x", int(1)), assign("x", int(2))])],
    ["values of another kind than the memory", kernelOf([buffer("a", "float32", 1)], [store("a", int(0), int(1))])],
    ["vectors that do not fill 128 bits", kernelOf([], [letVar("x", c({ kind: "f32", lanes: 2 }, 1))])],
    ["operations that a kind lacks", kernelOf([], [letVar("x", op("sqrt", i32, int(1)))])],
  ];
  test.each(refused)("%s", (_, kernel) => {
    expect(() => runKernel(kernel, [])).toThrow(IrError);
  });
});
