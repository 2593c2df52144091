/** Backward passes over the recorded graph. Gradients are ordinary lazy tensors. */
import { AutogradError, ArgumentError } from "../ir/errors.ts";
import { isComplex } from "../ir/dtype.ts";
import { enterScope, forgetInterned } from "../ir/interning.ts";
import { nextNodeId, type Node } from "../ir/graph.ts";
import { formatShape, sameShape, sizeText } from "../ir/shape.ts";
import { differentiate, type DifferentiateHooks } from "../passes/differentiate.ts";
import { refuseInBody } from "./body-scope.ts";
import { isPlainObject } from "./bind.ts";
import { withSite } from "./call.ts";
import { GradientEdge } from "./gradient-edge.ts";
import { afterStep, beforeStep, hookResult, throughStep } from "./node-hook-calls.ts";
import { isSingleNode, knownHooksOf } from "./node-hooks.ts";
import { operationOf, stepped } from "./operations.ts";
import { activeHooks, packSaved, Unpacking } from "./saved-hooks.ts";
import { anomaly, backwardWatch, checkSaved, freeSaved, noteOperation } from "./saved-values.ts";
import { captureSite } from "./site.ts";
import { graph } from "./state.ts";
import { laidOutLike } from "./laid-out.ts";
import { hasStandIns, ownerOfLeaf } from "./leaf-owners.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { withGradMode } from "./grad-mode.ts";
import { knownWatchersOf } from "./watched.ts";

/** What gradients are taken of or by: tensors, or places in the graph. */
type Ends = Tensor | GradientEdge | readonly (Tensor | GradientEdge)[];
type MaybeTensors = Tensor | null | undefined | readonly (Tensor | null | undefined)[];
const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];
const tensorsAt = (ends: Ends): readonly Tensor[] =>
  list(ends).map((end) => (end instanceof GradientEdge ? end.standIn_ : end));

export interface GradOptions {
  readonly grad_outputs?: MaybeTensors;
  readonly retain_graph?: boolean | null | undefined;
  readonly create_graph?: boolean | undefined;
  readonly only_inputs?: boolean | undefined;
  readonly allow_unused?: boolean | null | undefined;
  readonly is_grads_batched?: boolean | undefined;
  readonly materialize_grads?: boolean | undefined;
}
/** Options of `Tensor.backward`. */
export interface BackwardOptions {
  readonly gradient?: Tensor | null | undefined;
  readonly retain_graph?: boolean | null | undefined;
  readonly create_graph?: boolean | undefined;
  readonly inputs?: Ends | null | undefined;
}
/** Options of `autograd.backward`. */
export interface BackwardAllOptions extends Omit<BackwardOptions, "gradient"> {
  readonly grad_tensors?: MaybeTensors;
  /** The former name of grad_tensors. */
  readonly grad_variables?: MaybeTensors;
}

/** One gradient for each input, as many as there are. */
type Gradients<I extends Ends, G = Tensor> = I extends readonly unknown[] ? { -readonly [K in keyof I]: G } : [G];

/** @throws AutogradError for an output that rests on nothing that is differentiated */
function requireHistory(name: string, outputs: readonly Tensor[]): void {
  const which = outputs.findIndex((output) => !output.requires_grad);
  if (which >= 0)
    throw new AutogradError(
      `${name}/no-grad`,
      `${name}: element ${which} of tensors does not require grad and does not have a grad_fn, got ${String(outputs[which])}.`,
      "Call requires_grad_() on an input before computing it.",
    );
}

