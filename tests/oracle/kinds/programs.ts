/**
 * Random straight-line programs over registers, with views and in-place writes. Every register is read at the end: a
 * write through a view must show in its base and the reverse, and a value taken before a write must not change.
 */
import type { Adapter, Kwargs } from "../adapter.ts";
import { listOf } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import { isTagged, type TensorNode, type Tolerance, type Tree } from "../format.ts";
import { judged } from "../gradients.ts";
import { invoke, type CallKind } from "../invoke.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface Statement {
  kind: CallKind | "setitem";
  name: string;
  args: Tree[];
  kwargs?: Record<string, Tree>;
  /** The register that takes the result; in-place statements have none. */
  out?: string;
  /** Which of several results. */
  pick?: number;
}

interface ProgramCase {
  mode: string;
  inputs: Record<string, TensorNode>;
  code: Statement[];
  final: Record<string, TensorNode>;
  tol?: Tolerance;
  grad?: { of: string; cotangent: TensorNode; grads: Record<string, TensorNode | null>; tol?: Tolerance };
  /** PyTorch refuses to differentiate this register: a saved value was overwritten. */
  backward_error?: { of: string; message: string };
}

type Registers = Map<string, unknown>;

export const programs = defineKind<ProgramCase>({
  operator: (record) => `programs (${record.mode})`,
  *checks(record, { adapter }) {
    yield { label: "program", run: () => checkProgram(adapter, record) };
    if (record.backward_error !== undefined) {
      yield { label: "backward error", run: () => checkBackwardError(adapter, record, record.backward_error!) };
    }
  },
});

/** A recorded argument with registers in it. */
function argument(adapter: Adapter, registers: Registers, tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map((part) => argument(adapter, registers, part));
  if (isTagged(tree) && tree.$ === "reg") return registers.get(tree.v);
  if (isTagged(tree) && tree.$ === "tuple") return tree.v.map((part) => argument(adapter, registers, part));
  return new Decoder(adapter).value(tree);
}

/** A subscript: the members of a tuple, or its only part. */
function subscript(adapter: Adapter, registers: Registers, tree: Tree): unknown[] {
  const parts = argument(adapter, registers, tree);
  return isTagged(tree) && tree.$ === "tuple" ? (parts as unknown[]) : [parts];
}

async function execute(adapter: Adapter, record: ProgramCase): Promise<Registers> {
  const registers: Registers = new Map();
  for (const [name, node] of Object.entries(record.inputs)) {
    registers.set(name, new Decoder(adapter, true).tensor(node));
  }
  for (const statement of record.code) await executeStatement(adapter, registers, statement);
  return registers;
}

async function executeStatement(adapter: Adapter, registers: Registers, statement: Statement): Promise<void> {
  const args = statement.args.map((tree) => argument(adapter, registers, tree));
  const { kind, name } = statement;
  if (kind === "setitem") {
    await adapter.setItem(args[0], subscript(adapter, registers, statement.args[1]!), args[2]);
    return;
  }
  if (kind === "getitem") args[1] = subscript(adapter, registers, statement.args[1]!);
  const kwargs: Kwargs = {};
  for (const [key, tree] of Object.entries(statement.kwargs ?? {})) kwargs[key] = argument(adapter, registers, tree);
  const result = await invoke(adapter, kind, name, args, kwargs);
  if (statement.out === undefined) return;
  registers.set(statement.out, statement.pick === undefined ? result : listOf(result, undefined)?.[statement.pick]);
}

async function checkProgram(adapter: Adapter, record: ProgramCase): Promise<string | null> {
  const registers = await execute(adapter, record);
  return judged(adapter, async (comparison) => {
    for (const [name, node] of Object.entries(record.final)) {
      comparison.expect(registers.get(name), node, { tolerance: record.tol }, name);
    }
    if (record.grad === undefined) return;
    const { of, cotangent, grads, tol } = record.grad;
    const names = Object.keys(grads);
    const inputs = names.map((name) => registers.get(name));
    const seed = new Decoder(adapter).tensor(cotangent);
    const live = await adapter.grad([registers.get(of)], inputs, [seed]);
    names.forEach((name, i) => comparison.expectGradient(live[i], grads[name] ?? null, tol, `gradient of ${name}`));
  });
}

async function checkBackwardError(
  adapter: Adapter,
  record: ProgramCase,
  { of, message }: { of: string; message: string },
): Promise<string | null> {
  const registers = await execute(adapter, record);
  const inputs = Object.keys(record.inputs).filter((name) => record.inputs[name]!.requires_grad === true);
  const output = registers.get(of);
  return mustRefuse(adapter, { type: "RuntimeError", message }, async () => {
    const seed = await adapter.call("torch.ones_like", [output]);
    return adapter.grad(
      [output],
      inputs.map((name) => registers.get(name)),
      [seed],
    );
  });
}
