/** Compiled functions that no replay can stand for leave what they would have left uncompiled, at the first call too. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { traceObserver } from "../../frontend/trace.ts";

type Tensor = torch.Tensor;
const ones = (n = 3): Tensor => torch.ones(n);

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

/** What three calls give, uncompiled and compiled. */
function expectSame(scenario: (compile: <F extends (...args: never[]) => unknown>(fn: F) => F) => unknown): void {
  const plain = scenario((fn) => fn);
  expect(scenario((fn) => torch.compile(fn as never))).toEqual(plain);
}

/** How many calls were recorded. */
const recording = { count: 0 };
const noteRecording = (): void => void (recording.count += traceObserver() === null ? 0 : 1);

test("a function that reads values at each call is recorded now and then", () => {
  recording.count = 0;
  const read = torch.compile((x: Tensor, isRead: boolean) => {
    noteRecording();
    return isRead ? x.mul(x.sum().item()) : x;
  });
  for (let i = 0; i < 40; i++) expect(read(ones(), true).tolist()).toEqual([3, 3, 3]);
  expect(recording.count).toBe(8);
  for (let i = 0; i < 100; i++) read(ones(), false);
  expect(recording.count).toBe(9);
  // Other arguments are no reason to wait.
  for (let i = 0; i < 8; i++) read(ones(), true);
  read(ones(4), false);
  expect(recording.count).toBe(18);
});

test("a module whose state begins anew now and then is not recorded for ever", () => {
  class Stateful extends torch.nn.Module {
    state: Tensor[] | null = null;
    override forward(x: Tensor): Tensor {
      noteRecording();
      const [h = torch.zeros(3)] = this.state ?? [];
      const next = h.mul(0.5).add(x);
      this.state = [next];
      return next;
    }
  }
  recording.count = 0;
  expectSame((compile) => {
    const model = new Stateful();
    const forward = compile((x: Tensor) => model(x));
    return Array.from({ length: 24 }, (_, i) => {
      if (i % 4 === 3) model.state = null;
      return forward(torch.full([3], i)).tolist();
    });
  });
  expect(recording.count).toBeLessThan(12);
});

describe("a function that writes an argument and reads a value", () => {
  test("of it", () =>
    expectSame((compile) => {
      const x = ones();
      const fn = compile((a: Tensor) => a.mul_(2).sum().item());
      return [fn(x), fn(x), fn(x), x.tolist()];
    }));
  test("of something else, between two writes", () =>
    expectSame((compile) => {
      const [x, y] = [ones(), ones()];
      const fn = compile((a: Tensor, b: Tensor) => {
        a.mul_(2);
        b.sum().item();
        b.add_(a);
        a.add_(1);
        return a;
      });
      return [fn(x, y).tolist(), fn(x, y) === x, x.tolist(), y.tolist()];
    }));
  test("where the argument is a view, or in an object", () =>
    expectSame((compile) => {
      const base = torch.ones([3, 2]);
      const held = { h: ones() };
      const fn = compile((a: Tensor, state: { h: Tensor }) => {
        a.zero_();
        state.h.mul_(3);
        return a.nonzero().shape;
      });
      return [fn(base.t(), held), fn(base.at("1:").t(), held), base.tolist(), held.h.tolist()];
    }));
});

test("a function that calls Math.random() draws at each call", () =>
  expectSame((compile) => {
    let next = 0;
    vi.spyOn(Math, "random").mockImplementation(() => next++ / 8);
    const fn = compile((x: Tensor) => (Math.random() < 0.5 ? x.mul(2) : x));
    const results = Array.from({ length: 8 }, () => fn(ones(1)).tolist());
    expect(next).toBe(8);
    return results;
  }));

test("a function that throws leaves what it has done by then, to arguments as to what it closes over", () =>
  expectSame((compile) => {
    const [w, x] = [ones(), ones()];
    const list = [1];
    const fn = compile((a: Tensor, all: number[]) => {
      w.mul_(2);
      a.mul_(2);
      all.push(2);
      throw new Error("on purpose");
    });
    for (let i = 0; i < 2; i++) expect(() => fn(x, list)).toThrow("on purpose");
    return [w.tolist(), x.tolist(), list];
  }));

test.each<[string, (w: Tensor, x: Tensor) => unknown]>([
  ["reads values", (_, x) => x.sum().item()],
  [
    "throws",
    () => {
      throw new Error("on purpose");
    },
  ],
  ["gives a result with history", (_, x) => ones().requires_grad_().mul(x)],
])("what it keeps of an argument does not change with it: it %s", (_, end) =>
  expectSame((compile) => {
    const [w, x] = [ones(), torch.tensor([1, 2, 3])];
    const bump = compile(() => void x.add_(1));
    for (let i = 0; i < 3; i++) bump();
    const kept: Tensor[] = [];
    const fn = compile((a: Tensor) => {
      w.copy_(a);
      kept.push(a.clone());
      return end(w, a);
    });
    try {
      fn(x);
    } catch {
      // on purpose
    }
    for (let i = 0; i < 3; i++) bump();
    return [w.tolist(), kept[0]!.tolist(), x.tolist()];
  }),
);

