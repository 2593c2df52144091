/** A value that fails a check: the error comes at the first read, comes again, and nothing else has changed. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

describe.each(["cpu", "cpu:js"])("an index out of range on %s", (device) => {
  const index = torch.tensor([7n], { device });

  it("is an error at every read, not only the first", () => {
    const bad = torch.tensor([1, 2, 3], { device }).index_select(0, index);
    expect(() => bad.tolist()).toThrow(torch.IndexError);
    expect(() => bad.tolist()).toThrow(/out of range[\s\S]*failed-checks\.test\.ts/);
  });

  it("is found after thousands of other recordings", () => {
    const x = torch.tensor([1, 2, 3], { device });
    const bad = x.index_select(0, index);
    for (let i = 0; i < 1500; i++) x.index_select(0, torch.tensor([1n], { device }));
    expect(x.sum().item()).toBe(6);
    expect(() => bad.tolist()).toThrow(torch.IndexError);
  });

  it("leaves a tensor that was to be written as it was", () => {
    const x = torch.tensor([1, 2, 3], { device });
    x.sum().item();
    x.scatter_(0, index, 9);
    expect(() => x.tolist()).toThrow(torch.IndexError);
    expect(x.tolist()).toEqual([1, 2, 3]);
    x.add_(1);
    expect(x.tolist()).toEqual([2, 3, 4]);
  });
});
