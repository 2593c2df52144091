/** Transposed convolutions against filters that are added up where they lie. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const F = torch.nn.functional;

test("a transposed convolution adds up the filters where they lie, however far apart", () => {
  torch.manual_seed(2);
  const [n, groups, cin, cout, h, w] = [2, 2, 2, 3, 3, 4];
  for (const { kernel, stride, padding } of [
    { kernel: [6, 4], stride: [3, 4], padding: [1, 0] },
    { kernel: [3, 8], stride: [3, 4], padding: [0, 3] },
    { kernel: [7, 4], stride: [3, 4], padding: [2, 1] },
  ] as const) {
    const x = torch.randn(n, groups * cin, h, w);
    const weight = torch.randn(groups * cin, cout, ...kernel);
    const size = [(h - 1) * stride[0] + kernel[0], (w - 1) * stride[1] + kernel[1]] as const;
    const expected = torch.zeros([n, groups * cout, ...size]);
    for (let g = 0; g < groups; g++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++) {
          const [inputs, filters] = [
            x
              .narrow(1, g * cin, cin)
              .select(3, j)
              .select(2, i),
            weight.narrow(0, g * cin, cin),
          ];
          const part = torch.einsum("nc,cokl->nokl", inputs, filters);
          expected
            .narrow(1, g * cout, cout)
            .narrow(2, i * stride[0], kernel[0])
            .narrow(3, j * stride[1], kernel[1])
            .add_(part);
        }
    const inside = expected
      .narrow(2, padding[0], size[0] - 2 * padding[0])
      .narrow(3, padding[1], size[1] - 2 * padding[1]);
    const got = F.conv_transpose2d(x, weight, { stride: [...stride], padding: [...padding], groups });
    expect(torch.allclose(got, inside, { rtol: 1e-5, atol: 1e-5 })).toBe(true);
  }
});