describe("what a function does to an argument beside writing it", () => {
  test.each<[string, (x: Tensor) => unknown]>([
    ["asks for gradients", (x) => x.requires_grad_().mul(2).sum().backward()],
    ["gives it a gradient", (x) => void (x.grad = ones(6).reshape(2, 3))],
    ["gives it other memory", (x) => void (x.data = torch.zeros(2, 3))],
    ["sets it", (x) => void x.set_(torch.zeros(4))],
    [
      "transposes it, between two writes",
      (x) =>
        void x
          .mul_(2)
          .t_()
          .add_(torch.tensor([[1, 2]])),
    ],
    ["gives it an axis", (x) => void x.unsqueeze_(0).mul_(3)],
    ["makes it smaller", (x) => void x.resize_(4)],
    ["makes it larger", (x) => void x.resize_(3, 3).at(":2").add_(1)],
  ])("%s", (_, change) =>
    expectSame((compile) => {
      const x = torch.arange(6, { dtype: "float32" }).reshape(2, 3).clone();
      const fn = compile((a: Tensor) => {
        change(a);
        return a;
      });
      const result = fn(x);
      const shown = [result === x, x.tolist(), x.requires_grad, x.grad?.tolist() ?? null];
      return [...shown, x.detach().is_contiguous()];
    }),
  );

  test("makes it larger, where a view of it stays what it is", () =>
    expectSame((compile) => {
      const out = torch.ones([2]);
      const fn = compile((x: Tensor, o: Tensor) => {
        const before = o.narrow(0, 0, 2);
        torch.add(x, 1, { out: o });
        return before.add(0);
      });
      return [fn(torch.zeros(4), out).tolist(), out.tolist()];
    }));

  test("makes a row of a matrix smaller", () =>
    expectSame((compile) => {
      const base = torch.zeros([3, 4]);
      const row = base.select(0, 1);
      compile((x: Tensor) => void x.resize_(2).add_(1))(row);
      return [row.tolist(), base.tolist()];
    }));

  test("makes it smaller within memory that it uses afterwards", () =>
    expectSame((compile) => {
      const base = torch.zeros(6);
      const part = base.narrow(0, 1, 3);
      const fn = compile((x: Tensor, o: Tensor, memory: Tensor) => {
        torch.add(x, 1, { out: o });
        return memory.sum();
      });
      return [fn(torch.ones([2]), part, base).item(), part.tolist(), base.tolist()];
    }));

  test.each<[string, (x: Tensor, other: Tensor) => unknown]>([
    ["gives it another one's memory", (x, other) => void (x.data = other)],
    ["sets it to a part of another", (x, other) => void x.set_(other.narrow(0, 1, 2))],
    ["sets it to another, which it transposes", (x, other) => void x.set_(other).add_(other.unsqueeze_(1).sum())],
  ])("%s", (_, change) =>
    expectSame((compile) => {
      const [x, other] = [torch.ones([4]), torch.zeros(3)];
      const fn = compile((a: Tensor, b: Tensor) => {
        change(a, b);
        return a;
      });
      const result = fn(x, other);
      other.add_(1);
      return [result === x, x.tolist(), other.tolist()];
    }),
  );

  test("is done to that one of two that lie in one place", () =>
    expectSame((compile) => {
      const x = torch.zeros(3);
      const other = x.view(-1);
      const fn = compile((_: Tensor, b: Tensor) => {
        b.unsqueeze_(0).add_(1);
        return b;
      });
      return [fn(x, other) === other, x.tolist(), other.tolist()];
    }));

  test("and its other views stay what they are", () =>
    expectSame((compile) => {
      const base = torch.ones([2, 3]);
      const x = base.view([2, 3]);
      compile((a: Tensor) => void a.t_().mul_(2))(x);
      base.add_(1);
      return [x.tolist(), base.tolist()];
    }));
});

test("a tensor that a function closes over and transposes", () =>
  expectSame((compile) => {
    const w = torch.ones([2, 3]);
    const fn = compile(() => w.t_().shape);
    return [fn(), fn(), fn(), w.shape];
  }));

test("tensors that move from member to member, or out of one that gets another", () =>
  expectSame((compile) => {
    class State extends torch.nn.Module {
      previous: Tensor = torch.zeros(2);
      current: Tensor = torch.zeros(2);
      ring: Tensor[] = [torch.zeros(2), torch.ones(2)];
      override forward(x: Tensor): Tensor {
        const oldest = this.ring.shift()!;
        this.ring.push(x.mul(3));
        this.previous = this.current;
        this.current = x.add(0.5);
        return oldest;
      }
    }
    const state = new State();
    const fn = compile((x: Tensor) => state(x));
    const seen: unknown[] = [];
    for (let i = 0; i < 5; i++)
      seen.push(fn(torch.full([2], i)).tolist(), state.previous.tolist(), state.current.tolist());
    return [seen, state.ring.map((item) => item.tolist())];
  }));

