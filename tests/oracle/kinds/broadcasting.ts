/** Broadcasting: the result or the error for pairs of shapes, as a function, in place, and of the shapes alone. */
import type { Adapter } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import type { RecordedError, TensorNode, Tree } from "../format.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface Outcome {
  out?: Tree;
  error?: RecordedError;
}

interface BroadcastingCase extends Outcome {
  kind: "add" | "matmul" | "expand";
  a: TensorNode;
  b?: TensorNode;
  size?: number[];
  inplace?: Outcome;
  shapes?: Outcome;
}

export const broadcasting = defineKind<BroadcastingCase>({
  operator: (record) => `torch.${record.kind}`,
  *checks(record, { adapter }) {
    const { a, b, inplace, shapes } = record;
    const tensor = (node: TensorNode) => new Decoder(adapter).tensor(node);
    yield {
      label: record.kind,
      run: () =>
        judge(adapter, record, () =>
          record.kind === "expand"
            ? adapter.method(tensor(a), "expand", [record.size!])
            : adapter.call(`torch.${record.kind}`, [tensor(a), tensor(b!)]),
        ),
    };
    if (inplace !== undefined) {
      yield {
        label: "add_",
        run: () => judge(adapter, inplace, () => adapter.method(tensor(a), "add_", [tensor(b!)])),
      };
    }
    if (shapes !== undefined) {
      yield {
        label: "broadcast_shapes",
        run: () => judge(adapter, shapes, () => adapter.call("torch.broadcast_shapes", [a.shape, b!.shape])),
      };
    }
  },
});

async function judge(adapter: Adapter, recorded: Outcome, action: () => Promise<unknown>): Promise<string | null> {
  if (recorded.error !== undefined) return mustRefuse(adapter, recorded.error, action);
  return new Comparison(adapter).expect(await action(), recorded.out ?? null).verdict();
}
