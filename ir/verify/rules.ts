/** For each primitive what its inputs must be, and the types and shapes of its results that follow. */
import { complexOf, dtypeBytes, isComplex, realOf } from "../dtype.ts";
import type { Body, Node, NodeOf, Primitive } from "../graph.ts";
import { inferRoutine } from "../routines/index.ts";
import { broadcastShapes, elementCount, sameShape, type Shape } from "../shape.ts";
import { broken, type Inferred, type ResultType } from "./inferred.ts";
import type { Scalar } from "./scalar-rules.ts";

type Rule<P extends Primitive> = (node: NodeOf<P>, inputs: readonly Node[]) => Inferred;
const typeOf = ({ dtype, shape }: Node): ResultType => ({ dtype, shape });

const sameType = (a: Node, b: Node): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

const isAxis = (axis: number, rank: number): boolean => Number.isInteger(axis) && axis >= 0 && axis < rank;
const areAxes = (axes: readonly number[], rank: number): boolean =>
  axes.every((axis) => isAxis(axis, rank)) && new Set(axes).size === axes.length;
const ascend = (axes: readonly number[]): boolean => axes.every((axis, i) => i === 0 || axes[i - 1]! < axis);
const isIndex = ({ dtype }: Node): boolean => dtype === "int64" || dtype === "int32";
const without = (shape: Shape, axes: readonly number[]): Shape => shape.filter((_, axis) => !axes.includes(axis));
const reduced = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

const reduceRule: Rule<"reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min"> = (node, [x]) => {
  const { axes } = node.attrs;
  if (axes.length === 0 || !areAxes(axes, x!.shape.length) || !ascend(axes)) return broken("axes exist and ascend");
  return { dtype: x!.dtype, shape: reduced(x!.shape, axes) };
};
const argRule: Rule<"argmax" | "argmin"> = (node, [x]) => {
  const { axes } = node.attrs;
  if (axes.length !== 1 || !areAxes(axes, x!.shape.length)) return broken("one axis that exists");
  return { dtype: "int64", shape: reduced(x!.shape, axes) };
};
const partRule: Rule<"real" | "imag"> = (_node, [x]) =>
  isComplex(x!.dtype) ? { dtype: realOf(x!.dtype), shape: x!.shape } : broken("the input is complex");
const first: Rule<"detach" | "leaf" | "barrier"> = (_node, [x]) => typeOf(x!);

/** Index tensors of one shape, one for each axis. */
function indexShape(axes: readonly number[], indices: readonly Node[], rank: number): Shape | null {
  const fits = axes.length > 0 && areAxes(axes, rank) && indices.length === axes.length && indices.every(isIndex);
  return fits && indices.every((index) => sameShape(index.shape, indices[0]!.shape)) ? indices[0]!.shape : null;
}

