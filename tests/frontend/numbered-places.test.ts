/** Writes at positions told by numbers: the same as through a view, whatever the tensor is, and one program for all. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

type Tensor = torch.Tensor;

describe.each(["cpu", "cpu:js"])("set_at by integers on %s", (device) => {
  const shapes: readonly ((x: Tensor) => Tensor)[] = [
    (x) => x,
    (x) => x.t(),
    (x) => x.flip(0),
    (x) => x.narrow(0, 1, 2),
    (x) => x.at("::2", "1:"),
    (x) => x.unsqueeze(1),
    (x) => x.as_strided([2, 2], [5, 2], 1),
    (x) => x.at(1).expand(2, 5).narrow(0, 0, 1),
  ];
  const positions: readonly number[][] = [[0], [-1], [1, 1], [0, -1], [-1, 0]];
  test.each(["float32", "float64", "float16", "int64", "uint8", "bool"] as const)(
    "is what fill_ of a view is: %s",
    (dtype) => {
      for (const part of shapes)
        for (const indices of positions) {
          const [own, other] = [0, 1].map(() => torch.arange(15, { device }).reshape(3, 5).to(dtype));
          const [written, expected] = [part(own!), part(other!)];
          if (!indices.every((at, i) => at < written.shape[i]! && at >= -written.shape[i]!)) continue;
          written.set_at(indices, 3);
          expected.at(...indices).fill_(3);
          expect([written.tolist(), own!.tolist()]).toEqual([expected.tolist(), other!.tolist()]);
        }
    },
  );

  test("refuses positions out of range", () => {
    const x = torch.zeros(2, 3, { device });
    for (const indices of [[2], [-3], [0, 3], [0, 0, 0]])
      expect(() => x.set_at(indices, 1)).toThrow(/out of bounds|too many/);
    expect(x.sum().item()).toBe(0);
  });

  test("takes rows and arrays, and broadcasts them", () => {
    const x = torch.zeros(3, 2, { device });
    x.set_at([1], [4, 5]);
    x.set_at([-1], torch.tensor([7], { device }));
    x.set_at([0, 1], torch.tensor(9, { device }));
    expect(x.tolist()).toEqual([
      [0, 9],
      [4, 5],
      [7, 7],
    ]);
    expect(() => x.set_at([0], [1, 2, 3])).toThrow(/must match|expand/);
    expect(x._version).toBe(3);
  });

  test("keeps gradients where they are recorded", () => {
    const w = torch.ones(3, { device, requires_grad: true });
    const x = w.mul(2);
    x.set_at([1], 5);
    x.mul(torch.tensor([1, 10, 100], { device }))
      .sum()
      .backward();
    expect(w.grad!.tolist()).toEqual([2, 0, 200]);
    const y = torch.zeros(3, { device });
    y.set_at([2], w.sum());
    y.sum().backward();
    expect(w.grad!.tolist()).toEqual([3, 1, 201]);
  });
});
