import { beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";
import { callOperator } from "../../../../frontend/call.ts";
import { gradientOf } from "./support.ts";
import { webgpuAvailable } from "../../../support/webgpu.ts";
import { sample } from "../support.ts";

const F = torch.nn.functional;
type Tensors = readonly torch.Tensor[];
type Blocks = readonly [rows: number, columns: number] | null;

interface Options {
  readonly mask?: torch.Tensor;
  readonly dropout?: torch.Tensor;
  readonly causal?: boolean;
  readonly scale?: number;
  readonly grouped?: boolean;
}

/** Attention in blocks of any size, however short the sequences are; null: all scores at once. */
const attention =
  ({ mask, dropout, causal = false, scale, grouped = false }: Options, blocks: Blocks) =>
  (...[q, k, v]: torch.Tensor[]): torch.Tensor => {
    const like = (x: torch.Tensor | undefined): torch.Tensor | null =>
      x === undefined ? null : x.dtype.name === "bool" ? x.to(q!.device) : x.to(q!.device, q!.dtype);
    const args = [q, k, v, like(mask), like(dropout), causal, scale ?? null, grouped, blocks];
    return callOperator("scaled_dot_product_attention", args) as torch.Tensor;
  };

const [heads, L, S] = [3, 13, 23];
type Case = readonly [title: string, options: Options, query: number[], key: number[], value: number[]];
const usual = [
  [2, heads, L, 8],
  [2, heads, S, 8],
  [2, heads, S, 5],
] as const;
const three = usual.map((shape) => [...shape]) as [number[], number[], number[]];
const grouped: [number[], number[], number[]] = [[2, 2 * heads, L, 8], three[1], three[2]];
const seen = (...shape: number[]): torch.Tensor => sample(...shape).gt(-0.2);
/** Every other row sees nothing. */
const blind = torch.arange(L).remainder(2).eq(0).reshape([L, 1]).expand([L, S]);

const cases: readonly Case[] = [
  ["no mask", {}, ...three],
  ["sizes that blocks divide", { scale: 0.3 }, [2, heads, 16, 8], [2, heads, 24, 8], [2, heads, 24, 5]],
  ["no batch and no heads", { mask: seen(L, S) }, [L, 8], [S, 8], [S, 5]],
  ["heads alone", { causal: true }, [heads, L, 8], [heads, S, 8], [heads, S, 5]],
  [
    "several batch dimensions",
    { mask: seen(2, 1, 1, L, S) },
    [2, 2, heads, L, 8],
    [2, 2, heads, S, 8],
    [2, 2, heads, S, 5],
  ],
  ["batch dimensions that broadcast", {}, [2, 1, L, 8], [heads, S, 8], [2, heads, S, 5]],
  ["the past alone", { causal: true }, ...three],
  ["the past alone, more queries than keys", { causal: true }, [2, heads, S, 8], [2, heads, L, 8], [2, heads, L, 5]],
  ["a mask for all", { mask: seen(L, S) }, ...three],
  ["a mask of keys for each sequence", { mask: seen(2, 1, 1, S) }, ...three],
  ["a mask of queries for each head", { mask: sample(heads, L, 1) }, ...three],
  ["numbers added", { mask: sample(2, 1, L, S) }, ...three],
  ["rows that see nothing", { mask: blind }, ...three],
  ["dropout", { dropout: seen(2, heads, L, S).mul(1.5), causal: true }, ...three],
  ["grouped queries", { grouped: true, causal: true }, ...grouped],
  ["grouped queries with a mask of each head", { grouped: true, mask: seen(2, 2 * heads, L, S) }, ...grouped],
  ["grouped queries with a mask for all", { grouped: true, mask: seen(L, S) }, ...grouped],
];

const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];
beforeAll(async () => {
  if (devices.includes("webgpu")) await torch.webgpu.init();
});

