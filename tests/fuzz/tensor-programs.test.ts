import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzParameters, fuzzTimeout, instructionList } from "./choices.ts";
import { TensorProgram } from "./tensor-programs.ts";

/** Several sizes of one program: the first are compiled for themselves, later ones share kernels. */
const sizes = [4, 2, 5, 3, 1];

test.each(["cpu:js", "cpu"])(
  "random programs of views and writes on %s do what an eager model does",
  { timeout: fuzzTimeout },
  (device) => {
    let programs = 0;
    fc.assert(
      fc.property(instructionList(30), (program) => {
        for (const size of sizes) new TensorProgram(device, size).run(program);
        programs++;
      }),
      fuzzParameters(50, 2),
    );
    expect(programs).toBeGreaterThan(0);
  },
);
