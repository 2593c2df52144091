/**
 * Recorded values -> live ones.
 *
 * in:  a tree of nodes
 * out: tensors, numbers, arrays, ... as the library takes them
 * Holds: each decode makes fresh tensors over fresh memory; a `ref` is the very object that its number named.
 */
import type { Adapter, Kwargs } from "./adapter.ts";
import {
  elementsOf,
  floatOf,
  isTagged,
  type DTypeName,
  type Tagged,
  type TensorNode,
  type Tree,
  type TypedArray,
} from "./format.ts";
import { NotImplementedHere } from "./not-implemented.ts";

/** Keywords of Python's that say nothing about the result; a layout does where there is but one. */
const DROPPED_KEYWORDS = new Set(["device", "layout", "pin_memory", "generator"]);

export class Decoder {
  /** The tensors made so far, by their number in the case. */
  readonly tensors = new Map<number, unknown>();
  readonly #adapter: Adapter;
  readonly #withGrad: boolean;

  /** `withGrad`: tensors that required grad in PyTorch require it here; otherwise none does. */
  constructor(adapter: Adapter, withGrad = false) {
    this.#adapter = adapter;
    this.#withGrad = withGrad;
  }

  value(tree: Tree): unknown {
    if (Array.isArray(tree)) return tree.map((item) => this.value(item));
    return isTagged(tree) ? this.#tagged(tree) : tree;
  }

  values(trees: readonly Tree[]): unknown[] {
    return trees.map((tree) => this.value(tree));
  }

  kwargs(recorded: Record<string, Tree> | undefined): Kwargs {
    const kwargs: Kwargs = {};
    for (const [name, tree] of Object.entries(recorded ?? {})) {
      const told = name === "layout" && isTagged(tree) && tree.$ === "layout" && tree.v !== "strided";
      if (told || !DROPPED_KEYWORDS.has(name)) kwargs[name] = this.value(tree);
    }
    return kwargs;
  }

  /** The parts of a subscript: what stands between the brackets, a tuple spread out. */
  index(tree: Tree): unknown[] {
    return isTagged(tree) && tree.$ === "tuple" ? this.values(tree.v) : [this.value(tree)];
  }

  tensor(node: TensorNode): unknown {
    const requiresGrad = this.#withGrad && node.requires_grad === true;
    const data = elementsOf(node).slice();
    const tensor =
      node.strides === undefined
        ? this.#adapter.makeTensor(data, node.shape, node.dtype, requiresGrad)
        : this.#adapter.makeStridedTensor(data, node.shape, node.strides, node.dtype, requiresGrad);
    this.tensors.set(node.t, tensor);
    return tensor;
  }

  /** On the CPU whatever device is under test. */
  protected hostTensor(elements: TypedArray | number, dtype: DTypeName): unknown {
    const make = this.#adapter.lookup("torch.tensor") as (elements: unknown, options: object) => unknown;
    return make(elements, { dtype, device: "cpu" });
  }

  /** As in PyTorch, the batch sizes are on the CPU. */
  #packed([data, sizes, ...indices]: readonly Tree[]): unknown {
    const batchSizes = this.hostTensor(elementsOf(sizes as TensorNode).slice(), "int64");
    const rest = indices.map((index) => this.value(index));
    return this.#adapter.construct("torch.nn.utils.rnn.PackedSequence", [this.value(data!), batchSizes, ...rest]);
  }

  #tagged(node: Tagged): unknown {
    const adapter = this.#adapter;
    switch (node.$) {
      case "tensor":
        return this.tensor(node);
      case "ref":
        return this.tensors.get(node.t);
      case "float":
        return floatOf(node);
      case "int":
        return BigInt(node.v);
      case "tuple":
      case "size":
        return node.v.map((item) => this.value(item));
      case "packed":
        return this.#packed(node.v);
      case "dict":
      case "ordered_dict":
        return Object.fromEntries(node.v.map(([key, value]) => [String(key as string | number), this.value(value)]));
      case "complex":
        if (!adapter.has("torch.Complex")) throw new NotImplementedHere("complex scalars (torch.Complex)");
        return adapter.construct("torch.Complex", this.values(node.v));
      case "dtype":
        return adapter.dtype(node.v);
      case "memory_format":
      case "layout":
        return adapter.lookup(`torch.${node.v}`);
      case "device":
        return node.v;
      case "slice":
        return adapter.slice(this.value(node.v[0]), this.value(node.v[1]), this.value(node.v[2]));
      case "ellipsis":
        return "...";
      case "module":
        return adapter.construct(node.v, []);
      case "fn":
        return adapter.lookup(node.v);
      case "set":
      case "bytes":
      case "ndarray":
      case "reg":
      case "expr":
        throw new NotImplementedHere(`a recorded ${node.$} as an argument`);
    }
  }
}
