/** What a loop gathers and reads at its end: right, however many steps have overwritten what it is computed from. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { compilations } from "./counters.ts";

type Tensor = torch.Tensor;

interface State {
  readonly w: Tensor;
  readonly loss: Tensor;
}
/** What a loop keeps: made in each step of what there is and of what it kept. */
interface Gathering {
  readonly gather: (state: State, known: Tensor) => Tensor;
}
const gatherings: Readonly<Record<string, Gathering>> = {
  "a sum of losses": { gather: ({ loss }, known) => known.add(loss.detach()) },
  "a running mean of losses": { gather: ({ loss }, known) => known.mul(0.9).add(loss.detach(), { alpha: 0.1 }) },
  "the best loss": { gather: ({ loss }, known) => torch.minimum(known, loss.detach()) },
  "a sum of gradient norms": { gather: ({ w }, known) => known.add(w.grad!.norm()) },
  "a sum of weight norms": { gather: ({ w }, known) => known.add(w.detach().norm()) },
  "a running mean of weights": { gather: ({ w }, known) => known.mul(0.9).add(w.detach(), { alpha: 0.1 }) },
  "a queue of weights": {
    gather: ({ w }, known) => torch.cat([known.reshape(-1).narrow(0, 0, 1), w.detach().reshape(-1)]),
  },
};

/** Fourteen steps of descent written by hand; `readsAll`: everything is read at once. */
function descend(device: string, isCompiled: boolean, { gather }: Gathering, readsAll: boolean): Tensor {
  torch.manual_seed(0);
  const w = torch.randn(4, 1).to(device).requires_grad_();
  const x = torch.randn(16, 4).to(device);
  const body = (): Tensor => {
    w.grad = null;
    const loss = x.matmul(w).sub(1).pow(2).mean();
    loss.backward();
    torch.no_grad(() => w.sub_(w.grad!.mul(0.05)));
    return loss.detach();
  };
  const step = isCompiled ? torch.compile(body) : body;
  let known = torch.tensor(10, { device, dtype: "float32" });
  for (let i = 0; i < 14; i++) {
    const loss = step();
    known = gather({ w, loss }, known);
    if (readsAll) known.tolist();
    else w.tolist();
  }
  return known;
}

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  describe.each([false, true])("compiled: %s", (isCompiled) => {
    test.each(Object.keys(gatherings))("%s", (name) => {
      const gathering = gatherings[name]!;
      const [late, early] = [false, true].map((readsAll) => descend(device, isCompiled, gathering, readsAll));
      expect(late!.tolist()).toEqual(early!.tolist());
    });

    test("lists of losses and of weights", () => {
      const gathered = (readsAll: boolean): Tensor[] => {
        const list: Tensor[] = [];
        const gather = ({ w, loss }: State, known: Tensor): Tensor => {
          list.push(loss, w.detach().mean(), w.detach().clone());
          if (readsAll) list.forEach((x) => x.tolist());
          return known;
        };
        descend(device, isCompiled, { gather }, false);
        return list;
      };
      const [late, early] = [gathered(false), gathered(true)];
      expect(late.map((x) => x.tolist())).toEqual(early.map((x) => x.tolist()));
    });
  });

  test("a gradient that is still in .grad", () => {
    const [w, other] = [torch.ones(2, { device }), torch.ones(2, { device })].map((x) => x.requires_grad_()) as [
      Tensor,
      Tensor,
    ];
    w.mul(w).mul(3).sum().backward();
    torch.no_grad(() => w.sub_(1));
    for (let i = 0; i < 6; i++) {
      other.mul(other).sum().backward();
      torch.no_grad(() => other.sub_(other.grad!.mul(0.1)));
      other.tolist();
    }
    expect(w.grad!.tolist()).toEqual([6, 6]);
  });

  test("steps whose loss nobody reads soon compile nothing", () => {
    const counts: number[] = [];
    const gather = (_: State, known: Tensor): Tensor => {
      counts.push(compilations());
      return known;
    };
    descend(device, false, { gather }, false);
    expect(counts.at(-1)).toBe(counts[4]);
  });

  test("weights that are made anew are computed once", () => {
    const x = torch.ones(3, 2, { device });
    let w = torch.ones(2, 1, { device, requires_grad: true });
    const counts: number[] = [];
    for (let i = 0; i < 20; i++) {
      const loss = x.matmul(w).pow(2).mean();
      loss.backward();
      w = w.detach().sub(w.grad!.mul(0.05)).requires_grad_();
      loss.item();
      counts.push(compilations());
    }
    expect(counts.at(-1)).toBe(counts[9]);
  });
});
