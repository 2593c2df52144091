/** Maximum pooling where windows have nothing that is more than their padding; expected values recorded with PyTorch. */
import { describe, expect, test } from "vitest";
import * as torch from "cresset";

const { max_pool1d, max_pool2d, max_pool3d } = torch.nn.functional;
const low = -Infinity;
const cases: readonly [
  title: string,
  values: unknown,
  pool: (x: torch.Tensor) => readonly [torch.Tensor, torch.Tensor],
  positions: readonly number[],
  gradient: readonly number[],
][] = [
  [
    "a plane of -inf but for a corner",
    [
      [
        [low, low, low],
        [low, low, low],
        [low, low, 5],
      ],
    ],
    (x) => max_pool2d(x, 3, { stride: 1, padding: 1, return_indices: true }),
    [0, 0, 1, 0, 8, 8, 3, 8, 8],
    [7, 3, 0, 7, 0, 0, 0, 0, 28],
  ],
  [
    "a plane of -inf",
    [
      [
        [low, low, low],
        [low, low, low],
        [low, low, low],
      ],
    ],
    (x) => max_pool2d(x, 3, { stride: 2, padding: 1, return_indices: true }),
    [0, 1, 3, 4],
    [1, 2, 0, 3, 4, 0, 0, 0, 0],
  ],
  [
    "windows with holes",
    [[low, low, low, low, 3]],
    (x) => max_pool1d(x, 3, { stride: 1, padding: 1, dilation: 2, return_indices: true }),
    [1, 4, 1],
    [0, 4, 0, 0, 2],
  ],
  [
    "three dimensions",
    [
      [
        [
          [low, low],
          [low, 1],
        ],
        [
          [low, low],
          [low, low],
        ],
      ],
    ],
    (x) => max_pool3d(x, 2, { stride: 1, padding: 1, return_indices: true }),
    [0, 0, 1, 0, 3, 3, 2, 3, 3, 0, 0, 1, 0, 3, 3, 2, 3, 3, 4, 4, 5, 4, 4, 5, 6, 6, 7],
    [41, 15, 23, 92, 84, 45, 51, 27],
  ],
  [
    "a window of nothing but padding",
    [
      [1, 2],
      [3, 4],
    ],
    (x) => max_pool1d(x, 2, { stride: 1, padding: 1, dilation: 3, return_indices: true }),
    [2, 2],
    [0, 0, 0, 0],
  ],
];

describe.each(["cpu", "cpu:js"])("maxima that are no more than their padding, on %s", (device) => {
  test.each(cases)("%s", (_title, values, pool, positions, gradient) => {
    const x = torch.tensor(values as number[], { device, requires_grad: true });
    const [maxima, places] = pool(x);
    maxima
      .mul(torch.arange(1, maxima.numel() + 1, { device }).reshape(maxima.shape))
      .sum()
      .backward();
    expect(places.flatten().tolist()).toEqual(positions);
    expect(x.grad!.flatten().tolist()).toEqual(gradient);
  });
});
