/**
 * Control flow that depends on data: `scan`, `cond` and `while_loop`. Each function is recorded, over tensors that stand
 * for its arguments, and computes nothing meanwhile.
 * https://docs.pytorch.org/docs/stable/cond.html
 */
import { ArgumentError, DeviceError, DTypeError, ReadError, ShapeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { type Node } from "../ir/graph.ts";
import { recordCond, recordLoop } from "../ir/regions.ts";
import { axisOf } from "../ir/ops/support.ts";
import { formatShape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { signature } from "./arguments.ts";
import { inBodyOf, refuseInBody } from "./body-scope.ts";
import { collectingChecks, restateCheck, type NumberedCheck } from "./checks.ts";
import { tracing } from "./host-effects.ts";
import { withoutReturning } from "./nn/returned.ts";
import { tensorTree, type TensorTree } from "./pytree.ts";
import { recorder } from "./recorder.ts";
import { withSite } from "./site.ts";
import { graph } from "./state.ts";
import { undoingWrites } from "./storage.ts";
import { Tensor } from "./tensor.ts";
import { behindMarkers } from "./value.ts";

/** What recording a function once gave. */
interface RecordedBody<T> {
  readonly result: T;
  /** Conditions on values inside. */
  readonly checks: readonly NumberedCheck[];
}

/** Records a function; it leaves nothing behind but its result. */
function recordBody<T>(operator: string, run: () => T): RecordedBody<T> {
  return collectingChecks(() =>
    inBodyOf(operator, () => withoutReturning(() => undoingWrites(run, refuseWrite(operator)).result)),
  );
}

const refuseWrite = (operator: string) => (storage: { dtype: string; shape: readonly number[] }, write: string) =>
  withSite((): never => {
    throw new ArgumentError(
      `${operator}/write`,
      `${operator}: ${write} writes a ${storage.dtype}[${storage.shape.join(", ")}] that comes from outside of the function: it might be modifying the input.`,
      "Return the new value, or write to a clone().",
    );
  });

function requireValue(operator: string, result: unknown): unknown {
  if (result instanceof Promise)
    throw new ArgumentError(`${operator}/async`, `${operator}: the function is async: it must return its result.`);
  return result;
}

function requireFunctions(operator: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions))
    if (typeof value !== "function")
      throw new ArgumentError(
        `${operator}/callable`,
        `${operator}: Expected ${name} to be callable, got ${value === null ? "null" : typeof value}.`,
      );
}

/** @throws DeviceError when the tensors are on several devices */
function deviceOf(operator: string, tensors: readonly Tensor[]): Device {
  const { device } = tensors[0]!.storage_;
  const other = tensors.find((tensor) => tensor.storage_.device !== device);
  if (other !== undefined)
    throw new DeviceError(
      `${operator}/device`,
      `${operator}: Expected all tensors to be on the same device, got ${String(tensors[0])} and ${String(other)}.`,
      `Move one with tensor.to("${device.name}").`,
    );
  return device;
}

/** @throws ArgumentError for another structure, DTypeError or ShapeError for another type or shape, naming both */
function requireSame(operator: string, [oldName, before]: Named, [newName, after]: Named): void {
  if (before.paths.join() !== after.paths.join())
    throw new ArgumentError(
      `${operator}/structure`,
      `${operator}: Expected ${oldName} and ${newName} to have the same structure, but got {${before.paths.join(", ")}} and {${after.paths.join(", ")}}.`,
    );
  before.leaves.forEach((leaf, i) => {
    const next = after.leaves[i]!;
    const path = before.paths[i]!;
    const message = `${operator}: Expected ${oldName} and ${newName} to have same metadata but found: ${oldName}${path} is ${described(leaf)}, ${newName}${path} is ${described(next)}.`;
    if (leaf.dtype !== next.dtype) throw new DTypeError(`${operator}/dtype`, message, "Convert one with .to(dtype).");
    if (leaf.shape.length !== next.shape.length || leaf.shape.some((size, axis) => size !== next.shape[axis]))
      throw new ShapeError(`${operator}/shape`, message);
  });
}
const described = ({ dtype, shape }: Tensor): string => `${dtype.name}${formatShape(shape)}`;
type Named = readonly [name: string, tree: TensorTree];

