/** What can be differentiated on after a call of a compiled function is what could be without `compile`. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

type Tensor = torch.Tensor;
type Compile = <F extends (...args: never[]) => unknown>(fn: F) => F;
const plain: Compile = (fn) => fn;

describe.each(["cpu", "cpu:js"])("after a compiled function on %s", (device) => {
  const ones = (...shape: number[]): Tensor => torch.ones(shape, { device });
  const expectSame = (run: (compile: Compile) => unknown): void =>
    expect(run((fn) => torch.compile(fn as never))).toEqual(run(plain));

  it.each<readonly [string, () => Tensor]>([
    ["a tensor", () => ones(2)],
    ["a part of one", () => ones(4).narrow(0, 1, 2)],
    ["a detached leaf", () => ones(2).requires_grad_().detach()],
  ])("an argument that is %s has the history of what it was written", (_, make) =>
    expectSame((compile) => {
      const w = ones(2).requires_grad_();
      const write = compile((a: Tensor) => a.copy_(w.mul(3)).mul(2));
      const writeOnly = compile((a: Tensor) => void a.copy_(w.mul(3)));
      return [write, writeOnly, write, writeOnly].map((fn) => {
        const a = make();
        fn(a);
        a.sum().backward();
        return [a.requires_grad, w.grad!.tolist()];
      });
    }),
  );

  it("so does what the function closes over", () =>
    expectSame((compile) => {
      const w = ones(2).requires_grad_();
      return [1, 2].map(() => {
        const buffer = ones(2);
        compile(() => void buffer.mul_(w))();
        buffer.sum().backward();
        return w.grad!.tolist();
      });
    }));

  it("and another argument in the memory that one was written", () =>
    expectSame((compile) => {
      const w = ones(2).requires_grad_();
      const fn = compile((a: Tensor, b: Tensor) => a.copy_(w.mul(3)).add(b));
      return [1, 2, 3].map(() => {
        const a = ones(2);
        fn(a, a.view(2));
        a.sum().backward();
        return w.grad!.tolist();
      });
    }));

  it("arguments that are new leaves at each call are what results are differentiated by", () =>
    expectSame((compile) => {
      const fn = compile((x: Tensor, flows: boolean) => (flows ? x.mul(x) : x.detach().mul(2)));
      const leaf = (): Tensor => ones(2).requires_grad_();
      const cut = (): Tensor => fn(leaf(), false);
      return [
        cut(),
        cut(),
        cut(),
        ...[1, 2].map(() => {
          const x = leaf();
          return torch.autograd.grad(fn(x, true).sum(), x)[0];
        }),
        cut(),
        ...[1, 2].map(() => {
          const x = leaf();
          fn(x, true)
            .sum()
            .backward({ inputs: [x] });
          return x.grad!;
        }),
        ...[1, 2].map(() => torch.func.grad((x: Tensor) => fn(x, true).sum())(ones(2))),
      ].map((result) => [result.tolist(), result.requires_grad]);
    }));

  it("the derivative of a branch that was not recorded is not zero", () =>
    expectSame((compile) => {
      const fn = compile((x: Tensor, flows: boolean) => (flows ? x.mul(x) : x.detach().mul(2)).sum());
      return [false, false, false, true, true].map((flows) => {
        const gradient = torch.func.grad((x: Tensor) => fn(x, flows))(ones(2));
        return [gradient.tolist(), gradient.requires_grad];
      });
    }));

  it.each(["add_", "mul_"] as const)(
    "a backward pass within goes through what an earlier call has written (%s)",
    (write) =>
      expectSame((compile) => {
        const [w, state] = [ones(3).requires_grad_(), ones(3)];
        const step = compile((v: Tensor, y: Tensor) => y[write](v).sum().backward());
        return [1, 2, 3, 4].map(() => {
          w.grad = null;
          try {
            step(w, state);
          } catch (error) {
            return (error as torch.CressetError).code;
          }
          return w.grad!.tolist();
        });
      }),
  );

  it("views of new leaves that were made under no_grad are cut from them", () =>
    expectSame((compile) => {
      const fn = compile((x: Tensor) => torch.no_grad(() => x.view(-1)));
      return [1, 2, 3, 4].map(() => fn(ones(2, 2).requires_grad_()).requires_grad);
    }));

  it("results that were made in inference_mode are of that", () =>
    expectSame((compile) => {
      const fn = compile((x: Tensor) => torch.inference_mode(() => [x.mul(2), x.mul(3).view(-1)]));
      return [1, 2, 3].flatMap(() =>
        fn(ones(2)).map((result) => {
          expect(() => result.add_(1)).toThrow("Inplace update to inference tensor outside InferenceMode");
          return result.is_inference();
        }),
      );
    }));

  it("a view that is a result twice is one tensor, where the function is run as it stands", () => {
    const fn = torch.compile((x: Tensor) => {
      x.sum().item();
      const view = x.t();
      return [view, view];
    });
    const [a, b] = fn(ones(2, 2));
    expect(a).toBe(b);
  });
});
