/**
 * Every differentiable operator's gradient against differences, in float64. An operator whose tensors may be any
 * signed numbers of one shape needs no entry in the tables beside this file; every other one has an entry, or stands
 * among the exceptions with a reason.
 */
import * as torch from "cresset";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callOperator } from "../../../frontend/call.ts";
import { operators, type Operator } from "../../../ir/operator.ts";
import { parseSignature } from "../../../ir/signature.ts";
import { handWritten } from "./hand-written.ts";
import { signed, type Samples } from "./inputs.ts";
import { linalg } from "./linalg.ts";
import { nn } from "./nn.ts";
import { pointwise } from "./pointwise.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";

const samples: Samples = { ...pointwise, ...shapes, ...reductions, ...nn, ...linalg };
/** A view's form that copies takes what the view takes. */
const viewOf = (name: string): string => name.replace(/_copy$/, "").replace(/^unsafe_/, "");

/** Operators that differences cannot judge here, and why. */
const exceptions: Readonly<Record<string, string>> = {
  bitwise_not: "takes integers only",
  fake_quantize_per_tensor_affine: "passes gradients straight through steps: see tests/ir/ops/quantising.test.ts",
  fake_quantize_per_channel_affine: "passes gradients straight through steps: see tests/ir/ops/quantising.test.ts",
  as_strided_scatter: "has the gradient of PyTorch's formula: see tests/frontend/mixed-types.test.ts",
  // What these read of a matrix is one triangle, or what they give is fixed but for signs: see hand-written.ts.
  cholesky: "reads one triangle",
  linalg_cholesky: "reads one triangle",
  linalg_cholesky_ex: "reads one triangle",
  cholesky_solve: "reads one triangle",
  cholesky_inverse: "reads one triangle",
  linalg_eigh: "reads one triangle",
  linalg_eigvalsh: "reads one triangle",
  linalg_eig: "angles of vectors are free",
  linalg_ldl_factor: "has no derivative in PyTorch",
  linalg_ldl_factor_ex: "has no derivative in PyTorch",
  linalg_ldl_solve: "has no derivative in PyTorch",
  linalg_svd: "signs of vectors are free",
  svd: "signs of vectors are free",
  unique: "has no derivative in PyTorch",
  unique_consecutive: "has no derivative in PyTorch",
};

/** Outputs that are by-products: PyTorch's have no gradient either. */
const byProducts: Readonly<Record<string, number>> = { native_group_norm: 2, native_layer_norm: 2 };

const differentiable = [...operators()].filter(
  ({ name, places, gradient }) => (places.length > 0 || name in samples) && gradient !== "none",
);

/** Signed numbers for every tensor that must be given; null when something else must be given, too. */
function plainInputs({ signature }: Operator): readonly (readonly unknown[])[] | null {
  const required = parseSignature(signature).parameters.filter((parameter) => !parameter.optional);
  if (!required.every(({ type }) => type === "Tensor" || type === "Tensor|Scalar")) return null;
  return [
    required.map((_, i) =>
      signed(2, 3)
        .mul(1 + i / 7)
        .detach()
        .requires_grad_(),
    ),
  ];
}
const inputsOf = (definition: Operator): readonly (readonly unknown[])[] | null =>
  (samples[definition.name] ?? samples[viewOf(definition.name)])?.() ?? plainInputs(definition);

type Check = (func: (...inputs: torch.Tensor[]) => torch.Tensor[], inputs: torch.Tensor[]) => boolean;
const checks: readonly (readonly [kind: string, check: Check])[] = [
  ["gradients", (func, inputs) => torch.autograd.gradcheck(func, inputs)],
  ["gradients of gradients", (func, inputs) => torch.autograd.gradgradcheck(func, inputs, { fast_mode: true })],
];

