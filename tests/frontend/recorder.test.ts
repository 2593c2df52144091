/** The recorder's cache of programs. */
import { expect, it } from "vitest";
import * as torch from "cresset";
import { recorder } from "../../frontend/recorder.ts";

it("a program that is forgotten leaves nothing in the cache", () => {
  const device = "cpu:js";
  const one = torch.ones(1, { device });
  for (let i = 0; i < 700; i++) {
    // Each bit is another operator: no two graphs are alike.
    let x = one;
    for (let bit = 1; bit < 1024; bit *= 2) x = (i & bit) === 0 ? x.add(one) : x.mul(one);
    x.item();
  }
  expect(recorder.statistics.programs).toBeLessThanOrEqual(512);
  expect(recorder.statistics.buckets).toBeLessThanOrEqual(recorder.statistics.programs);
});