test("what a function closes over that was computed from tensors which require grad keeps its history", () =>
  expectSame((compile) => {
    const w = torch.tensor([1, 2], { dtype: "float32", requires_grad: true });
    const y = w.mul(3);
    const loss = w.pow(2).sum();
    const product = compile((x: Tensor) => y.mul(x).sum());
    const back = compile(() => loss.backward({ retain_graph: true }));
    return [1, 2, 3].map((i) => {
      w.grad = null;
      product(torch.tensor([i, 1])).backward({ retain_graph: true });
      const value = torch.no_grad(() => product(torch.tensor([1, i])));
      back();
      y.sum().backward({ retain_graph: true });
      return [value.item(), w.grad!.tolist()];
    });
  }));

test("hooks that a function leaves on leaves are there after each call", () =>
  expectSame((compile) => {
    const leaf = (i: number): Tensor => torch.tensor([i, 1], { dtype: "float32", requires_grad: true });
    const halving = compile((x: Tensor) => {
      x.pow(2).sum().backward();
      x.register_hook((grad) => grad.mul(0.5));
      return x.mul(3).sum();
    });
    const counted: number[] = [];
    const after = compile((x: Tensor) => {
      x.register_post_accumulate_grad_hook((owner) => void counted.push(owner.shape[0]!));
      x.sum().backward();
    });
    const p = leaf(3);
    const more = compile((x: Tensor) => {
      p.grad = null;
      p.register_hook((grad) => grad.mul(0.5));
      p.mul(x).sum().backward();
    });
    return [1, 2, 3, 4].map((i) => {
      const [x, y] = [leaf(i), leaf(i)];
      halving(x).backward();
      x.sum().backward();
      after(y);
      y.sum().backward();
      more(torch.tensor([i, 1]));
      return [x.grad!.tolist(), y.grad!.tolist(), counted.length, p.grad!.tolist()];
    });
  }));

test("objects of classes that are left in members share the memory of what they were made of", () =>
  expectSame((compile) => {
    class Box {
      readonly t: Tensor;
      constructor(t: Tensor) {
        this.t = t;
      }
    }
    const held = {
      box: null as Box | null,
      boxes: new Set<Box>(),
      keep: compile(function (this: { box: Box | null; boxes: Set<Box> }, x: Tensor) {
        this.box = new Box(x.detach());
        this.boxes = new Set([new Box(x.narrow(0, 0, 1))]);
      }),
    };
    return [1, 2, 3].map((i) => {
      const x = torch.full([3], i);
      held.keep(x);
      x.add_(10);
      return [held.box!.t.tolist(), [...held.boxes].map(({ t }) => t.tolist())];
    });
  }));

test("a result of contents that are overwritten in the same call can be read later", () =>
  expectSame((compile) => {
    const w = torch.tensor([1, 2, 3]);
    const fn = compile(() => {
      const before = w.clone();
      w.mul_(0.5);
      w.sum().item();
      return before;
    });
    const kept = [fn(), fn(), fn()];
    for (let i = 0; i < 4; i++) w.add_(1).tolist();
    return kept.map((item) => item.tolist());
  }));

test("so can what is returned, or left in an argument, by calls that are run as they stand", () =>
  expectSame((compile) => {
    class Remembering extends torch.nn.Module {
      readonly w = new torch.nn.Parameter(torch.ones(3));
      last = torch.zeros(3);
      override forward(x: Tensor, out: Tensor[]): Tensor {
        const y = this.w.mul(x).add(this.last);
        this.last = y.detach().mul(0.5);
        out.push(y.detach().exp());
        return y;
      }
    }
    const model = new Remembering();
    const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
    const step = compile((x: Tensor, out: Tensor[]) => {
      optimizer.zero_grad();
      const y = model(x, out);
      y.pow(2).sum().backward();
      optimizer.step();
      return y.detach();
    });
    const out: Tensor[] = [];
    const results = Array.from({ length: 8 }, (_, i) => step(torch.full([3], i / 8), out));
    return [...results, ...out.slice(0, 1)].map((tensor) => tensor.tolist());
  }));

test("a gradient that a call has left can be read as long as it is there", () =>
  expectSame((compile) => {
    const w = torch.ones(4).requires_grad_();
    const average = torch.zeros(4);
    const optimizer = new torch.optim.SGD([w], { lr: 0.05 });
    const step = compile((x: Tensor) => {
      optimizer.zero_grad();
      const loss = w.sub(x).pow(2).sum();
      loss.backward();
      optimizer.step();
      torch.no_grad(() => average.lerp_(w.detach(), 0.5));
      loss.item();
      x.zero_();
      return w.detach().select(0, 0);
    });
    return [1, 2, 3, 4].map((i) => [step(torch.full([4], i)).item(), w.grad!.tolist(), average.tolist()]);
  }));