/** The gradients that start a backward pass. */
function seeds(name: string, outputs: readonly Tensor[], given: readonly (Tensor | null | undefined)[]): Node[] {
  if (given.length !== outputs.length && given.some((grad) => grad !== null && grad !== undefined))
    throw new ArgumentError(
      `${name}/gradients`,
      `${name}: got ${outputs.length} tensors and ${given.length} gradients.`,
      "Pass one gradient for each, or null.",
    );
  requireHistory(name, outputs);
  return outputs.map((output, i) => {
    const grad = given[i];
    const node = output.node_();
    if (grad === null || grad === undefined) {
      if (output.numel() !== 1)
        throw new AutogradError(
          `${name}/scalar`,
          `${name}: grad can be implicitly created only for scalar outputs, got ${node.dtype}${formatShape(node.shape)}.`,
          "Pass a gradient of the output's shape, or reduce it with sum() or mean().",
        );
      if (isComplex(node.dtype))
        throw new AutogradError(
          `${name}/complex`,
          `${name}: grad can be implicitly created only for real scalar outputs but got torch.${node.dtype}.`,
          "Pass a gradient, or take the real part or the absolute value.",
        );
      return graph.full(node.shape, 1, node.dtype);
    }
    if (!sameShape(grad.shape, output.shape))
      throw new AutogradError(
        `${name}/gradient-shape`,
        `${name}: Mismatch in shape: grad_output[${i}] has a shape of ${sizeText(grad.shape)} and output[${i}] has a shape of ${sizeText(output.shape)}.`,
      );
    return graph.cast(grad.node_(), node.dtype);
  });
}

interface Pass {
  readonly name: string;
  readonly outputs: readonly Tensor[];
  readonly gradients: readonly (Tensor | null | undefined)[];
  /** For each target the nodes that it is in the graph. */
  readonly targets: readonly (readonly Node[])[];
  readonly retain: boolean;
  readonly create: boolean;
}

/** The backward pass that is under way, and what is done when its gradients are computed. */
let underWay: { readonly atEnd: (() => void)[] } | null = null;
export const passUnderWay = (): object | null => underWay;
export function onPassEnd(run: () => void): void {
  underWay?.atEnd.push(run);
}

function run(pass: Pass): (Node | null)[] {
  const outer = underWay;
  const own = { atEnd: [] as (() => void)[] };
  underWay = own;
  try {
    const result = computed(pass);
    for (const end of own.atEnd) withGradMode(pass.create, end);
    return result;
  } finally {
    underWay = outer;
  }
}

function computed(pass: Pass): (Node | null)[] {
  const device = pass.outputs[0]!.storage_.device;
  enterScope(device.name);
  return withGradMode(pass.create, () => {
    const roots = pass.outputs.map((output) => output.node_());
    const grads = seeds(pass.name, pass.outputs, pass.gradients);
    let firstNew = nextNodeId();
    const visited: Node[] = [];
    const site = captureSite();
    const anomalies = anomaly.enabled ? backwardWatch.value() : null;
    const unpacking = new Unpacking();
    const onRule = (node: Node, grads: readonly (Node | null)[], produced: readonly (Node | null)[]) => {
      checkSaved(pass.name, node, produced, firstNew);
      const unpacked = unpacking.applied(node, grads, produced);
      if (pass.create && activeHooks() !== null) packRule(node, grads, unpacked, firstNew, device);
      const passed = anomalies?.left(node, unpacked) ?? unpacked;
      firstNew = nextNodeId();
      visited.push(node);
      return passed;
    };
    const hooks: DifferentiateHooks = {
      onGradient: (node, grad) => {
        const current = unpacking.arriving(node, runHooks(node, grad, device));
        firstNew = nextNodeId();
        return current;
      },
      onNode: (node, grads) => {
        anomalies?.entering(node);
        const current = beforeStep(node, grads, device);
        firstNew = nextNodeId();
        return current;
      },
      through: (node, grads) => throughStep(node, grads, device, { onRule }),
      onRule: (node, grads, produced) => {
        const passed = onRule(node, grads, produced);
        const current = isSingleNode(node) ? afterStep(node, passed, grads, device) : passed;
        firstNew = nextNodeId();
        return current;
      },
    };
    let result: (Node | null)[];
    try {
      const found = differentiate(graph, roots, grads, pass.targets.flat(), hooks);
      let next = 0;
      result = pass.targets.map((nodes) => summed(nodes.map(() => found[next++] ?? null)));
    } catch (error) {
      anomalies?.failed(error);
      throw error;
    } finally {
      // Another pass makes nodes of its own, which tell what it uses, and a graph recorded anew does not meet those that
      // are given up.
      forgetInterned();
    }
    anomalies?.settle(result, device);
    if (!pass.retain) freeSaved(visited, site);
    return result;
  });
}

