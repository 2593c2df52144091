/** Convolutions in tiles, against sums in float64. */
import * as torch from "cresset";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const { functional: F } = torch.nn;

beforeEach(() => {
  torch.backends.cpu.winograd = true;
});
afterAll(() => {
  torch.backends.cpu.winograd = false;
});

interface Sizes {
  readonly batch?: number;
  readonly channels: number;
  readonly filters: number;
  readonly image: readonly [number, number];
  readonly padding?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly dilation?: number;
}

function operands({ batch = 1, channels, filters, image, groups = 1 }: Sizes): [torch.Tensor, torch.Tensor] {
  torch.manual_seed(1);
  return [torch.randn(batch, channels, ...image), torch.randn(filters, channels / groups, 3, 3)];
}

const convolve = (
  x: torch.Tensor,
  w: torch.Tensor,
  { padding = 1, stride = 1, groups = 1, dilation = 1 }: Sizes,
): torch.Tensor => F.conv2d(x, w, null, stride, padding, dilation, groups);

/** The largest difference, against what rounding of each term may come to. */
function worst(actual: torch.Tensor, exact: torch.Tensor, scale: torch.Tensor): number {
  return actual.double().sub(exact).abs().div(scale).max().item() as number;
}

const epsilon = 2 ** -23;

const inTiles: Record<string, Sizes> = {
  "a layer of a residual network": { channels: 64, filters: 64, image: [28, 28] },
  "several images": { batch: 3, channels: 32, filters: 48, image: [16, 16] },
  "more across than down, not padded": { channels: 48, filters: 40, image: [18, 34], padding: 0 },
  "padded by two": { channels: 32, filters: 64, image: [20, 22], padding: 2 },
};

describe.each(["cpu", "cpu:js"] as const)("on %s", (device) => {
  it.each(Object.entries(inTiles))("%s: results and both gradients are near the exact ones", (_, sizes) => {
    const [x, w] = operands(sizes).map((t) => t.to(device)) as [torch.Tensor, torch.Tensor];
    const exact = convolve(x.double(), w.double(), sizes);
    const scale = convolve(x.double().abs(), w.double().abs(), sizes);
    const compiled = torch.compile((a: torch.Tensor, b: torch.Tensor) => convolve(a, b, sizes));
    expect(worst(compiled(x, w), exact, scale)).toBeLessThan(8 * epsilon);
    expect(compiled.statistics.kernels).toBeGreaterThan(3);

    const g = torch.randn(...exact.shape).to(device);
    const gradients = (p: torch.Tensor, q: torch.Tensor, r: torch.Tensor): torch.Tensor[] => {
      const [a, b] = [p.detach().requires_grad_(), q.detach().requires_grad_()];
      return [...torch.autograd.grad(convolve(a, b, sizes), [a, b], r)];
    };
    const found = gradients(x, w, g);
    const right = gradients(x.double(), w.double(), g.double());
    const scales = gradients(x.double().abs(), w.double().abs(), g.double().abs());
    found.forEach((gradient, i) => expect(worst(gradient, right[i]!, scales[i]!)).toBeLessThan(8 * epsilon));
  });
});

const direct: Record<string, Sizes> = {
  "windows apart": { channels: 64, filters: 64, image: [28, 28], dilation: 2, padding: 2 },
  "steps of two": { channels: 64, filters: 64, image: [28, 28], stride: 2 },
  groups: { channels: 64, filters: 64, image: [28, 28], groups: 2 },
  "few channels": { channels: 3, filters: 64, image: [28, 28] },
  "odd sizes": { channels: 64, filters: 64, image: [27, 27] },
};

it.each(Object.entries(direct))("%s are left to direct sums", (_, sizes) => {
  const [x, w] = operands(sizes);
  const kernels = (): number => {
    const compiled = torch.compile((a: torch.Tensor, b: torch.Tensor) => convolve(a, b, sizes));
    compiled(x, w);
    return compiled.statistics.kernels;
  };
  const inTilesOn = kernels();
  torch.backends.cpu.winograd = false;
  expect(inTilesOn).toBe(kernels());
});

it("programs of many sizes are in tiles", () => {
  const compiled = torch.compile((a: torch.Tensor, b: torch.Tensor) => convolve(a, b, inTiles["several images"]!));
  const kernels = [3, 4, 5, 6, 7].map((batch) => {
    compiled(...operands({ batch, channels: 32, filters: 48, image: [16, 16] }));
    return compiled.statistics.kernels;
  });
  expect(Math.min(...kernels)).toBeGreaterThan(3);
});

it("whole numbers stay exact", () => {
  const sizes = { channels: 32, filters: 32, image: [24, 24] } as const;
  const x = torch.randint(-9, 10, [1, 32, 24, 24]).float();
  const w = torch.randint(-9, 10, [32, 32, 3, 3]).float();
  const exact = convolve(x.double(), w.double(), sizes).tolist();
  expect(convolve(x, w, sizes).tolist()).toEqual(exact);
});

it("unless they are asked for, sums are direct", () => {
  const sizes = { channels: 64, filters: 64, image: [28, 28] } as const;
  const [x, w] = operands(sizes);
  torch.backends.cpu.winograd = false;
  const compiled = torch.compile((a: torch.Tensor, b: torch.Tensor) => convolve(a, b, sizes));
  compiled(x, w);
  expect(compiled.statistics.kernels).toBeLessThanOrEqual(2);
});
