/** Compiled functions whose arguments share memory with each other or with what the functions close over. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

type Compilable = (...args: torch.Tensor[]) => torch.Tensor | readonly torch.Tensor[];
interface Case {
  readonly fn: Compilable;
  /** The arguments of each call, made anew each time. */
  readonly calls: readonly (() => torch.Tensor[])[];
  readonly state: torch.Tensor;
}

/** What all calls return and leave behind, called plainly and compiled. */
function expectSame(make: () => Case): void {
  const [plain, compiled] = [false, true].map((compile) => {
    const { fn, calls, state } = make();
    const run: Compilable = compile ? torch.compile(fn) : fn;
    return calls.map((args) => [[run(...args())].flat().map((result) => result.tolist()), state.tolist()]);
  });
  expect(compiled).toEqual(plain);
}

describe.each(["cpu", "cpu:js"])("memory that arguments share on %s", (device) => {
  const ones = (size: number): torch.Tensor => torch.ones([size], { device });

  it("with written state shows what was written, whichever call comes first", () => {
    const make = (order: readonly boolean[]) => (): Case => {
      const w = ones(3);
      const fn = (x: torch.Tensor): torch.Tensor => (w.add_(x), x.mul(1));
      return { fn, calls: order.map((same) => () => [same ? w : ones(3)]), state: w };
    };
    expectSame(make([true, true, false, true]));
    expectSame(make([false, true, false, false, true]));
  });

  it("may be a part of the state, another one at each call", () => {
    expectSame(() => {
      const w = ones(3);
      const fn = (x: torch.Tensor): torch.Tensor => (w.at(":2").add_(x.clone()), x.mul(1));
      const part = (slice: string) => () => [w.at(slice)];
      return { fn, calls: [part(":2"), part("1:"), part("1:"), part(":2"), () => [ones(2)]], state: w };
    });
  });

  it("shows the function its own writes to the argument", () => {
    expectSame(() => {
      const w = ones(3);
      const fn = (x: torch.Tensor): torch.Tensor[] => {
        x.add_(1);
        const before = w.mul(2);
        x.mul_(2);
        return [before, w.mul(1), x.mul(3)];
      };
      return { fn, calls: [() => [w], () => [w.at(":2")], () => [w.at(":2")], () => [ones(2)], () => [w]], state: w };
    });
  });

  it("with each other shows one what was written to the other", () => {
    expectSame(() => {
      const w = torch.arange(4, { device }).to("float32");
      const fn = (a: torch.Tensor, b: torch.Tensor): torch.Tensor[] => {
        a.add_(1);
        b.mul_(2);
        a.add_(10);
        return [a.mul(1), b.mul(1)];
      };
      const parts = (first: string, second: string) => () => [w.at(first), w.at(second)];
      const calls = [parts("0:2", "1:3"), parts("0:2", "1:3"), parts("0:2", "2:4"), () => [w, w], () => [w, ones(4)]];
      return { fn, calls, state: w };
    });
  });

  it("is named when it makes the function record again", () => {
    const w = ones(2);
    const fn = torch.compile((x: torch.Tensor) => void w.add_(x));
    fn(ones(2));
    fn(w);
    expect(String(fn.explain_recompiles()[0])).toMatch(/^x's place in what the function writes: outside -> inside/);
  });
});