/** A rule whose gradients are recorded is an operator of its own: what it saves goes through hooks, too. */
function packRule(
  node: Node,
  grads: readonly (Node | null)[],
  produced: readonly (Node | null)[],
  firstNew: number,
  device: Tensor["storage_"]["device"],
): void {
  const results = produced.filter((grad) => grad !== null && grad.id >= firstNew) as Node[];
  const operation = operationOf(node);
  const read = operation === null ? [node, ...node.inputs] : [...operation.inputs, ...operation.results];
  const inputs = [...grads.filter((grad) => grad !== null), ...read];
  packSaved(noteOperation(results[0]?.op ?? node.op, inputs, results, firstNew), [], device);
}

/** While a compiled function is recorded: its recording is made for the hooks that a leaf has now. */
function guardHooks(leaf: Tensor): void {
  const read = (): string => [...(leaf.hooks_?.keys() ?? []), ...(leaf.accumulateHooks_?.keys() ?? [])].join(" ");
  traceObserver()?.guard(`the hooks of ${String(leaf)}`, read, { rare: true });
}

function runHooks(node: Node, grad: Node, device: Tensor["storage_"]["device"]): Node {
  let current = grad;
  const watchers = knownWatchersOf(node);
  const leaf = node.op === "leaf" ? ownerOfLeaf(node) : null;
  if (leaf !== null) guardHooks(leaf);
  for (const hook of [...(leaf?.hooks_?.values() ?? []), ...(watchers?.hooks.values() ?? [])]) {
    const replaced = hook(Tensor.ofNode(current, device)) as unknown;
    if (replaced !== null && replaced !== undefined) current = hookResult(replaced, current);
  }
  for (const tensor of watchers?.retaining ?? [])
    if (stepped(tensor.node_()) === node) accumulate(tensor, current, true);
  return current;
}

/**
 * Sums the gradients of outputs with respect to inputs, and returns them.
 * @throws AutogradError when an input was not used (unless allow_unused), or when the graph has been released
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html
 */
export function grad<const I extends Ends>(
  outputs: Ends,
  inputs: I,
  options: GradOptions & { readonly allow_unused: true },
): Gradients<I, Tensor | null>;
export function grad<const I extends Ends>(
  outputs: Ends,
  inputs: I,
  grad_outputs: MaybeTensors,
  options: GradOptions & { readonly allow_unused: true },
): Gradients<I, Tensor | null>;
export function grad<const I extends Ends>(outputs: Ends, inputs: I, options?: GradOptions): Gradients<I>;
export function grad<const I extends Ends>(
  outputs: Ends,
  inputs: I,
  grad_outputs?: MaybeTensors,
  options?: GradOptions,
): Gradients<I>;
export function grad(outputs: Ends, inputs: Ends, third?: MaybeTensors | GradOptions, fourth?: GradOptions): unknown {
  return withSite(() => {
    const isOptions = third !== null && third !== undefined && !(third instanceof Tensor) && !Array.isArray(third);
    const options: GradOptions = isOptions ? (third as GradOptions) : (fourth ?? {});
    const seedsGiven = isOptions || third === undefined ? options.grad_outputs : (third as MaybeTensors);
    if (options.only_inputs === false)
      warn(
        "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
      );
    if (options.materialize_grads === true && options.allow_unused === false)
      throw new ArgumentError(
        "grad/materialize",
        "grad: Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.",
      );
    const create = options.create_graph ?? false;
    const wanted = tensorsAt(inputs);
    if (wanted.length === 0)
      throw new ArgumentError("grad/inputs", "grad: `inputs` argument to `grad()` cannot be empty.");
    const roots = tensorsAt(outputs);
    requireHistory("grad", roots);
    const targets = wanted.map((input, i) => {
      if (!input.requires_grad)
        throw new AutogradError(
          "grad/input-no-grad",
          `grad: One of the differentiated Tensors does not require grad: input ${i} is ${String(input)}.`,
          "Call requires_grad_() on it before computing the outputs.",
        );
      return nodesAt(roots, list(inputs)[i]!);
    });
    const pass = {
      name: "grad",
      outputs: roots,
      gradients: list(seedsGiven),
      targets,
      retain: options.retain_graph ?? create,
      create,
    };
    if (options.is_grads_batched) return batched(pass, wanted, options);
    return run(pass).map((node, i) => finishGrad(node, i, wanted, options));
  });
}

