import { describe, expect, it } from "vitest";
import { mayOverwrite } from "../../ir/overwrite.ts";
import { parseKernel } from "../../ir/text/index.ts";

const may = (...body: string[]): boolean =>
  mayOverwrite(
    parseKernel(
      ["kernel k(b0: read float32[24], b1: write float32[24]) workgroup 64", ...body.map((line) => `  ${line}`)].join(
        "\n",
      ) + "\n",
    ),
    "b0",
    "b1",
  );
const scaled = (first: string, at: string): string[] => [
  first,
  `  let v_${at.length}: f32 = b0[${at}]`,
  `  b1[${at}] = v_${at.length}`,
];

describe("a result takes over an input's memory", () => {
  it("where each element is read before it is written", () => {
    expect(may(...scaled("parallel i = 0 .. 24", "i"))).toBe(true);
  });

  it("also in blocks of rows, which lie apart", () => {
    expect(may(...scaled("parallel i = 0 .. 16", "i"), ...scaled("parallel j = 0 .. 8", "(j + 16)"))).toBe(true);
    expect(
      may(...scaled("parallel i = 0 .. and(19, -4) step 4", "i"), ...scaled("parallel j = 0 .. 8", "(j + 16)")),
    ).toBe(true);
  });

  it("not where blocks overlap: the second would read what the first wrote", () => {
    expect(may(...scaled("parallel i = 0 .. 16", "i"), ...scaled("parallel j = 0 .. 9", "(j + 15)"))).toBe(false);
    expect(
      may(
        "parallel i = 0 .. and(19, -4) step 4",
        "  let v: f32x4 = b0[i]<f32x4>",
        "  b1[i] = v",
        ...scaled("parallel j = 0 .. 9", "(j + 15)"),
      ),
    ).toBe(false);
  });

  it("not where the steps of one stand on some of another's", () => {
    expect(may(...scaled("parallel i = 0 .. 4", "(i * 6)"), ...scaled("parallel j = 0 .. 4", "((j * 3) + 3)"))).toBe(
      false,
    );
  });

  it("also in strips of columns, each within its rows", () => {
    const strips = (second: number, columns: number): boolean =>
      may(
        "parallel r = 0 .. 4",
        ...scaled("  parallel i = 0 .. 4", "((r * 6) + i)").map((line, at) => (at === 0 ? line : `  ${line}`)),
        "parallel q = 0 .. 4",
        ...scaled(`  parallel j = 0 .. ${columns}`, `(((q * 6) + j) + ${second})`).map((line, at) =>
          at === 0 ? line : `  ${line}`,
        ),
      );
    expect(strips(4, 2)).toBe(true);
    expect(strips(3, 2)).toBe(false);
    // Beyond a row's end lies the next row.
    expect(strips(4, 3)).toBe(false);
  });

  it("also where a loop takes several elements at each step", () => {
    const pairs = (second: number): boolean =>
      may(
        "parallel i = 0 .. 24 step 2",
        "  let v: f32 = b0[i]",
        "  b1[i] = v",
        `  let w: f32 = b0[(i + ${second})]`,
        `  b1[(i + ${second})] = w`,
      );
    expect(pairs(1)).toBe(true);
    // The next step reads what this one wrote.
    expect(pairs(2)).toBe(false);
  });

  it("also in one turn of a loop, where what is read is read in the same turn", () => {
    const inTurn = (condition: string): boolean =>
      may(
        "serial d = 0 .. 3",
        "  parallel i = 0 .. 24",
        `    if ${condition}`,
        "      let v: f32 = b0[i]",
        "      b1[i] = v",
      );
    expect(inTurn("eq((d * 256), 512)")).toBe(true);
    expect(inTurn("lt(d, 2)")).toBe(false);
    expect(inTurn("eq((d * 0), 0)")).toBe(false);
    expect(
      may(
        "serial d = 0 .. 3",
        "  parallel i = 0 .. 24",
        "    let v: f32 = b0[i]",
        "    if eq(d, 0)",
        "      b1[i] = v",
      ),
    ).toBe(false);
  });

  it("whatever stands in a loop that never turns", () => {
    expect(may(...scaled("parallel i = 0 .. 24", "i"), ...scaled("serial i_more = 24 .. 24", "(i_more + -8)"))).toBe(
      true,
    );
  });
});
