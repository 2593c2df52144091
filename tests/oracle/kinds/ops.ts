/** Operator cases (`ops_*`): every spelling that PyTorch answers with the recorded result, and its gradients. */
import type { Adapter, Kwargs } from "../adapter.ts";
import type { CompareMode } from "../compare.ts";
import { liveLeaves, type CompareOptions } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import {
  floatOf,
  isTagged,
  isTensorNode,
  membersOf,
  type RecordedError,
  type TensorNode,
  type Tolerance,
  type Tree,
} from "../format.ts";
import { expectGradients, judged, type RecordedGradient, type RecordedSecondGradient } from "../gradients.ts";
import { invoke, type CallKind } from "../invoke.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface OperatorCase {
  op: string;
  calls: [CallKind, string][];
  args: Tree[];
  kwargs: Record<string, Tree>;
  out?: Tree;
  tol?: Tolerance;
  cmp?: CompareMode[];
  /** A sampler: only shapes and dtypes are comparable. */
  random?: boolean;
  /** Arguments that the call modifies. */
  after?: Record<string, TensorNode>;
  /** A whole Python float is among the numbers, and nothing says that it is none of int. */
  js_ambiguous?: boolean;
  grad?: RecordedGradient;
  grad2?: RecordedSecondGradient;
  error?: RecordedError;
}

export const ops = defineKind<OperatorCase>({
  operator: (record) => record.op,
  *checks(record, { adapter, callKinds }) {
    for (const [kind, name] of record.calls) {
      if (callKinds.size > 0 && !callKinds.has(kind)) continue;
      yield {
        label: `${kind} ${name}`,
        callee: calleeOf(kind, name),
        run: () => checkCall(adapter, record, kind, name),
      };
    }
  },
});

const calleeOf = (kind: CallKind, name: string): string =>
  kind === "function" || kind === "out" ? name : kind === "getitem" ? "Tensor.at" : `Tensor.${name}`;

/** Fresh arguments for one call. */
function decodeArguments(adapter: Adapter, record: OperatorCase, kind: CallKind, withGrad: boolean) {
  const { args, kwargs } = record;
  const decoder = saysFloats(record) ? new FloatsSaid(adapter, withGrad) : new Decoder(adapter, withGrad);
  return {
    args: kind === "getitem" ? [decoder.value(args[0]!), decoder.index(args[1]!)] : decoder.values(args),
    kwargs: decoder.kwargs(kwargs),
    tensors: decoder.tensors,
  };
}

/** Beside tensors the numbers of the cases say enough; alone they decide the type of the result. */
const saysFloats = ({ js_ambiguous, args, kwargs }: OperatorCase): boolean =>
  js_ambiguous === true && ![...args, ...Object.values(kwargs)].some(isTensorNode);

/**
 * A JavaScript number does not say that 2.0 is a float; a 0-d float32 tensor does, and promotes alike. So whole floats
 * that are arguments are such tensors, as a user would write them; those in lists are numbers.
 */
class FloatsSaid extends Decoder {
  override values(trees: readonly Tree[]): unknown[] {
    return trees.map((tree) => this.argument(tree));
  }

  override kwargs(recorded: Record<string, Tree>): Kwargs {
    const kwargs = super.kwargs(recorded);
    for (const name of Object.keys(kwargs)) kwargs[name] = this.argument(recorded[name]!);
    return kwargs;
  }

  private argument(tree: Tree): unknown {
    const isWhole = isTagged(tree) && tree.$ === "float" && Number.isInteger(tree.v);
    return isWhole ? this.hostTensor(floatOf(tree), "float32") : this.value(tree);
  }
}

async function checkCall(adapter: Adapter, record: OperatorCase, kind: CallKind, name: string): Promise<string | null> {
  if (record.error !== undefined) {
    const { args, kwargs } = decodeArguments(adapter, record, kind, false);
    return mustRefuse(adapter, record.error, () => invoke(adapter, kind, name, args, kwargs));
  }

  const writes = kind === "inplace" || kind === "out" || name.endsWith("_");
  const gradient = writes ? undefined : record.grad;
  const { args, kwargs, tensors } = decodeArguments(adapter, record, kind, gradient !== undefined);
  const recorded = record.out ?? null;
  const options: CompareOptions =
    record.random === true ? { mode: "meta" } : { tolerance: record.tol, modes: record.cmp };

  return judged(adapter, async (comparison) => {
    if (kind === "out") {
      const destination = emptyLike(adapter, recorded);
      await invoke(adapter, kind, name, args, { ...kwargs, out: destination });
      comparison.expect(destination, recorded, options);
    } else {
      const result = await invoke(adapter, kind, name, args, kwargs);
      comparison.expect(result, recorded, options);
      if (kind === "inplace" && isTensorNode(recorded))
        comparison.expect(args[0], recorded, options, "self afterwards");
      if (gradient !== undefined) {
        const leaves = liveLeaves(result, recorded);
        await expectGradients(adapter, comparison, leaves, tensors, gradient, { second: record.grad2 });
      }
    }
    if (kind === "inplace") return;
    for (const [t, node] of Object.entries(record.after ?? {})) {
      comparison.expect(tensors.get(Number(t)), node, { tolerance: record.tol }, `input ${t} afterwards`);
    }
  });
}

/** What `out=` is given: zeros in the result's shape and dtype, one for each of several results. */
function emptyLike(adapter: Adapter, recorded: Tree): unknown {
  const parts = membersOf(recorded);
  if (parts !== null) return parts.map((part) => emptyLike(adapter, part));
  if (!isTensorNode(recorded)) throw new NotImplementedHere("out= for a result that is no tensor");
  const bytes = Buffer.from(recorded.data, "base64").length;
  const zeros = { ...recorded, data: Buffer.alloc(bytes).toString("base64") };
  delete zeros.strides;
  return new Decoder(adapter).tensor(zeros);
}
