/** Which errors count as PyTorch's. */
import { describe, expect, it } from "vitest";
import { misrefusal } from "./refusal.ts";

const thrown = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const recorded = (type: string, message: string, regex?: string) =>
  regex === undefined ? { type, message } : { type, message, regex };

describe("misrefusal", () => {
  it("takes an error of the class that corresponds, with the phrase that PyTorch's own test asks for", () => {
    const wanted = recorded("RuntimeError", "step must be nonzero", "step must be nonzer");
    expect(misrefusal(thrown("ArgumentError", "arange: step must be nonzero."), wanted)).toBeNull();
  });

  it("refuses other words", () => {
    const wanted = recorded("RuntimeError", "step must be nonzero", "step must be nonzer");
    expect(misrefusal(thrown("ArgumentError", "arange: a step of 0"), wanted)).toContain(
      "has no /step must be nonzer/",
    );
  });

  it("refuses another class, and what is no class of the library's", () => {
    const wanted = recorded("IndexError", "Dimension out of range");
    expect(misrefusal(thrown("ShapeError", "Dimension out of range"), wanted)).toContain("ShapeError where PyTorch");
    expect(misrefusal(thrown("RangeError", "Dimension out of range"), wanted)).toContain("RangeError where PyTorch");
  });

  it("tells by the words what a RuntimeError is about", () => {
    const wanted = recorded("RuntimeError", `"abs_cpu" not implemented for 'Bool'`);
    const message = `abs: "abs_cpu" not implemented for 'Bool', got bool[3].`;
    expect(misrefusal(thrown("DTypeError", message), wanted)).toBeNull();
    expect(misrefusal(thrown("ShapeError", message), wanted)).toContain("ShapeError where PyTorch");
  });

  it("asks for the first sentence where no phrase is recorded", () => {
    const wanted = recorded("RuntimeError", "Sizes must match. Expected 3");
    expect(misrefusal(thrown("ShapeError", "cat: Sizes must match, got 2"), wanted)).toBeNull();
    expect(misrefusal(thrown("ShapeError", "cat: sizes differ"), wanted)).toContain("has no");
  });

  it("takes the kinds of RuntimeError that have names of their own in Python for one", () => {
    const words = `"abs_cpu" not implemented for 'Bool'`;
    expect(misrefusal(thrown("DTypeError", `abs: ${words}`), recorded("NotImplementedError", words))).toBeNull();
    const singular = "linalg.inv: The diagonal element 2 is zero";
    expect(misrefusal(thrown("LinAlgError", singular), recorded("_LinAlgError", singular))).toBeNull();
    expect(misrefusal(thrown("ValueError", singular), recorded("_LinAlgError", singular))).toContain("where PyTorch");
    const analytical = "Jacobian mismatch for output 0";
    expect(misrefusal(thrown("GradcheckError", analytical), recorded("GradcheckError", analytical))).toBeNull();
  });

  it("asks that what is no tensor is told to be none, not for Python's words", () => {
    const wanted = recorded("AttributeError", "'str' object has no attribute 'dim'");
    const said = `pad(): argument 'input' (position 1) must be Tensor, not str "a".`;
    expect(misrefusal(thrown("ArgumentError", said), wanted)).toBeNull();
    expect(misrefusal(thrown("ArgumentError", "pad: no"), wanted)).toContain("has no");
  });

  it("takes no crash for a refusal", () => {
    const wanted = recorded("TypeError", "x is not a function");
    expect(misrefusal(new TypeError("x is not a function"), wanted)).toContain("crashed");
  });
});
