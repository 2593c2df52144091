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

  it("not where columns of several strips stand in one another's span", () => {
    expect(may(...scaled("parallel i = 0 .. 4", "(i * 6)"), ...scaled("parallel j = 0 .. 4", "((j * 6) + 1)"))).toBe(
      false,
    );
  });

  it("whatever stands in a loop that never turns", () => {
    expect(may(...scaled("parallel i = 0 .. 24", "i"), ...scaled("serial i_more = 24 .. 24", "(i_more + -8)"))).toBe(
      true,
    );
  });
});
