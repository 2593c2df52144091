/** What is declared exists at run time. */
import { describe, expect, it } from "vitest";
import * as torch from "../../frontend/index.ts";
import { operators } from "../../ir/operator.ts";
import { functionEntries, methodEntries } from "../../scripts/generate/entries.ts";

describe("derived forms", () => {
  const all = [...operators()];

  it("has every declared method on Tensor", () => {
    const missing = [...methodEntries(all).keys()].filter((name) => !(name in torch.Tensor.prototype));
    expect(missing).toEqual([]);
  });

  it.each([
    ["torch", torch],
    ["nn.functional", torch.nn.functional],
    ["linalg", torch.linalg],
    ["special", torch.special],
    ["fft", torch.fft],
  ] as const)("has every declared function in %s", (place, namespace) => {
    const missing = [...functionEntries(all, place).keys()].filter((name) => !(name in namespace));
    expect(missing).toEqual([]);
  });
});
