import { describe, expect, it } from "vitest";
import { restoreClassNames } from "../../scripts/class-names.ts";

describe("restoring names of classes", () => {
  it("renames a class that mentions itself, and moves nothing", () => {
    const code = `var A=class _A{static make(){return new _A}},B=class{a=_A};`;
    expect(restoreClassNames(code)).toBe(`var A=class  A{static make(){return new  A}},B=class{a=_A};`);
  });

  it("leaves classes alone that have another name of their own", () => {
    const code = `var A=class _B{static make(){return new _B}};`;
    expect(restoreClassNames(code)).toBe(code);
  });
});
