/** The smallest graphs and programs that once went wrong, as the fuzzers found them. */
import "../../frontend/gpu-kernels.ts";
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { sameShape } from "../../ir/shape.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { parseGraph } from "../../ir/text/index.ts";
import { jsDevice } from "../../runtime/js/device.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { checkGraph } from "./run-graph.ts";

const variants = [jsDevice(), createWasmDevice()].flatMap((device) => [
  { device, fusion: true },
  { device, fusion: false },
  { device, fusion: true, dynamic: true },
]);

const graphs: Record<string, string> = {
  "a scalar beside a tiled product: a loop had its name": `
    %1 = input float32[3, 4]
    %2 = input float32[4, 4]
    %3 = dot float32[3, 4] %1, %2 batch=[[],[]] contract=[[1],[1]]
    %4 = scalar float32[]
    %5 = reshape float32[1, 1] %4 shape=[1,1]
    %6 = expand float32[3, 4] %5 shape=[3,4]
    %7 = add float32[3, 4] %3, %6
    return %7`,
  "narrow types reinterpreted": `
    %1 = input float16[17]
    %2 = bitcast int16[17] %1
    %3 = bitcast bfloat16[17] %2
    %4 = input int8[5]
    %5 = bitcast uint8[5] %4
    return %2, %3, %5`,
  "a broadcast beside an axis of one, in kernels of varying sizes": `
    %1 = input float32[3, 4, 1]
    %2 = reduce_sum float32[1, 4, 1] %1 axes=[0]
    %3 = expand float32[3, 4, 1] %2 shape=[3,4,1]
    %4 = sub float32[3, 4, 1] %1, %3
    return %4`,
  "the position of an extreme among one": `
    %1 = input float32[3, 4]
    %2 = argmax int64[1, 4] %1 axes=[0]
    %3 = argmax int64[1, 4] %2 axes=[0]
    return %3`,
  "counting backwards from zero: it was -0": `
    %1 = iota float32[1]
    %2 = slice float32[1] %1 start=[0] step=[-1] size=[1]
    %3 = add float32[1] %2, %2
    return %3`,
  "a literal that float16 does not hold": `
    %1 = constant float16[] value=0.0999755859375
    %2 = reshape float16[1] %1 shape=[1]
    %3 = expand float16[5] %2 shape=[5]
    %4 = cast float32[5] %3
    %5 = input float16[5]
    %6 = div float16[5] %5, %3
    return %4, %6`,
  "nothing joined with nothing, and reduced": `
    %1 = input float32[0, 3]
    %2 = concat float32[0, 3] %1, %1 axis=0
    %3 = reduce_sum float32[1, 3] %2 axes=[0]
    return %3`,
  "a counter and a stored value of its type: a reused kernel took one for the other": `
    %1 = iota int32[7]
    %2 = cast float32[7] %1
    %3 = input int32[7]
    %4 = abs int32[7] %3
    %5 = cast float32[7] %4
    return %1, %2, %4, %5`,
  "sorts both ways: a reused kernel was the first one": `
    %1 = input float32[9]
    %2 = sort (float32[9], int64[9]) %1 axis=0 descending=false count=9
    %3 = pick int64[9] %2 index=1
    %4 = sort (float32[9], int64[9]) %1 axis=0 descending=true count=9
    %5 = pick int64[9] %4 index=1
    return %3, %5`,
  "random words of two lengths from one seed": `
    %1 = constant int32[] value=7
    %2 = philox int32[3] %1, %1, %1, %1 count=3
    %3 = philox int32[5] %1, %1, %1, %1 count=5
    return %2, %3`,
};

describe("graphs", () => {
  test.each(Object.entries(graphs))("%s", async (_name, text) => {
    for (const seed of [1, 2]) await checkGraph(parseGraph(text), variants, seed);
    expect(true).toBe(true);
  });

  test("a result may not take over memory that its kernel reads later", async () => {
    const roots = parseGraph(`
      %1 = input float32[3, 4]
      %2 = lt bool[3, 4] %1, %1
      %3 = input bool[3, 4]
      %4 = xor bool[3, 4] %2, %3
      return %2, %4`);
    const donor = topologicalOrder(roots).find((node) => node.op === "input" && node.dtype === "bool")!;
    expect(sameShape(donor.shape, roots[0]!.shape)).toBe(true);
    await checkGraph(roots, variants, 1, new Map([[0, donor]]));
  });
});