const tensorsOf = (nodes: readonly Node[], device: Device): Tensor[] =>
  nodes.map((node) => Tensor.ofNode(node, device));
const nodesOf = ({ leaves }: TensorTree): Node[] => leaves.map((leaf) => leaf.node_());

// ---- scan

const scanOptions = signature<[dim: number, reverse: boolean]>()("*, dim?, reverse?");
export interface ScanOptions {
  /** The dimension of xs to go along. */
  readonly dim?: number;
  /** From the last slice to the first. */
  readonly reverse?: boolean;
}

/**
 * Calls [carry, y] = combine_fn(carry, x) for one slice x of xs after another. Gives the last carry, and the ys stacked
 * along a new first dimension. Carry, xs and y are tensors, or nested arrays, objects and Maps of them. combine_fn is
 * recorded once; the program has one loop, however long xs is.
 * @throws DTypeError or ShapeError when the carry changes
 * @see https://docs.pytorch.org/docs/main/higher_order_ops/scan.html
 */
export function scan<C, X, Y>(
  combine_fn: (carry: C, x: X) => readonly [carry: C, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: C, ys: Y] {
  return withSite(() => {
    requireFunctions("scan", { combine_fn });
    const { dim = 0, reverse = false } = scanOptions.bind("scan", [options]);
    const carry = tensorTree("scan: init", init);
    const items = tensorTree("scan: xs", xs);
    if (carry.leaves.length === 0) throw new ArgumentError("scan/init", "scan: Expected init to have tensor leaves.");
    if (items.leaves.length === 0) throw new ArgumentError("scan/xs", "scan: Expected xs to have tensor leaves.");
    const device = deviceOf("scan", [...carry.leaves, ...items.leaves]);
    const { count, scanned } = slicesOf(items, dim);
    enterScope(device.name);
    let ys: TensorTree | null = null;
    let stated: readonly NumberedCheck[] = [];
    const { carried, outputs } = recordLoop(
      graph,
      { count, reverse, carried: nodesOf(carry), scanned },
      (states, slices) => {
        const given = [
          carry.rebuild(tensorsOf(states, device)) as C,
          items.rebuild(tensorsOf(slices, device)) as X,
        ] as const;
        const { result, checks } = recordBody("scan", () => taken(combine_fn(...given)));
        const { next, output } = result;
        requireSame("scan", ["init", carry], ["carry", next]);
        deviceOf("scan", [...carry.leaves, ...next.leaves, ...output.leaves]);
        ys = output;
        stated = checks;
        return {
          carried: nodesOf(next),
          outputs: [...nodesOf(output), ...checks.map(({ failed }) => failed)],
        };
      },
    );
    const tree = ys as unknown as TensorTree;
    const flags = outputs.slice(tree.leaves.length);
    const checked = (node: Node): Node =>
      stated.reduce((subject, check, i) => restateCheck(subject, check, flags[i]!), node);
    return [
      carry.rebuild(tensorsOf(carried.map(checked), device)) as C,
      tree.rebuild(tensorsOf(outputs.slice(0, tree.leaves.length).map(checked), device)) as Y,
    ];
  });
}

interface Combined {
  readonly next: TensorTree;
  readonly output: TensorTree;
}
function taken(given: unknown): Combined {
  const pair = requireValue("scan", given);
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new ArgumentError("scan/result", "scan: combine_fn must return [carry, y].");
  return {
    next: tensorTree("scan: the carry that combine_fn returns", pair[0]),
    output: tensorTree("scan: the y that combine_fn returns", pair[1]),
  };
}

/** xs with the dimension to go along first. */
function slicesOf(items: TensorTree, dim: number): { readonly count: number; readonly scanned: Node[] } {
  const axes = items.leaves.map((leaf) => axisOf("scan", dim, leaf.ndim));
  const sizes = items.leaves.map((leaf, i) => leaf.shape[axes[i]!]);
  const count = sizes[0];
  if (count === undefined || count === 0)
    throw new ShapeError(
      "scan/empty",
      `scan: All xs leaves must at least have 'dim' number of dimensions and scan dimension > 0, got ${items.leaves.map(String).join(", ")}.`,
    );
  if (sizes.some((size) => size !== count))
    throw new ShapeError(
      "scan/sizes",
      `scan: All xs leaves must have the same size along dimension ${dim}, got ${items.leaves.map(String).join(", ")}.`,
    );
  const scanned = items.leaves.map((leaf, i) => {
    const axis = axes[i]!;
    const rest = leaf.shape.map((_, k) => k).filter((k) => k !== axis);
    return axis === 0 ? leaf.node_() : graph.permute(leaf.node_(), [axis, ...rest]);
  });
  return { count, scanned };
}

// ---- cond

/**
 * true_fn(...operands) where pred (bool[] or a bool) is true, else false_fn(...operands). Both are recorded, the chosen
 * one is computed (on WebGPU both are), and only its gradient counts. They return tensors of the same types and shapes.
 * @throws DTypeError or ShapeError when the branches' results differ
 * @see https://docs.pytorch.org/docs/stable/cond.html
 */
export function cond<A extends readonly unknown[], R>(
  pred: Tensor | boolean,
  true_fn: (...operands: A) => R,
  false_fn: (...operands: A) => R,
  operands: A = [] as unknown as A,
): R {
  return withSite(() => {
    requireFunctions("cond", { true_fn, false_fn });
    if (typeof pred === "boolean") return (pred ? true_fn : false_fn)(...operands);
    const predicate = predicateOf("cond", "pred", pred);
    const given = tensorTree("cond: operands", operands);
    const device = deviceOf("cond", [pred, ...given.leaves]);
    enterScope(device.name);
    const trees: TensorTree[] = [];
    const conditions: { check: NumberedCheck; inTrue: boolean }[] = [];
    const branch = (run: (...operands: A) => R, inTrue: boolean) => (): Node[] => {
      const { result: tree, checks } = recordBody("cond", () =>
        tensorTree("cond: a branch's result", requireValue("cond", run(...operands))),
      );
      trees.push(tree);
      conditions.push(...checks.map((check) => ({ check, inTrue })));
      if (trees.length === 2) requireSame("cond", ["true_fn's result", trees[0]!], ["false_fn's result", tree]);
      deviceOf("cond", [pred, ...tree.leaves]);
      return nodesOf(tree);
    };
    const results = recordCond(graph, predicate, branch(true_fn, true), branch(false_fn, false));
    // A condition of the branch that is not taken does not count.
    const checked = (node: Node): Node =>
      conditions.reduce((subject, { check, inTrue }) => {
        const counts = graph.reshape(inTrue ? predicate : graph.not(predicate), [1]);
        return restateCheck(subject, check, graph.and(graph.detach(counts), check.failed));
      }, node);
    return trees[0]!.rebuild(tensorsOf(results.map(checked), device)) as R;
  });
}

function predicateOf(operator: string, what: string, pred: unknown): Node {
  if (!(pred instanceof Tensor))
    throw new ArgumentError(
      `${operator}/pred`,
      `${operator}: Expected ${what} to be bool or tensor, but got ${typeof pred}.`,
    );
  if (pred.numel() !== 1)
    throw new ShapeError(
      `${operator}/pred`,
      `${operator}: Expected ${what} to be bool or single-element tensor, but got ${String(pred)}.`,
    );
  if (pred.dtype.name !== "bool")
    throw new DTypeError(`${operator}/pred`, `${operator}: Expected ${what} to be bool, but got ${String(pred)}.`);
  return graph.reshape(pred.node_(), []);
}

// ---- while_loop

/**
 * carried = body_fn(...carried) while cond_fn(...carried), a bool[], is true. The condition is read in each iteration,
 * which runs one compiled program: gradients flow through the iterations that were run.
 * @throws ReadError naming while_loopAsync on a device that is read by promises only
 * @see https://docs.pytorch.org/docs/main/higher_order_ops/while_loop.html
 */
export function while_loop<C extends readonly unknown[]>(
  cond_fn: (...carried: C) => Tensor | boolean,
  body_fn: (...carried: C) => readonly [...C],
  carried_inputs: readonly [...C],
): C {
  return withSite(() => {
    const loop = whileLoop(cond_fn, body_fn, carried_inputs);
    if (!loop.device.synchronous)
      throw new ReadError(
        "while_loop/depends-on-data",
        `while_loop: its condition depends on data, which takes a promise on ${loop.device.name}.`,
        "Use the ...Async twin: await while_loopAsync(...).",
      );
    for (let going = loop.test(); going === true || (going !== false && going.item() === true); going = loop.test())
      loop.step();
    return loop.carried();
  });
}

/** The same for every device: the condition is awaited. */
export async function while_loopAsync<C extends readonly unknown[]>(
  cond_fn: (...carried: C) => Tensor | boolean,
  body_fn: (...carried: C) => readonly [...C],
  carried_inputs: readonly [...C],
): Promise<C> {
  const loop = withSite(() => whileLoop(cond_fn, body_fn, carried_inputs));
  for (
    let going = withSite(loop.test);
    going === true || (going !== false && (await going.itemAsync()) === true);
    going = withSite(loop.test)
  )
    withSite(loop.step);
  return loop.carried();
}

interface WhileLoop<C> {
  readonly device: Device;
  /** The condition, computed together with what the last step gave. */
  test(): Tensor | boolean;
  step(): void;
  carried(): C;
}

function whileLoop<C extends readonly unknown[]>(
  cond_fn: (...carried: C) => Tensor | boolean,
  body_fn: (...carried: C) => readonly [...C],
  carried_inputs: readonly [...C],
): WhileLoop<C> {
  requireFunctions("while_loop", { cond_fn, body_fn });
  refuseInBody("while_loop reads its condition", "scan repeats a number of times that is known.");
  const initial = tensorTree("while_loop: carried_inputs", carried_inputs);
  const isList: boolean = Array.isArray(carried_inputs);
  if (!isList || initial.leaves.length === 0)
    throw new ArgumentError("while_loop/carried", "while_loop: carried_inputs must be an array with tensors in it.");
  const device = deviceOf("while_loop", initial.leaves);
  let carried = carried_inputs as unknown as C;
  let leaves = initial.leaves;
  return {
    device,
    test() {
      const { result, checks } = recordBody("while_loop", () => cond_fn(...carried));
      if (typeof result === "boolean") return result;
      const node = predicateOf("while_loop", "the result of cond_fn", result);
      const condition = checked(node, checks);
      // Together, so that the next step starts from values.
      if (!tracing.active)
        recorder.flush(
          [condition, ...leaves.map((leaf) => leaf.node_())].map((x) => ({ node: behindMarkers(x), hint: "escapes" })),
          device,
        );
      return Tensor.ofNode(condition, device);
    },
    step() {
      const { result: next, checks } = recordBody("while_loop", () =>
        tensorTree("while_loop: the result of body_fn", requireValue("while_loop", body_fn(...carried))),
      );
      requireSame("while_loop", ["carried_inputs", initial], ["body_output", next]);
      leaves = tensorsOf(
        nodesOf(next).map((node) => checked(node, checks)),
        device,
      );
      carried = next.rebuild(leaves) as C;
    },
    carried: () => carried,
  };
}

/** Outside of a region, a condition is computed as it is. */
const checked = (node: Node, checks: readonly NumberedCheck[]): Node =>
  checks.reduce((subject, check) => restateCheck(subject, check, check.failed), node);
