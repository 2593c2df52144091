/** The runner itself, on a namespace with one method whose behaviour the tests choose. */
import { describe, expect, it } from "vitest";
import { Adapter } from "./adapter.ts";
import { CASES_DIRECTORY } from "./cli.ts";
import type { TypedArray } from "./format.ts";
import { EVERYTHING, runFile } from "./suite.ts";

class FakeTensor {
  readonly dtype = "torch.float32";
  readonly data: TypedArray;
  readonly shape: readonly number[];
  constructor(data: TypedArray, shape: readonly number[] = [data.length]) {
    this.data = data;
    this.shape = shape;
  }
  to(): FakeTensor {
    return this;
  }
  clone(): FakeTensor {
    return this;
  }
  reshape(shape: readonly number[]): FakeTensor {
    return new FakeTensor(this.data, shape);
  }
  async numpyAsync(): Promise<TypedArray> {
    return this.data;
  }
}

/** Runs the nine `expand` cases of broadcasting: six have a result, three must be refused. */
async function runExpand(expand?: (this: FakeTensor, size: number[]) => unknown) {
  class Fake extends FakeTensor {
    override reshape(shape: readonly number[]): FakeTensor {
      return new Fake(this.data, shape);
    }
  }
  if (expand !== undefined) Object.defineProperty(Fake.prototype, "expand", { value: expand });
  const torch = { float32: "torch.float32", tensor: (data: TypedArray) => new Fake(data) };
  const selection = { ...EVERYTHING, operators: /^torch\.expand / };
  return runFile(new Adapter(torch, "cpu"), CASES_DIRECTORY, "broadcasting", selection);
}

describe("runFile", () => {
  it("counts a name that is missing as not implemented", async () => {
    const { total, absent } = await runExpand();
    expect(total).toEqual({ passed: 0, failed: 0, notImplemented: 9 });
    expect([...absent]).toEqual([["Tensor.expand", 9]]);
  });

  it("counts a NotImplementedError as not implemented", async () => {
    const { total } = await runExpand(() => {
      throw Object.assign(new Error("expand of this"), { name: "NotImplementedError" });
    });
    expect(total).toEqual({ passed: 0, failed: 0, notImplemented: 9 });
  });

  it("counts a refusal as right where PyTorch refuses, and as a failure elsewhere", async () => {
    const { total, failures } = await runExpand(() => {
      // The words of one of the three.
      const message = "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0";
      throw Object.assign(new Error(message), { name: "ShapeError" });
    });
    expect(total).toEqual({ passed: 1, failed: 8, notImplemented: 0 });
    const [first] = failures;
    expect(first).toMatchObject({ operator: "torch.expand", check: "broadcasting/119 expand" });
    expect(first!.reason).toContain("threw The expanded size");
    expect(failures.filter(({ reason }) => reason.includes(" has no /"))).toHaveLength(2);
  });

  it("takes a result for no refusal", async () => {
    const { total, failures } = await runExpand(function () {
      return this;
    });
    // One case expands [1, 3] to itself.
    expect(total).toEqual({ passed: 1, failed: 8, notImplemented: 0 });
    expect(failures.filter(({ reason }) => reason.startsWith("did not throw"))).toHaveLength(3);
    expect(failures.filter(({ reason }) => reason.startsWith("shape ["))).toHaveLength(5);
  });

  it("adds up by operator", async () => {
    const { operators } = await runExpand();
    expect([...operators]).toEqual([["torch.expand", { passed: 0, failed: 0, notImplemented: 9 }]]);
  });
});
