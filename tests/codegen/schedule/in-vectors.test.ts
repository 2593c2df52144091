/** Work of which each kernel is done in vectors, as the source that is printed of it shows. */
import { afterEach, expect, test, vi } from "vitest";
import * as torch from "../../../frontend/index.ts";

const { functional: F } = torch.nn;

afterEach(() => vi.restoreAllMocks());

/** The printed source of each kernel that computing some results takes. */
function sourcesOf(compute: () => readonly torch.Tensor[]): string[] {
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: unknown) => void printed.push(String(line)));
  torch.debugging({ debug: 4 }, () => {
    for (const result of compute()) result.detach().tolist();
  });
  return printed
    .join("\n")
    .split(/^kernel /m)
    .slice(1);
}

const gradientOf = (compute: (x: torch.Tensor) => torch.Tensor, shape: number[]): torch.Tensor[] => {
  const x = torch.randn(shape).requires_grad_();
  x.detach().tolist();
  return [...torch.autograd.grad(compute(x).sum(), [x])];
};

test.each<[string, number[], (x: torch.Tensor) => torch.Tensor]>([
  ["the largest of windows side by side", [2, 3, 32, 32], (x) => F.max_pool2d(x, 2)],
  ["softmax over channels", [2, 8, 9, 16], (x) => x.softmax(1).square()],
  ["softmax of short rows", [64, 10], (x) => x.softmax(1).square()],
  ["averages of overlapping windows", [2, 3, 32, 32], (x) => F.avg_pool2d(x, 3, { stride: 1, padding: 1 }).square()],
  ["the largest of rows", [40, 40], (x) => x.max(1)[0]],
])("the gradient of %s", (_, shape, compute) => {
  const sources = sourcesOf(() => gradientOf(compute, shape));
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) expect(source).toMatch(/[fi]32x4/);
});

test("the largest of short rows", () => {
  const x = torch.randn(64, 10);
  x.tolist();
  for (const source of sourcesOf(() => [x.amax(1)])) expect(source).toContain("parallel i0 = 0 .. 64 step 32");
});

test("the gradient of cross entropy", () => {
  const target = torch.arange(64n).remainder(40);
  target.tolist();
  const sources = sourcesOf(() => gradientOf((x) => F.cross_entropy(x, target), [64, 40]));
  // Which class is the target's is a comparison in each row.
  const comparing = sources.filter((source) => source.includes("float32[2560]") && source.includes("eq("));
  expect(comparing.length).toBeGreaterThan(0);
  for (const source of comparing) expect(source).toContain("boolx4");
});

test("the gradient of the filters of a depthwise convolution", () => {
  const x = torch.randn(2, 3, 20, 24);
  x.tolist();
  const sources = sourcesOf(() => gradientOf((w) => F.conv2d(x, w, null, 1, 2, 1, 3).square(), [3, 1, 5, 5]));
  const products = sources.filter((source) => source.startsWith("dot("));
  expect(products.length).toBeGreaterThan(0);
  for (const source of products) expect(source).toContain("f32x4");
});