describe.each(["cpu", "cpu:js"])("programs on %s", (device) => {
  test("a write through one of overlapping windows keeps the others out of it", () => {
    const x = torch.tensor([1, 2, 3, 4], { device });
    x.unfold(0, 2, 1).select(0, 0).mul_(10);
    expect(x.tolist()).toEqual([10, 20, 3, 4]);
  });

  test("a write through the diagonal of a broadcast, detached view reaches every element", () => {
    const x = torch.tensor([[1, 2, 3]], { device });
    x.expand([3, 3]).detach().diagonal().mul_(10);
    expect(x.tolist()).toEqual([[10, 20, 30]]);
  });

  test("a tensor whose contents are another's in another shape keeps its shape once it shares memory", () => {
    const x = torch.tensor([1, 2, 3, 4], { device }).reshape(2, 2);
    const y = x.neg();
    const shared = y.numpy();
    y.copy_(x);
    y.add_(y);
    expect(y.tolist()).toEqual([
      [2, 4],
      [6, 8],
    ]);
    expect(Array.from(shared as Float32Array)).toEqual([2, 4, 6, 8]);
  });

  test("an expanded view without elements may be written", () => {
    const x = torch.zeros([0, 3], { device });
    x.expand([2, 0, 3]).add_(1);
    expect(x.tolist()).toEqual([]);
  });
});

test("inputs of one operator that rest on each other get each gradient once", () => {
  const x = torch.tensor([0.5, 1.5], { requires_grad: true, dtype: torch.float64 });
  const attention = (a: torch.Tensor): torch.Tensor => {
    const query = a.reshape(1, 2, 1);
    return torch.nn.functional.scaled_dot_product_attention(query, query.mul(query), query.exp());
  };
  const choice = (a: torch.Tensor): torch.Tensor =>
    torch.cond(
      a.sum().gt(0),
      () => a.mul(a.exp()),
      () => a,
    );
  expect(torch.autograd.gradcheck(attention, [x])).toBe(true);
  expect(torch.autograd.gradcheck(choice, [x])).toBe(true);
});

describe.each(["cpu", "cpu:js"])("programs of views and writes on %s", (device) => {
  const grid = (): torch.Tensor => torch.arange(6, { device }).float().reshape(2, 3);
  /** Overwrites something, and lets time pass. */
  const pass = (x: torch.Tensor): torch.Tensor => {
    const next = x.neg();
    (next.numpy() as Float32Array)[0] = 0;
    return next;
  };

  test("a view of a reshaped tensor is read from what has been computed", () => {
    const base = grid();
    torch.add(base, -2, { out: base });
    const view = base.as_strided([2, 3], [3, 1]);
    const other = view.neg();
    other.tolist();
    other.set_at("0::1", 0);
    (other.numpy() as Float32Array)[0] = 0;
    view.add_(other);
    pass(other);
    base.numpy();
    expect(view.tolist()).toEqual([
      [-2, -1, 0],
      [1, 2, 3],
    ]);
  });

  test("a tensor that was assigned to itself keeps its values", () => {
    const x = grid();
    x.set_at("0:", x);
    pass(pass(pass(x)));
    expect(x.tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });
});

test.each(["cpu", "cpu:js"])("a value that is kept for some phases is read from memory in others, on %s", (device) => {
  // Of float64: torch 2.13.0+cpu's.
  const x = torch.tensor([[0.7, -1.3]], { device, dtype: "float64", requires_grad: true });
  const second = (): torch.Tensor => {
    const sorted = torch.zeros_like(x).scatter_add(1, x.argsort(1), x);
    const turned = sorted.reshape(2, 1).t().mul(0.5).reshape(1, 2);
    const spread = sorted.var(1, { keepdim: true, correction: 0 }).add(turned).tanh();
    const loss = spread
      .mul(spread)
      .sum()
      .add(x.mul(2).mul(x.mul(2)).sum());
    const [first] = torch.autograd.grad([loss], [x], { create_graph: true });
    return torch.autograd.grad([first.mul(first).sum()], [x])[0];
  };
  const wanted = torch.tensor([[117.09643407288262, -184.33922564454647]], { device, dtype: "float64" });
  for (const result of [second(), torch.compile(second)()]) expect(torch.allclose(result, wanted)).toBe(true);
});
