/** nn.Module cases: construct, load the recorded state, call, differentiate; and the module's repr. */
import { member, type Adapter } from "../adapter.ts";
import { liveLeaves } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import type { TensorNode, Tolerance, Tree } from "../format.ts";
import { expectGradients, judged, type RecordedGradient } from "../gradients.ts";
import { buildRecipe, callModule, construct, loadState, parametersOf, stateOf, type Recipe } from "../modules.ts";
import { representation } from "../representation.ts";
import { defineKind } from "./kind.ts";

interface ModuleCase {
  module: string;
  /** Composite modules ("custom.lenet") have a recipe instead of a constructor call. */
  ctor?: { args: Tree[]; kwargs: Record<string, Tree> };
  build?: Recipe;
  training: boolean;
  state: Record<string, TensorNode>;
  repr: string;
  args: Tree[];
  kwargs: Record<string, Tree>;
  out: Tree;
  tol?: Tolerance;
  /** Dropout in training: only shapes are comparable. */
  random?: boolean;
  /** Buffers, and parameters, that the call changes. */
  state_after?: Record<string, TensorNode>;
  grad?: RecordedGradient;
}

export const modules = defineKind<ModuleCase>({
  operator: (record) => record.module,
  *checks(record, { adapter }) {
    yield { label: record.training ? "train" : "eval", run: () => checkModule(adapter, record) };
    yield { label: "repr", run: () => checkRepr(adapter, record) };
  },
});

function make(adapter: Adapter, record: ModuleCase, decoder: Decoder): unknown {
  if (record.build !== undefined) return buildRecipe(adapter, record.build);
  const { args, kwargs } = record.ctor!;
  return construct(adapter, record.module, decoder.values(args), decoder.kwargs(kwargs));
}

async function checkModule(adapter: Adapter, record: ModuleCase): Promise<string | null> {
  const module = make(adapter, record, new Decoder(adapter));
  await loadState(adapter, module, record.state);
  await adapter.method(module, "train", [record.training]);

  const decoder = new Decoder(adapter, record.grad !== undefined);
  const args = decoder.values(record.args);
  const kwargs = decoder.kwargs(record.kwargs);
  return judged(adapter, async (comparison) => {
    const result = await callModule(module, args, kwargs);
    comparison.expect(result, record.out, record.random === true ? { mode: "meta" } : { tolerance: record.tol });
    if (record.state_after !== undefined) {
      const state = await stateOf(adapter, module);
      for (const [name, node] of Object.entries(record.state_after)) {
        comparison.expect(state.get(name), node, { tolerance: record.tol }, `state ${name}`);
      }
    }
    if (record.grad !== undefined) {
      const leaves = liveLeaves(result, record.out);
      const parameters = await parametersOf(adapter, module);
      await expectGradients(adapter, comparison, leaves, decoder.tensors, record.grad, { parameters });
    }
  });
}

async function checkRepr(adapter: Adapter, record: ModuleCase): Promise<string | null> {
  const module = make(adapter, record, new Decoder(adapter));
  if (member(module, "training") !== record.training) await adapter.method(module, "train", [record.training]);
  const text = await representation(adapter, module);
  return text === record.repr ? null : `got\n${text}\nexpected\n${record.repr}`;
}
