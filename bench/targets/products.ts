/** Targets of matrix products and convolutions: their share of the multiply-adds that registers alone reach. */
import { compileGraph } from "../../frontend/pipeline.ts";
import * as torch from "../../frontend/index.ts";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode } from "../../ir/graph.ts";
import { matmulOf } from "../../ir/ops/matmul.ts";
import { createLimits, type Limits } from "../../runtime/wasm/limits.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { generate } from "../generate.ts";
import { input } from "../workloads/workload.ts";
import { mediansOf, type Work } from "./interleave.ts";
import { ours, type Outcome, type Target } from "./target.ts";

const { functional: F } = torch.nn;
const turns = 20_000;

function shareOfPeak(run: Work, flops: number, limits: Limits, budgetMs: number): Outcome {
  const [own, peak] = mediansOf([run, () => limits.multiplyAdd(turns)], budgetMs) as [number, number];
  const rate = flops / own / 1e6;
  const most = (limits.flopsOfTurn * turns) / peak / 1e6;
  return { value: rate / most, note: `${rate.toFixed(1)} of ${most.toFixed(1)} GFLOP/s` };
}

interface Product {
  readonly work: string;
  readonly atLeast: number;
  readonly flops: number;
  readonly prepare: () => Work;
  /** Without relaxed SIMD. */
  readonly plain?: boolean;
}

const target = ({ work, atLeast, flops, prepare, plain = false }: Product): Target => ({
  work,
  atLeast,
  unit: "of the peak",
  measure(budgetMs) {
    const limits = plain ? createLimits({ copyBytes: 0, fused: false }) : createLimits({ copyBytes: 0 });
    return shareOfPeak(prepare(), flops, limits, budgetMs);
  },
});

type Sizes = readonly [m: number, n: number, k: number];
const flopsOf = ([m, n, k]: Sizes): number => 2 * m * n * k;

const product = ([m, n, k]: Sizes, transposed = false): Work => {
  const a = input("cpu", 11, [m, k]);
  if (transposed) return ours([a, input("cpu", 12, [n, k])], [m, n], (x, y) => x.matmul(y.t())).run;
  return ours([a, input("cpu", 12, [k, n])], [m, n], (x, y) => x.matmul(y)).run;
};

/** The square of a matrix on a device that may not fuse multiply-adds. */
function plainSquare(n: number): Work {
  const g = new GraphBuilder();
  const x = leafNode("input", "float32", [n, n], 0);
  const { program } = compileGraph([matmulOf(g, x, x)], { device: "cpu", name: "square", fused: false });
  const device = createWasmDevice({ relaxedSimd: false });
  const executable = device.prepare(program);
  const matrix = device.upload(generate(11, n * n));
  return () => {
    for (const result of executable.run([matrix], [], [], ["state"])) result.release();
  };
}

const square = (n: number): Sizes => [n, n, n];
const sizes = [256, 512, 1024, 2048] as const;

const batched: Product = {
  work: "96 products of 64x32 by 32x64",
  atLeast: 0.75,
  flops: 96 * flopsOf([64, 64, 32]),
  prepare: () =>
    ours([input("cpu", 11, [96, 64, 32]), input("cpu", 12, [96, 32, 64])], [96, 64, 64], (a, b) => a.matmul(b)).run,
};

const image = [1, 64, 56, 56] as const;
const filters = [64, 64, 3, 3] as const;
const convolutionFlops = 2 * 64 * 64 * 9 * 56 * 56;
const ofConvolution = (name: string, atLeast: number, prepare: () => Work): Product => ({
  work: `3x3 convolution, 64 to 64 channels, 56x56: ${name}`,
  atLeast,
  flops: convolutionFlops,
  prepare,
});
const convolve = (a: torch.Tensor, b: torch.Tensor): torch.Tensor => F.conv2d(a, b, null, 1, 1);
/** Of a linear function, whose own values are not needed and not computed. */
function gradientOf(at: torch.Tensor, fn: (at: torch.Tensor) => torch.Tensor, grad: torch.Tensor): torch.Tensor {
  const leaf = at.requires_grad_();
  return torch.autograd.grad(fn(leaf), leaf, grad)[0];
}
const [x, w, y] = [
  () => input("cpu", 11, image),
  () => input("cpu", 12, filters, { scale: 0.1 }),
  () => input("cpu", 13, image),
];

export const productTargets: readonly Target[] = [
  ...sizes.map((n) => ({
    work: `${n}x${n} product`,
    atLeast: 0.88,
    flops: flopsOf(square(n)),
    prepare: () => product(square(n)),
  })),
  ...sizes.map((n) => ({
    work: `${n}x${n} product without relaxed SIMD`,
    atLeast: 0.75,
    flops: flopsOf(square(n)),
    prepare: () => plainSquare(n),
    plain: true,
  })),
  { work: "64x64 product", atLeast: 0.8, flops: flopsOf(square(64)), prepare: () => product(square(64)) },
  ...(
    [
      [32, 1024, 1024],
      [64, 784, 512],
    ] as const
  ).map((size) => ({
    work: `${size.join("x")} product`,
    atLeast: 0.8,
    flops: flopsOf(size),
    prepare: () => product(size),
  })),
  { work: "512x512 A Bᵀ", atLeast: 0.8, flops: flopsOf(square(512)), prepare: () => product(square(512), true) },
  {
    work: "509x511x513 product",
    atLeast: 0.8,
    flops: flopsOf([509, 513, 511]),
    prepare: () => product([509, 513, 511]),
  },
  batched,
  ofConvolution("forward", 0.85, () => ours([x(), w()], image, convolve).run),
  ofConvolution(
    "gradient of the image",
    0.7,
    () => ours([y(), w()], image, (grad, b) => gradientOf(torch.zeros([...image]), (a) => convolve(a, b), grad)).run,
  ),
  ofConvolution(
    "gradient of the filters",
    0.7,
    () =>
      ours([x(), y()], filters, (a, grad) => gradientOf(torch.zeros([...filters]), (b) => convolve(a, b), grad)).run,
  ),
].map(target);