// oxlint-disable-next-line no-console -- as PyTorch warns
const warn = (text: string): void => console.warn(text);

function finishGrad(node: Node | null, place: number, inputs: readonly Tensor[], options: GradOptions): Tensor {
  const input = inputs[place]!;
  if (node !== null) return Tensor.ofNode(node, input.storage_.device);
  if (options.materialize_grads)
    return Tensor.ofNode(graph.full(input.shape, 0, input.dtype.name), input.storage_.device);
  if (!options.allow_unused)
    throw new AutogradError(
      "grad/unused",
      `grad: The differentiated Tensor at index ${place} appears to not have been used in the graph.`,
      "Set { allow_unused: true } if this is the desired behaviour.",
    );
  return null as unknown as Tensor;
}

/** One vector-Jacobian product for each leading slice of the output gradients, stacked. */
function batched(pass: Pass, inputs: readonly Tensor[], options: GradOptions): Tensor[] {
  const seedsGiven = pass.gradients.map((grad) => {
    if (!(grad instanceof Tensor))
      throw new ArgumentError("grad/batched", "grad: is_grads_batched needs grad_outputs.");
    return [...grad];
  });
  pass.outputs.forEach(({ shape }, i) => {
    const given = (pass.gradients[i] as Tensor).shape;
    if (!sameShape(given.slice(1), shape))
      throw new AutogradError(
        "grad/batched-shape",
        `grad: If is_grads_batched=True, we interpret the first dimension of each grad_output as the batch dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was detected: grad_output[${i}] has a shape of ${formatShape(given)} and output[${i}] has a shape of ${formatShape(shape)}.`,
      );
  });
  const count = seedsGiven[0]!.length;
  const rows: (Node | null)[][] = [];
  for (let i = 0; i < count; i++)
    rows.push(run({ ...pass, gradients: seedsGiven.map((slices) => slices[i]), retain: pass.retain || i < count - 1 }));
  return inputs.map((input, k) => {
    const parts = rows.map((row) => row[k] ?? null);
    if (parts.some((part) => part === null)) return finishGrad(null, k, inputs, options);
    const stacked = graph.concat(
      parts.map((part) => graph.reshape(part!, [1, ...part!.shape])),
      0,
    );
    return Tensor.ofNode(stacked, input.storage_.device);
  });
}

/**
 * Accumulates the gradients of tensors into the leaves' `.grad` (or those of `inputs`).
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
 */