export const rules: {
  readonly [P in Exclude<Primitive, Scalar>]: { readonly inputs: number | null; readonly infer: Rule<P> };
} = {
  input: { inputs: 0, infer: () => "leaf" },
  scalar: { inputs: 0, infer: (node) => (node.shape.length === 0 ? "leaf" : broken("a scalar is 0-d")) },
  constant: { inputs: 0, infer: (node) => (node.shape.length === 0 ? "leaf" : broken("a constant is 0-d")) },
  iota: { inputs: 0, infer: (node) => (node.shape.length === 1 ? "leaf" : broken("an iota is 1-d")) },
  philox: {
    inputs: 4,
    infer(node, inputs) {
      if (inputs.some((x) => x.dtype !== "int32" || x.shape.length > 0))
        return broken("seed and offset are int32 scalars");
      return { dtype: "int32", shape: [node.attrs.count] };
    },
  },
  where: {
    inputs: 3,
    infer(_node, [condition, a, b]) {
      if (condition!.dtype !== "bool") return broken("the condition is bool");
      if (a!.dtype !== b!.dtype) return broken("both choices have one type");
      if (!sameShape(condition!.shape, a!.shape) || !sameShape(a!.shape, b!.shape))
        return broken("operands have one shape");
      return typeOf(a!);
    },
  },
  cast: {
    inputs: 1,
    infer: (node, [x]) =>
      node.dtype === x!.dtype ? broken("a cast changes the type") : { dtype: node.dtype, shape: x!.shape },
  },
  bitcast: {
    inputs: 1,
    infer(node, [x]) {
      if (dtypeBytes(node.dtype) !== dtypeBytes(x!.dtype)) return broken("a bitcast keeps the size");
      return { dtype: node.dtype, shape: x!.shape };
    },
  },
  complex: {
    inputs: 2,
    infer: (_node, [re, im]) =>
      sameType(re!, im!) && realOf(complexOf(re!.dtype)) === re!.dtype
        ? { dtype: complexOf(re!.dtype), shape: re!.shape }
        : broken("both parts are float32 or float64, of one shape"),
  },
  real: { inputs: 1, infer: partRule },
  imag: { inputs: 1, infer: partRule },
  as_complex: {
    inputs: 1,
    infer: (_node, [memory]) =>
      memory!.shape.at(-1) === 2 && realOf(complexOf(memory!.dtype)) === memory!.dtype
        ? { dtype: complexOf(memory!.dtype), shape: memory!.shape.slice(0, -1) }
        : broken("the parts lie side by side"),
  },
  reduce_sum: { inputs: 1, infer: reduceRule },
  reduce_prod: { inputs: 1, infer: reduceRule },
  reduce_max: { inputs: 1, infer: reduceRule },
  reduce_min: { inputs: 1, infer: reduceRule },
  argmax: { inputs: 1, infer: argRule },
  argmin: { inputs: 1, infer: argRule },
  scan: {
    inputs: 1,
    infer: (node, [x]) => (isAxis(node.attrs.axis, x!.shape.length) ? typeOf(x!) : broken("the axis exists")),
  },
  dot: {
    inputs: 2,
    infer(node, [a, b]) {
      const { batch, contract } = node.attrs;
      const paired = (pairs: readonly [readonly number[], readonly number[]]): boolean =>
        pairs[0].length === pairs[1].length && pairs[0].every((axis, i) => a!.shape[axis] === b!.shape[pairs[1][i]!]);
      if (a!.dtype !== b!.dtype) return broken("operands have one type");
      const [ofA, ofB] = [
        [...batch[0], ...contract[0]],
        [...batch[1], ...contract[1]],
      ];
      if (!areAxes(ofA, a!.shape.length) || !areAxes(ofB, b!.shape.length))
        return broken("axes exist and are distinct");
      if (!paired(batch) || !paired(contract)) return broken("paired axes have one size");
      const shape = [...batch[0].map((axis) => a!.shape[axis]!), ...without(a!.shape, ofA), ...without(b!.shape, ofB)];
      return { dtype: a!.dtype, shape };
    },
  },

  reshape: {
    inputs: 1,
    infer(node, [x]) {
      const { shape } = node.attrs;
      return elementCount(shape) === elementCount(x!.shape)
        ? { dtype: x!.dtype, shape }
        : broken("a reshape keeps all elements");
    },
  },
  permute: {
    inputs: 1,
    infer(node, [x]) {
      const { axes } = node.attrs;
      if (axes.length !== x!.shape.length || !areAxes(axes, axes.length)) return broken("axes are a permutation");
      return { dtype: x!.dtype, shape: axes.map((axis) => x!.shape[axis]!) };
    },
  },
  expand: {
    inputs: 1,
    infer(node, [x]) {
      const { shape } = node.attrs;
      const fits =
        shape.length === x!.shape.length && shape.every((size, i) => x!.shape[i] === size || x!.shape[i] === 1);
      return fits ? { dtype: x!.dtype, shape } : broken("only axes of size 1 stretch");
    },
  },
  slice: {
    inputs: 1,
    infer(node, [x]) {
      const { start, step, size } = node.attrs;
      const rank = x!.shape.length;
      if (start.length !== rank || step.length !== rank || size.length !== rank)
        return broken("a bound for every axis");
      const inside = size.every((count, i) => {
        const last = start[i]! + step[i]! * (count - 1);
        return count === 0 || (Math.min(start[i]!, last) >= 0 && Math.max(start[i]!, last) < x!.shape[i]!);
      });
      return inside ? { dtype: x!.dtype, shape: size } : broken("a slice stays inside");
    },
  },
  pad: {
    inputs: 2,
    infer(node, [x, filler]) {
      const { low, high, interior } = node.attrs;
      const rank = x!.shape.length;
      if (filler!.dtype !== x!.dtype || filler!.shape.length > 0)
        return broken("the filler is a 0-d value of the type");
      if (low.length !== rank || high.length !== rank || interior.length !== rank)
        return broken("an amount for every axis");
      if (interior.some((gap) => gap < 0)) return broken("gaps are not negative");
      const shape = x!.shape.map((size, i) => low[i]! + high[i]! + size + Math.max(0, size - 1) * interior[i]!);
      return shape.every((size) => size >= 0) ? { dtype: x!.dtype, shape } : broken("no more is cropped than there is");
    },
  },
  concat: {
    inputs: null,
    infer(node, parts) {
      const { axis } = node.attrs;
      const [head] = parts;
      if (head === undefined || !isAxis(axis, head.shape.length)) return broken("the axis exists");
      const other = (x: Node): Shape => x.shape.with(axis, 0);
      if (parts.some((part) => part.dtype !== head.dtype || part.shape.length !== head.shape.length))
        return broken("parts have one type and rank");
      if (parts.some((part) => !sameShape(other(part), other(head)))) return broken("parts agree in the other axes");
      return {
        dtype: head.dtype,
        shape: head.shape.with(
          axis,
          parts.reduce((sum, part) => sum + part.shape[axis]!, 0),
        ),
      };
    },
  },
  window: {
    inputs: 1,
    infer(node, [x]) {
      const { size, stride, dilation } = node.attrs;
      const lead = x!.shape.length - size.length;
      if (lead < 0 || stride.length !== size.length || dilation.length !== size.length)
        return broken("a size for every trailing axis");
      const count = size.map((k, i) => Math.floor((x!.shape[lead + i]! - dilation[i]! * (k - 1) - 1) / stride[i]!) + 1);
      if (count.some((n) => n < 0) || [...stride, ...dilation].some((n) => n < 1)) return broken("windows fit");
      return { dtype: x!.dtype, shape: [...x!.shape.slice(0, lead), ...count, ...size] };
    },
  },
  gather: {
    inputs: null,
    infer(node, [source, ...indices]) {
      const { axes } = node.attrs;
      const lead = indexShape(axes, indices, source!.shape.length);
      return lead === null
        ? broken("one integer index of one shape for each axis")
        : { dtype: source!.dtype, shape: [...lead, ...without(source!.shape, axes)] };
    },
  },
  scatter: {
    inputs: null,
    infer(node, [base, updates, ...indices]) {
      const { axes } = node.attrs;
      const lead = indexShape(axes, indices, base!.shape.length);
      if (lead === null) return broken("one integer index of one shape for each axis");
      if (base!.dtype !== updates?.dtype) return broken("updates have the type of the base");
      return sameShape(updates.shape, [...lead, ...without(base!.shape, axes)])
        ? typeOf(base!)
        : broken("updates fit the indices and the base");
    },
  },
  sort: {
    inputs: 1,
    infer(node, [x]) {
      const { axis, count } = node.attrs;
      if (!isAxis(axis, x!.shape.length)) return broken("the axis exists");
      if (count < 0 || count > x!.shape[axis]!) return broken("no more than the axis has are taken");
      const shape = x!.shape.with(axis, count);
      return [
        { dtype: x!.dtype, shape },
        { dtype: "int64", shape },
      ];
    },
  },
  routine: {
    inputs: null,
    infer(node, inputs) {
      const results = inferRoutine(node.attrs, inputs);
      return typeof results === "string" ? broken(results) : results;
    },
  },

  loop: {
    inputs: null,
    infer(node, inputs) {
      const { count, carried, scanned, body } = node.attrs;
      if (count < 1) return broken("a loop has iterations");
      if (body.parameters.length !== inputs.length) return broken("a parameter for every input");
      const wrong = body.parameters.findIndex((parameter, i) => {
        const isScanned = i >= carried && i < carried + scanned;
        if (isScanned && inputs[i]!.shape[0] !== count) return true;
        const shape = isScanned ? inputs[i]!.shape.slice(1) : inputs[i]!.shape;
        return parameter.dtype !== inputs[i]!.dtype || !sameShape(parameter.shape, shape);
      });
      if (wrong >= 0) return broken(`parameter ${wrong} has the type of its input, or of its slices`);
      const changed = body.results.slice(0, carried).findIndex((result, i) => {
        const before = body.parameters[i]!;
        return result.dtype !== before.dtype || !sameShape(result.shape, before.shape);
      });
      if (changed >= 0) return broken(`carried value ${changed} keeps its type`);
      return body.results.map(({ dtype, shape }, i) => ({ dtype, shape: i < carried ? shape : [count, ...shape] }));
    },
  },
  while: {
    inputs: null,
    infer(node, inputs) {
      const { parameters, results } = node.attrs.body;
      if (parameters.length !== inputs.length || !parameters.every((parameter, i) => sameType(parameter, inputs[i]!)))
        return broken("a parameter of its type for every input");
      if (results[0]?.dtype !== "bool" || results[0].shape.length > 0)
        return broken("one truth value is carried first");
      const changed = results.findIndex((result, i) => parameters[i] === undefined || !sameType(result, parameters[i]));
      return changed >= 0 ? broken(`carried value ${changed} keeps its type`) : results.map(typeOf);
    },
  },
  cond: {
    inputs: null,
    infer(node, [predicate, ...captured]) {
      const { then, else: otherwise } = node.attrs;
      if (predicate?.dtype !== "bool" || predicate.shape.length > 0) return broken("one truth value chooses");
      const isTyped = ({ parameters }: Body): boolean =>
        parameters.length === captured.length && parameters.every((p, i) => sameType(p, captured[i]!));
      if (!isTyped(then) || !isTyped(otherwise)) return broken("a parameter of its type for every input");
      const isSame =
        then.results.length === otherwise.results.length &&
        then.results.every((result, i) => sameType(result, otherwise.results[i]!));
      return isSame ? then.results.map(typeOf) : broken("the branches' results have the same types");
    },
  },

  pick: {
    inputs: 1,
    infer(node, [x]) {
      return x!.outputs?.[node.attrs.index] ?? broken("the input has this result");
    },
  },
  detach: { inputs: 1, infer: first },
  leaf: { inputs: 1, infer: first },
  barrier: { inputs: 1, infer: first },
  with_history: {
    inputs: 2,
    infer: (_node, [value, history]) =>
      broadcastShapes(value!.shape, history!.shape) !== null
        ? typeOf(value!)
        : broken("the history has the value's shape"),
  },
  call: { inputs: null, infer: (node) => (node.attrs.name === "" ? broken("a call names its operator") : "leaf") },
};
