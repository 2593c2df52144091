/** What completions say of element types, against the operators themselves. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import { operator } from "../../ir/operator.ts";
import { elementTypes } from "../../scripts/generate/element-types.ts";

describe("the element types that an operator states", () => {
  it.each([
    ["exp", "bool, int -> float32; float, complex -> same"],
    ["neg", "int, float, complex -> same; not bool"],
    ["eq", "bool, int, float, complex -> bool"],
    ["transpose", "any -> same"],
    ["sum", "bool, int -> int64; float, complex -> same"],
    ["argmax", "int, float -> int64; not bool, complex"],
    ["bitwise_and", "bool -> bool; int -> same; not float, complex"],
    ["abs", "int, float -> same; complex -> float; not bool"],
    ["sort", "bool -> bool and int64; int, float -> same and int64; not complex"],
    ["linalg_eigvals", "float -> complex; complex -> same; not bool, int"],
  ])("are found by recording it: %s", (name, types) => {
    expect(elementTypes(operator(name))).toBe(types);
  });

  it.each([
    ["gather", "one tensor holds positions"],
    ["nonzero", "values decide the shape"],
    ["reshape", "sizes cannot be made up"],
  ])("are left out of %s: %s", (name) => {
    expect(elementTypes(operator(name))).toBeNull();
  });

  it("are what users meet", () => {
    const x = torch.ones(2, 2, { dtype: torch.bool });
    expect(x.exp().dtype).toBe(torch.float32);
    expect(() => x.neg()).toThrow(torch.DTypeError);
    expect(x.sum().dtype).toBe(torch.int64);
  });
});