/** A call as a function of those of its tensors, lists included, that need gradients. */
function checkCall(check: Check, call: (args: unknown[]) => unknown, args: readonly unknown[], ignored = 0): boolean {
  const leaves = args.flat().filter((arg): arg is torch.Tensor => arg instanceof torch.Tensor && arg.requires_grad);
  const func = (...fresh: torch.Tensor[]): torch.Tensor[] => {
    const swap = (arg: unknown): unknown =>
      Array.isArray(arg) ? arg.map(swap) : (fresh[leaves.indexOf(arg as torch.Tensor)] ?? arg);
    const result = call(args.map(swap));
    const outputs = result instanceof torch.Tensor ? [result] : [...(result as torch.Tensor[])];
    return outputs.slice(0, outputs.length - ignored);
  };
  return check(func, leaves);
}
beforeAll(() => torch.set_default_device("cpu:js"));
afterAll(() => torch.set_default_device(null));

describe.each(checks)("%s agree with differences", (_kind, check) => {
  it.each(
    differentiable
      .filter(({ name }) => !(name in exceptions))
      .map((definition) => [definition.name, definition] as const),
  )("%s", (name, definition) => {
    const inputs = inputsOf(definition);
    if (inputs === null)
      throw new Error(
        `${name} needs other arguments than tensors: give some in tests/frontend/gradients, for ${definition.signature}`,
      );
    for (const args of inputs)
      expect(checkCall(check, (list) => callOperator(name.split(".")[0]!, list), args, byProducts[name])).toBe(true);
  });

  it.each(Object.entries(handWritten))("%s", (_name, { call, inputs }) => {
    for (const args of inputs())
      expect(checkCall(check, (list) => (call as (...args: unknown[]) => unknown)(...list), args)).toBe(true);
  });
});

/** Gradients of the outputs, each element with a weight of its own, with respect to the leaves; of a tensor that is given twice, once. */
function weightedGradients(name: string, args: readonly unknown[], leaves: torch.Tensor[]): (torch.Tensor | null)[] {
  const result = callOperator(name.split(".")[0]!, [...args]);
  const outputs = [result].flat().filter((output): output is torch.Tensor => output instanceof torch.Tensor);
  const scores = outputs
    .filter((output) => output.requires_grad)
    .map((output) => (output.is_complex() ? torch.view_as_real(output) : output).flatten())
    .map((output) => output.mul(torch.arange(1, output.numel() + 1).sqrt()).sum());
  return torch.autograd.grad(scores, leaves, { allow_unused: true });
}

describe("gradients of a tensor in several places add up", () => {
  const takesTensors = ({ signature }: Operator): number =>
    parseSignature(signature).parameters.filter(({ type }) => type.startsWith("Tensor")).length;
  const severalTensors = differentiable.filter(
    (definition) => !(definition.name in exceptions) && takesTensors(definition) > 1,
  );
  it.each(severalTensors.map(({ name }, i) => [name, severalTensors[i]!] as const))("%s", (name, definition) => {
    for (const args of inputsOf(definition) ?? []) {
      const isLeaf = (arg: unknown): arg is torch.Tensor => arg instanceof torch.Tensor && arg.requires_grad;
      const first = args.find(isLeaf);
      if (first === undefined) continue;
      const isAlike = (arg: unknown): arg is torch.Tensor => isLeaf(arg) && arg.shape.join() === first.shape.join();
      const apart = args.map((arg) => (isAlike(arg) ? first.detach().clone().requires_grad_() : arg));
      const leaves = apart.filter((arg, i): arg is torch.Tensor => isLeaf(arg) && isAlike(args[i]));
      const once = args.map((arg) => (isAlike(arg) ? first : arg));
      const none = torch.zeros_like(first);
      const expected = weightedGradients(name, apart, leaves).reduce<torch.Tensor>((a, b) => a.add(b ?? 0), none);
      const [sum] = weightedGradients(name, once, [first]);
      expect(torch.allclose(sum ?? none, expected, { equal_nan: true })).toBe(true);
    }
  });
});

it("skips what it says", () => {
  for (const [name, reason] of Object.entries(exceptions)) console.warn(`gradcheck skips ${name}: ${reason}`);
  const names = new Set([...operators()].map(({ name }) => name));
  expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
});
