/** Every parameter of a module in half precision has a gradient of its type, near that of the module in float32. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const { nn } = torch;

const modules: Record<string, readonly [make: () => torch.nn.Module, shape: readonly number[]]> = {
  Linear: [() => new nn.Linear(6, 5), [4, 6]],
  Bilinear: [() => new nn.Bilinear(6, 6, 5), [4, 6]],
  Conv1d: [() => new nn.Conv1d(4, 6, 3), [2, 4, 8]],
  Conv2d: [() => new nn.Conv2d(4, 6, 3, { padding: 1 }), [2, 4, 8, 8]],
  ConvTranspose2d: [() => new nn.ConvTranspose2d(4, 6, 3), [2, 4, 5, 5]],
  LayerNorm: [() => new nn.LayerNorm(12), [6, 12]],
  RMSNorm: [() => new nn.RMSNorm(12), [6, 12]],
  GroupNorm: [() => new nn.GroupNorm(2, 4), [3, 4, 5]],
  BatchNorm1d: [() => new nn.BatchNorm1d(4), [8, 4]],
  BatchNorm2d: [() => new nn.BatchNorm2d(4), [3, 4, 5, 5]],
  InstanceNorm1d: [() => new nn.InstanceNorm1d(4, { affine: true }), [3, 4, 9]],
  PReLU: [() => new nn.PReLU(4), [3, 4, 5]],
  GRU: [() => new nn.GRU(6, 5), [4, 2, 6]],
  TransformerEncoderLayer: [
    () => new nn.TransformerEncoderLayer(8, 2, { dim_feedforward: 16, dropout: 0, batch_first: true }),
    [2, 5, 8],
  ],
};

const cases = Object.keys(modules).flatMap((name) =>
  (["bfloat16", "float16"] as const).map((type) => [name, type] as const),
);

test.each(cases)("%s in %s", (name, type) => {
  const [make, shape] = modules[name]!;
  torch.manual_seed(3);
  const plain = make();
  const half = make();
  half.load_state_dict(plain.state_dict());
  half.to(torch[type]);
  const x = torch.randn(...shape);
  const train = (module: torch.nn.Module, input: torch.Tensor): void => {
    const given = name === "Bilinear" ? [input, input] : [input];
    const call = module as unknown as (...inputs: torch.Tensor[]) => torch.Tensor | readonly [torch.Tensor, unknown];
    const result = call(...given);
    const output = Array.isArray(result) ? (result[0] as torch.Tensor) : (result as torch.Tensor);
    output
      .float()
      .mul(torch.linspace(-1, 2, output.numel()).reshape(output.shape))
      .sum()
      .backward();
  };
  train(plain, x);
  train(half, x.to(torch[type]));
  const exact = new Map(plain.named_parameters());
  for (const [key, parameter] of half.named_parameters()) {
    expect(parameter.grad?.dtype, `of ${key}`).toBe(torch[type]);
    const right = exact.get(key)!.grad!;
    const size = right.abs().max().item() as number;
    const difference = parameter.grad!.float().sub(right).abs().max().item() as number;
    expect(difference, `of ${key}`).toBeLessThan(0.06 * Math.max(size, 1e-2));
  }
});