export function backward(
  tensors: Ends,
  grad_tensors?: MaybeTensors | BackwardAllOptions,
  given: BackwardAllOptions = {},
): void {
  withSite(() => {
    const isOptions = isPlainObject(grad_tensors);
    const options = isOptions ? (grad_tensors as BackwardAllOptions) : given;
    const gradients = startingGradients(isOptions ? undefined : (grad_tensors as MaybeTensors), options);
    refuseInBody("backward() accumulates gradients", "torch.autograd.grad gives them as results.");
    const outputs = tensorsAt(tensors);
    if (outputs.length === 0) return;
    const create = options.create_graph ?? false;
    const chosen = options.inputs === null || options.inputs === undefined ? null : tensorsAt(options.inputs);
    if (chosen !== null && chosen.length === 0)
      throw new AutogradError("backward/inputs", "backward: `inputs` argument to `backward()` cannot be empty.");
    for (const input of chosen ?? [])
      if (!input.requires_grad)
        throw new AutogradError(
          "backward/input-no-grad",
          `backward: can't retain_grad on Tensor that has requires_grad=False, got ${String(input)} among the inputs.`,
        );
    const owners =
      chosen === null
        ? leavesByTensor(outputs)
        : new Map(list(options.inputs!).map((end, i) => [chosen[i]!, nodesAt(outputs, end)]));
    const grads = run({
      name: "backward",
      outputs,
      gradients,
      targets: [...owners.values()],
      retain: options.retain_graph ?? create,
      create,
    });
    withGradMode(create, () => {
      [...owners].forEach(([owner, nodes], i) => {
        if (!grads[i]) return;
        const { device } = owner.storage_;
        const step = nodes.find((node) => node.op === "leaf" && knownHooksOf(node) !== null);
        const arrived = step === undefined ? [grads[i]] : beforeStep(step, [grads[i]], device);
        if (arrived[0]) accumulate(owner, arrived[0], create);
        if (step !== undefined) afterStep(step, [], arrived, device);
        for (const hook of owner.accumulateHooks_?.values() ?? []) hook(owner);
      });
    });
  });
}

function startingGradients(
  given: MaybeTensors,
  { grad_tensors, grad_variables }: BackwardAllOptions,
): readonly (Tensor | null | undefined)[] {
  const gradients = given ?? grad_tensors;
  if (grad_variables === null || grad_variables === undefined) return list(gradients ?? null);
  warn("`grad_variables` is deprecated. Use `grad_tensors` instead.");
  if (gradients !== null && gradients !== undefined)
    throw new ArgumentError(
      "backward/grad-variables",
      "backward: `grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use `grad_tensors`.",
    );
  return list(grad_variables);
}

/** In place, so that whoever holds the gradient sees it grow; not where that would overwrite what a graph needs. */
function accumulate(owner: Tensor, gradNode: Node, create: boolean): void {
  const { grad: before } = owner;
  if (before === null) owner.grad = laidOutLike(owner, gradNode);
  else {
    const sum = graph.add(before.node_(), gradNode);
    if (create || before.requires_grad || (before.parent_ !== null && owner.parent_ === null))
      owner.grad = laidOutLike(owner, sum);
    else before.write_(sum, "backward");
  }
}

/** The nodes that a tensor is in the graph of outputs: a leaf that was written meanwhile has been several. */
function nodesAt(outputs: readonly Tensor[], end: Tensor | GradientEdge): readonly Node[] {
  const input = end instanceof GradientEdge ? end.standIn_ : end;
  if (end instanceof GradientEdge && end.made_.op !== "leaf") return [end.made_];
  const now = stepped(input.node_());
  const isOne = input.storage_.version === 0 && input.parent_ === null && !hasStandIns(input);
  if (now.op !== "leaf" || isOne) return [now];
  return [...new Set([now, ...(leavesByTensor(outputs).get(input) ?? [])])];
}

const summed = (grads: readonly (Node | null)[]): Node | null =>
  grads.reduce((sum, grad) => (sum === null || grad === null ? (sum ?? grad) : graph.add(sum, grad)), null);

/** Leaves of differentiation that outputs depend on, by their tensors. */
function leavesByTensor(outputs: readonly Tensor[]): Map<Tensor, Node[]> {
  const leaves = new Map<Tensor, Node[]>();
  const roots = outputs.map((output) => output.node_());
  // A leaf may be an output itself, and be so several times.
  const seen = new Set<Node>(roots);
  const stack = [...seen];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.op === "leaf") {
      const owner = ownerOfLeaf(node)!;
      const known = leaves.get(owner);
      if (known !== undefined) known.push(node);
      else if (node.requiresGrad) leaves.set(owner, [node]);
      continue;
    }
    for (const input of node.inputs) {
      if (input.requiresGrad && !seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return leaves;
}
