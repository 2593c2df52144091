/** Operator cases (`ops_*`): every spelling that PyTorch answers with the recorded result, and its gradients. */
import type { Adapter } from "../adapter.ts";
import type { CompareMode } from "../compare.ts";
import { liveLeaves, type CompareOptions } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import { isTensorNode, membersOf, type RecordedError, type TensorNode, type Tolerance, type Tree } from "../format.ts";
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
  /** A whole Python float meets integer tensors: a JavaScript number cannot say so. */
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
      yield { label: `${kind} ${name}`, run: () => checkCall(adapter, record, kind, name) };
    }
  },
});

/** Fresh arguments for one call. */
function decodeArguments(adapter: Adapter, record: OperatorCase, kind: CallKind, withGrad: boolean) {
  const decoder = new Decoder(adapter, withGrad);
  const args =
    kind === "getitem" ? [decoder.value(record.args[0]!), decoder.index(record.args[1]!)] : decoder.values(record.args);
  return { args, kwargs: decoder.kwargs(record.kwargs), tensors: decoder.tensors };
}

async function checkCall(adapter: Adapter, record: OperatorCase, kind: CallKind, name: string): Promise<string | null> {
  if (record.js_ambiguous === true) {
    throw new NotImplementedHere("a whole Python float with integer tensors: a JavaScript number cannot say it");
  }
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
