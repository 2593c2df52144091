/** Resizing with antialiasing, and what PyTorch makes of scale factors; expected values recorded with it. */
import { describe, expect, it, test } from "vitest";
import * as torch from "cresset";

const { interpolate } = torch.nn.functional;
const expectNear = (found: torch.Tensor, expected: readonly number[]): void => {
  const values = found.flatten().tolist() as number[];
  expect(values).toHaveLength(expected.length);
  values.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 4));
};
interface Options {
  readonly size?: readonly number[];
  readonly scale_factor?: number;
  readonly mode: "bilinear" | "bicubic" | "lanczos";
  readonly align_corners?: boolean;
}
const recorded: readonly (readonly [options: Options, values: number[], gradient: number[]])[] = [
  [
    { size: [2, 3], mode: "bilinear" },
    [2.04464, 2.20833, 1.94643, 2.78571, 2.6875, 1.41071],
    [
      0, 0.05556, 0.13889, 0.26984, 0.28571, 0, 0.08333, 0.20833, 0.40476, 0.42857, 0.21429, 0.32738, 0.41667, 0.64881,
      0.64286, 0.42857, 0.57143, 0.625, 0.89286, 0.85714, 0.64286, 0.81548, 0.83333, 1.1369, 1.07143, 0.42857, 0.54365,
      0.55556, 0.75794, 0.71429,
    ],
  ],
  [
    { size: [4, 8], mode: "bilinear", align_corners: true },
    [
      1.5, 1.27041, 0.90306, 1.71429, 2.69388, 3.67347, 3.47449, 1.31122, 2.72222, 2.74206, 2.77381, 1.88889, 1.17857,
      2.60714, 2.85714, 1.14286, 3.5, 2.98661, 2.16518, 2.375, 2.68304, 2.64732, 2.16964, 0.95536, 1.4, 2.4, 4, 3.95,
      3.58571, 2.67143, 1.75714, 0.84286,
    ],
    [
      0.44898, 2.12245, 4, 5.55102, 3.87755, 3.55896, 5.59184, 7.73016, 9.36961, 6.19388, 8.05556, 10, 11.82539,
      13.01587, 8.21429, 13.80258, 16.10715, 18.06944, 19.13492, 11.83036, 22.49286, 25.45715, 27.75714, 28.74286,
      17.55001, 37.06963, 41.29285, 44.33213, 45.32856, 27.47679,
    ],
  ],
  [
    { scale_factor: 0.6, mode: "bicubic" },
    [1.04686, 2.73038, 2.19645, 2.83362, 1.88569, 1.7731, 2.92425, 2.53572, 1.39509],
    [
      -0.08204, 0.02661, 0.25255, 0.54842, 0.5576, 0.29257, 0.50719, 0.72501, 1.1436, 1.07268, 0.94191, 1.27386,
      1.36478, 1.83363, 1.62807, 1.70842, 2.20851, 2.19999, 2.80069, 2.43432, 1.65353, 2.1121, 2.06059, 2.5797, 2.22671,
      0.30063, 0.38371, 0.37383, 0.46749, 0.40333,
    ],
  ],
  [
    { size: [3, 2], mode: "lanczos" },
    [1.72989, 2.50234, 2.63517, 1.6199, 3.05277, 2.01463],
    [
      -0.0446, -0.0128, 0.07491, 0.14534, 0.1311, 0.00099, 0.07591, 0.2055, 0.28769, 0.23631, 0.14153, 0.28305, 0.42644,
      0.47148, 0.3509, 0.39394, 0.66979, 0.86359, 0.85823, 0.60331, 0.60082, 0.99498, 1.24437, 1.20677, 0.83614,
      0.49397, 0.81242, 1.00769, 0.97056, 0.66968,
    ],
  ],
];

describe.each(["cpu", "cpu:js"])("antialias on %s", (device) => {
  test.each(recorded)("%o", (options, values, gradient) => {
    const pixels = Array.from({ length: 30 }, (_, k) => {
      const [i, j] = [Math.floor(k / 5), k % 5];
      return ((i * 7 + j * 3 + i * j) % 11) / 2;
    });
    const x = torch.tensor(pixels, { device }).reshape(1, 1, 6, 5).requires_grad_();
    const y = interpolate(x, { ...options, antialias: true });
    expectNear(y, values);
    y.mul(torch.arange(y.numel(), { device }).reshape(y.shape)).sum().backward();
    expectNear(x.grad!, gradient);
  });
});

it("refuses what PyTorch refuses", () => {
  const x = torch.ones(1, 1, 4, 4);
  const restricted = /Anti-alias option is restricted to bilinear, bicubic, and lanczos modes/;
  expect(() => interpolate(x, { size: 2, antialias: true })).toThrow(restricted);
  expect(() => interpolate(torch.ones(1, 1, 4), { size: 2, mode: "linear", antialias: true })).toThrow(restricted);
  expect(() => interpolate(x, { size: 2, mode: "lanczos" })).toThrow(/Lanczos mode requires antialias=True/);
  expect(() => interpolate(x, { size: 2, mode: "lanczos", antialias: true, align_corners: true })).toThrow(
    /does not support align_corners=True/,
  );
  expect(() => interpolate(x.to(torch.uint8), { size: 2, mode: "bilinear", antialias: true })).toThrow(/is for floats/);
});

test.each([
  [1, 2.3, "nearest", [0, 0, 0, 1, 1, 2]],
  [1, 1.3, "nearest", [0, 0, 1]],
  [2, 2.3, "nearest", [0, 0, 1, 1, 2, 2]],
  [2, 1.3, "nearest", [0, 1, 2]],
  [3, 2.3, "nearest", [0, 0, 0, 1, 1, 2]],
  [1, 1.3, "nearest-exact", [0, 1, 1]],
] as const)("of three elements along the last of %i dimensions, by %f, %s", (rank, scale_factor, mode, expected) => {
  const x = torch.arange(3).reshape([...new Array<number>(rank + 1).fill(1), 3]);
  const scales = [...new Array<number>(rank - 1).fill(1), scale_factor];
  expect(interpolate(x, { scale_factor: scales, mode }).flatten().tolist()).toEqual(expected);
});
