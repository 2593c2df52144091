import { describe, expect, it } from "vitest";
import type { PrintOptionChanges } from "../../../frontend/printing/index.ts";
import {
  changePrintOptions,
  defaultPrintOptions,
  PrintOptionsError,
  PrintSettings,
} from "../../../frontend/printing/index.ts";

const change = (changes: PrintOptionChanges) => changePrintOptions(defaultPrintOptions, changes);

describe("set_printoptions", () => {
  it("applies the profile first and single options over it", () => {
    expect(change({ profile: "short", edgeitems: 5 })).toEqual({
      precision: 2,
      threshold: 1000,
      edgeitems: 5,
      linewidth: 80,
      sci_mode: null,
    });
    expect(change({ profile: "full" }).threshold).toBe(Infinity);
  });

  it("keeps what is not given, except sci_mode, which every call sets anew", () => {
    const changed = change({ precision: 2, sci_mode: true });
    expect(changePrintOptions(changed, { linewidth: 40 })).toEqual({ ...changed, linewidth: 40, sci_mode: null });
  });

  it.each([
    [{ precision: -1 }, "precision must be a whole number from 0 to 1000, got -1"],
    [{ precision: 1.5 }, "precision must be a whole number from 0 to 1000, got 1.5"],
    [{ threshold: NaN }, "threshold must be a number of elements, 0 or more (Infinity to print all), got NaN"],
    [{ edgeitems: Infinity }, "edgeitems must be a whole number, 0 or more, got Infinity"],
    [{ linewidth: 0 }, "linewidth must be a whole number of columns, 1 or more, got 0"],
    [{ profile: "tiny" }, 'profile must be "default", "short" or "full", got "tiny"'],
    [{ sci_mode: 1 }, "sci_mode must be true, false or null (chosen from the values), got 1"],
    [{ digits: 3 }, "option must be one of precision, threshold, edgeitems, linewidth, sci_mode, profile"],
  ])("refuses %o", (changes, message) => {
    expect(() => change(changes as PrintOptionChanges)).toThrow(message);
    expect(() => change(changes as PrintOptionChanges)).toThrow(PrintOptionsError);
  });
});

describe("PrintSettings", () => {
  it("starts with PyTorch's defaults and remembers changes", () => {
    const settings = new PrintSettings();
    expect(settings.get_printoptions()).toEqual(defaultPrintOptions);
    settings.set_printoptions({ precision: 2 });
    expect(settings.get_printoptions().precision).toBe(2);
    settings.set_printoptions({ profile: "default" });
    expect(settings.get_printoptions()).toEqual(defaultPrintOptions);
  });

  it("keeps its options when a change is refused", () => {
    const settings = new PrintSettings();
    expect(() => settings.set_printoptions({ precision: 2, linewidth: -1 })).toThrow(PrintOptionsError);
    expect(settings.get_printoptions()).toEqual(defaultPrintOptions);
  });

  it("restores the options after a scope, thrown or not", () => {
    const settings = new PrintSettings();
    const inside = settings.printoptions({ precision: 1 }, () => settings.get_printoptions().precision);
    expect(inside).toBe(1);
    expect(() =>
      settings.printoptions({ precision: 1 }, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(settings.get_printoptions()).toEqual(defaultPrintOptions);
  });

  it("holds the options of an asynchronous scope until it settles", async () => {
    const settings = new PrintSettings();
    const inside = settings.printoptions({ precision: 1 }, async () => {
      await Promise.resolve();
      return settings.get_printoptions().precision;
    });
    expect(settings.get_printoptions().precision).toBe(1);
    expect(await inside).toBe(1);
    expect(settings.get_printoptions()).toEqual(defaultPrintOptions);
  });
});
