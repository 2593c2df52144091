/** Functions of three operands, element by element. */
import { nameSteps, tensor1 } from "../step-names.ts";
import { type GraphBuilder, isNode } from "../builder.ts";
import { cName, type DType, isIntegral } from "../dtype.ts";
import { ArgumentError, DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes } from "../shape.ts";
import type { ScalarArgument } from "../signature.ts";
import { checkBroadcast, describe, inFloat32, isExactly, operand, resultType } from "./support.ts";
import { filler } from "./fitting.ts";
import { noKernel } from "../unsupported.ts";
import { anyCastable, operandsType } from "./out-types.ts";

const common3 = (name: string, a: Node, b: Node, c: Node): void => {
  checkBroadcast(name, a, b);
  const joined = broadcastShapes(a.shape, b.shape)!;
  checkBroadcast(name, a, c, joined, c.shape);
};

for (const [name, divides, summary] of [
  ["addcmul", false, "input + value * tensor1 * tensor2."],
  ["addcdiv", true, "input + value * tensor1 / tensor2."],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` as "addc(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary, shape: "[*], [*] and [*], broadcast together -> [*]", source: `torch.${name}` },
    saves: divides
      ? [{ name: "tensor1", for: ["tensor2"] }, "tensor2"]
      : [
          { name: "tensor1", for: ["tensor2"] },
          { name: "tensor2", for: ["tensor1"] },
        ],
    gradient: "through decomposition",
    record(g, { input, tensor1, tensor2, value }) {
      const dtype = resultType(g, [input, tensor1, tensor2]);
      if (divides && isIntegral(tensor1.dtype) && isIntegral(tensor2.dtype))
        throw new DTypeError(
          "addcdiv/integer",
          "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division of tensor1 and tensor2.",
          "Use input.add(tensor1.div(tensor2)).",
        );
      const [a, b, c] = [g.cast(input, dtype), g.cast(tensor1, dtype), g.cast(tensor2, dtype)];
      common3(name, a, b, c);
      if (dtype === "bool") throw noKernel(name, `${name}_cpu_out`, dtype, "Use logical_and() and logical_or().");
      const plain = isExactly(value, 1);
      return inFloat32(g, [a, b, c], (x, y, z) => {
        const scaled = plain ? y : g.mul(y, scaleOf(g, name, value, y.dtype));
        return g.add(x, divides ? g.div(scaled, z) : g.mul(scaled, z));
      });
    },
  });
}
function scaleOf(g: GraphBuilder, name: string, value: ScalarArgument, dtype: DType): Node {
  if (isIntegral(dtype) && value.category === "float")
    throw new ArgumentError(
      `${name}/value`,
      `${name}: For integral input tensors, argument value must not be a floating point number.`,
    );
  return filler(g, name, value, dtype);
}

defineOp({
  name: "lerp",
  signature: "lerp(Tensor input, Tensor end, Tensor|Scalar weight) -> Tensor",
  places: ["torch", "Tensor"],
  out: (types, args) => (isNode(args["weight"]) ? operandsType : anyCastable)(types, args),
  inplace: true,
  doc: {
    summary: "input + weight * (end - input).",
    shape: "[*], [*] and [*], broadcast together -> [*]",
    source: "torch.lerp",
  },
  gradient: "through decomposition",
  record(g, { input, end, weight }) {
    if (input.dtype !== end.dtype || ("op" in weight && weight.dtype !== input.dtype))
      throw new DTypeError(
        "lerp/dtype",
        `lerp: expected dtype ${cName(input.dtype)} for \`${input.dtype === end.dtype ? "weight" : "end"}\` but got dtype ${cName(input.dtype === end.dtype ? (weight as Node).dtype : end.dtype)}: ${describe(input)}, ${describe(end)}${"op" in weight ? `, ${describe(weight)}` : ""}.`,
      );
    if (isIntegral(input.dtype))
      throw noKernel(
        "lerp",
        isNode(weight) ? "lerp_kernel_tensor" : "lerp_kernel_scalar",
        input,
        "Convert them with float().",
      );
    const by = operand(g, weight, input.dtype);
    common3("lerp", input, end, by);
    // A number is taken as it is, and so is what it gives.
    return isNode(weight)
      ? inFloat32(g, [input, end, by], (a, b, w) => lerpOf(g, a, b, w))
      : inFloat32(g, [input, end], (a, b) => lerpOf(g, a, b, operand(g, weight, a.dtype)));
  },
});

/** start + weight * (end - start), counted from the nearer end. */
export function lerpOf(g: GraphBuilder, start: Node, end: Node, weight: Node): Node {
  const difference = g.sub(end, start);
  return g.where(
    g.lt(g.abs(weight), 0.5),
    g.add(start, g.mul(weight, difference)),
    g.sub(end, g.mul(difference, g.sub(1, weight))),
  );
}

nameSteps(
  {},
  {
    lerp: tensor1("weight"),
  },
);