/** The result and the gradients. */
async function everything(
  of: (...inputs: torch.Tensor[]) => torch.Tensor,
  shapes: readonly number[][],
  { device, dtype = torch.float32 }: { readonly device: string; readonly dtype?: torch.dtype },
): Promise<ArrayLike<number>[]> {
  const inputs = shapes.map((shape) =>
    sample(...shape)
      .sin() // small scores: where one decides alone, differences are rounding
      .to({ dtype })
      .to({ device })
      .requires_grad_(),
  );
  const out = of(...inputs);
  const grads = torch.autograd.grad(
    out,
    inputs as [torch.Tensor],
    sample(...out.shape)
      .to({ dtype })
      .to({ device }),
  );
  const values: ArrayLike<number>[] = [];
  for (const x of [out, ...(grads as Tensors)]) {
    const wide = dtype.itemsize < 4 ? x.float() : x;
    values.push((await wide.detach().reshape(-1).numpyAsync()) as Float64Array);
  }
  return values;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

describe.each(devices)("attention by blocks on %s", (device) => {
  it.each(cases)("%s", async (_, options, ...shapes) => {
    const exact = await everything(attention(options, null), shapes, { device: "cpu", dtype: torch.float64 });
    const direct = await everything(attention(options, null), shapes, { device });
    const sizes =
      device === "cpu"
        ? ([
            [8, 8],
            [64, 8],
          ] as const)
        : ([[4, 16]] as const);
    for (const blocks of sizes) {
      const found = await everything(attention(options, blocks), shapes, { device });
      found.forEach((values, i) => {
        expect(values.length).toBe(exact[i]!.length);
        const allowed = Math.max(4e-6, 3 * distance(direct[i]!, exact[i]!));
        expect(distance(values, exact[i]!)).toBeLessThanOrEqual(allowed);
      });
    }
  });
});

describe("attention by blocks", () => {
  it("of half floats is no less exact than all at once", async () => {
    const half = { device: "cpu", dtype: torch.bfloat16 };
    const wide = { device: "cpu", dtype: torch.float64 };
    const rounded: typeof attention =
      (options, blocks) =>
      (...inputs) =>
        attention(options, blocks)(...inputs.map((x) => x.bfloat16().double()));
    const exact = await everything(rounded({}, null), three, wide);
    const direct = await everything(attention({}, null), three, half);
    const found = await everything(attention({}, [8, 8]), three, half);
    found.forEach((values, i) => {
      expect(distance(values, exact[i]!)).toBeLessThanOrEqual(1.1 * distance(direct[i]!, exact[i]!));
    });
  });

  it("is NaN in a row of NaN, and nowhere else", () => {
    const [q, k, v] = three.map((shape) => sample(...shape)) as [torch.Tensor, torch.Tensor, torch.Tensor];
    q.set_at([0, 1, 5, 2], NaN);
    const of = (blocks: Blocks): unknown => attention({}, blocks)(q, k, v).isnan().tolist();
    expect(of([4, 8])).toEqual(of(null));
  });

  it("has gradients of the second order", async () => {
    const wide = { device: "cpu", dtype: torch.float64 };
    for (const options of [{ causal: true }, { mask: seen(L, S) }]) {
      const [direct, found] = [null, [4, 8] as const].map((blocks) => gradientOf(attention(options, blocks), 0));
      const expected = await everything(direct!, three, wide);
      (await everything(found!, three, wide)).forEach((values, i) => {
        expect(distance(values, expected[i]!)).toBeLessThan(1e-10);
      });
    }
  });

  it("has the gradients that differences show", () => {
    const inputs = [
      [3, 2],
      [4, 2],
      [4, 1],
    ].map((shape) => sample(...shape).requires_grad_());
    expect(torch.autograd.gradcheck(attention({ causal: true }, [2, 2]), inputs)).toBe(true);
  });

  it("needs memory in proportion to the length, forward and backward", () => {
    const peakOf = (length: number): number => {
      const [q, k, v] = [1, 2, 3].map(() => torch.randn([1, length, 8]).requires_grad_());
      const step = torch.compile(() => {
        const out = F.scaled_dot_product_attention(q!, k!, v!, { is_causal: true });
        return torch.autograd.grad(out.sum(), [q!, k!, v!]);
      });
      for (const grad of step()) grad.tolist();
      return step.statistics.peakBytes;
    };
    const [short, long] = [peakOf(1024), peakOf(2048)];
    expect(long).toBeLessThan(2.1 * short);
    expect(long).toBeLessThan(2048 ** 2);
  });
});
