/** The Tensor class: identity, aliasing and reading. Operators are attached from the registry (frontend/call.ts). */
import { pythonType } from "./python-type.ts";
import { isComplex, isFloat, scalarName, type DType } from "../ir/dtype.ts";
import {
  ArgumentError,
  AutogradError,
  DTypeError,
  IndexError,
  ReadError,
  ShapeError,
  ValueError,
} from "../ir/errors.ts";
import { leafNode, nextNodeId, type Node } from "../ir/graph.ts";
import { endStep } from "../ir/interning.ts";
import { contiguousStrides, elementCount, formatShape, isContiguous, sameShape, type Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { typedView, type TypedArray } from "../runtime/typed-array.ts";
import { device as DeviceObject } from "./devices.ts";
import { dtypeObject, type dtype } from "./dtype.ts";
import { isRecorded } from "./dual-nodes.ts";
import { nest, scalarOf, type Item, type Nested, type ReadOptions } from "./element-values.ts";
import { gradientFunction, laidOutOf, type GradientFunction } from "./grad-fn.ts";
import { refuseDtype } from "./held-dtypes.ts";
import { strided, type layout, type memory_format } from "./formats.ts";
import { withGradMode } from "./grad-mode.ts";
import { inference, refuseInferenceGrad, refuseInferenceWrite, versionError } from "./inference.ts";
import { formatOf, liesIn } from "./memory-layout.ts";
import { settleChecks } from "./checks.ts";
import { recorder } from "./recorder.ts";
import { withSite } from "./site.ts";
import { graph } from "./state.ts";
import { Storage } from "./storage.ts";
import { notePlaceChange, noteRareChange, traceObserver } from "./trace.ts";
import { behindMarkers, contentsOf, nodeOver, valueOf } from "./value.ts";
import { claimNode, newCounter, ownNode, type VersionCounter } from "./versions.ts";
import { viewLayout, type Layout } from "./view-layout.ts";
import { nodeOfView, nodeOfWritten } from "./view-nodes.ts";
import { watchersOf } from "./watched.ts";
import { dataStep, detachStep, isSameMemory, joined, movement, type ViewStep } from "./views.ts";

/** A gradient that becomes a tensor when somebody asks for it. */
export interface LaterGradient {
  take(): Tensor;
  /** Nobody has asked, and nobody will. */
  drop(): void;
}

/** Sees a gradient as it passes; may return another. */
export type GradientHook = (grad: Tensor) => Tensor | void;

/**
 * What views are views of. An object that becomes something else leaves its place to a tensor that is what it was, so
 * that they stay what they are.
 */
interface Place {
  tensor: Tensor;
}

/** Writes that give every element one value. */
/** Where a tensor's elements lie. */
interface Placed {
  readonly layout: Layout;
  /** Whether they do lie there, as they are. */
  readonly isExact: boolean;
  /** Whether this or what it is a view of shows something else than lies in memory. */
  readonly isComputed: boolean;
}

const fills = new Set(["fill_", "zero_"]);
/** Those and others that an expanded tensor can take. */
const idempotent = new Set([...fills, "index_fill_", "index_put_", "masked_fill_"]);

/**
 * An n-dimensional array. Operations record what is to be computed; reading computes it.
 * https://docs.pytorch.org/docs/stable/tensors.html
 */
export class Tensor {
  /** @internal */ readonly storage_: Storage;
  private readonly origin: Place | null;
  /** Made with the first view. */
  private place: Place | null = null;
  /** In the place of a tensor that has become something else: that one. */
  private standsFor: Tensor | null = null;
  /** @internal */ readonly step_: ViewStep | null;
  private gradient: Tensor | LaterGradient | null = null;
  /** A leaf of differentiation: its node for the current version. */
  private leafRequiresGrad = false;
  /** Whether gradients flow through this view: decided where the view was made. */
  /** @internal */ readonly recordsGrad_: boolean;
  /** @internal Made in inference_mode, and no view of a tensor from outside. */ readonly isInference_: boolean;
  /** @internal A view made in inference_mode of a tensor from outside. */ readonly isInferenceView_: boolean;
  /** `isComputed`: the storage's contents were, when a view's node was made of them. */
  private cached: { node: Node; version: number; isComputed: boolean } | null = null;
  private placed: Placed | null = null;
  /** Of what is cut from the tensor that it shares memory with: how its own contents were made, once it was written. */
  private history: Node | null = null;
  private ownCounter: VersionCounter | null;
  /** Of a view: how often the memory had been written when it was made. */
  private madeAt: number;
  /** @internal */ hooks_: Map<number, GradientHook> | null = null;
  /** @internal */ accumulateHooks_: Map<number, (tensor: Tensor) => void> | null = null;
  /** @internal */ retainsGrad_ = false;
  /** Sizes of the dimensions. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.shape.html */
  readonly shape: Shape;
  /** @internal Of the elements: the storage's, or what a view takes the same bits for. */ readonly type_: DType;

  /** @internal Use the creation functions. */
  constructor(storage: Storage, shape: Shape, parent: Tensor | null, step: ViewStep | null) {
    this.storage_ = storage;
    this.shape = shape;
    this.origin = parent === null ? null : (parent.place ??= { tensor: parent });
    this.step_ = step;
    this.recordsGrad_ = graph.gradEnabled || step?.isLayout === true;
    this.type_ = step?.dtype ?? parent?.type_ ?? storage.dtype;
    this.isInference_ = parent === null ? inference.enabled : parent.isInference_;
    this.isInferenceView_ = parent !== null && inference.enabled && !this.isInference_;
    this.ownCounter = step === dataStep ? newCounter() : (parent?.ownCounter ?? null);
    this.madeAt = this.counter_.version;
    if (parent !== null) traceObserver()?.viewMade?.(this);
  }

  /** @internal The tensor that this is a view of. */
  get parent_(): Tensor | null {
    return this.origin === null ? null : this.origin.tensor;
  }

  /** @internal Shared with the tensors whose writes autograd sees as this one's. */
  get counter_(): VersionCounter {
    return this.ownCounter ?? this.storage_.counter;
  }

  /** @internal A tensor of its own for a node. */
  static ofNode(result: Node, device: Device, storageId?: number): Tensor {
    const node = ownNode(result);
    refuseDtype("tensor", node.dtype, device);
    const storage = new Storage(node, device, storageId);
    const tensor = new Tensor(storage, node.shape, null, null);
    if (node.requiresGrad) endStep();
    storage.expose(node, storage.counter);
    const held = node.op === "as_complex" ? node.inputs[0]! : node;
    if (valueOf(held) === null && held.inputs.length > 0) recorder.noteCreated(held, device);
    return tensor;
  }

  /** @internal A tensor of given contents. */
  static ofArray(data: TypedArray, shape: Shape, dtype: DType, device: Device): Tensor {
    return Tensor.ofNode(nodeOver(dtype, shape, contentsOf(dtype, shape, device, data)), device);
  }

  /** @internal A view of this tensor. */
  viewBy_(step: ViewStep): Tensor {
    const shape = step.apply(graph, this.node_()).shape;
    return new Tensor(this.storage_, shape, this, step);
  }

  /** @internal The tensor as it is, in its place: this object is about to become something else. */
  giveWay_(): Tensor {
    const former = this.asItIs();
    former.standsFor = this;
    former.place = this.place;
    if (former.place !== null) former.place.tensor = former;
    this.place = null;
    traceObserver()?.gaveWay?.(this, former);
    return former;
  }
  private asItIs(): Tensor {
    const same = new Tensor(this.storage_, this.shape, this.parent_, this.step_);
    const { ownCounter, madeAt, recordsGrad_, isInference_, isInferenceView_, cached, placed, history } = this;
    return Object.assign(same, {
      ownCounter,
      madeAt,
      recordsGrad_,
      isInference_,
      isInferenceView_,
      cached,
      placed,
      history,
    });
  }

  /** @internal The tensor that is no view. */
  get root_(): Tensor {
    let root: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    while (root.parent_ !== null) root = root.parent_;
    return root;
  }

  /** @internal Whether no other tensor has been made of the memory. */
  get isAlone_(): boolean {
    return this.origin === null && this.place === null;
  }

  /** @internal The memory of this tensor, which was all of it, has more elements from here on: it is a view of the first. */
  growMemory_(count: number, operator: string): void {
    const { storage_, shape, isInference_ } = this;
    storage_.resize([count], operator);
    const whole = new Tensor(storage_, [count], null, null);
    const had = elementCount(shape);
    const step = movement(operator, (g, parent) => g.reshape(g.sliceAxis(parent, 0, 0, had), shape));
    whole.standsFor = this.standsFor ?? this;
    Object.assign(whole, { isInference_ });
    const origin = (whole.place = { tensor: whole });
    Object.assign(this, { origin, step_: { ...step, isLayout: true }, recordsGrad_: true, cached: null, placed: null });
  }

  /** @internal What the user sees of it is another object. */
  standFor_(tensor: Tensor): void {
    this.standsFor = tensor.standsFor ?? tensor;
  }

  /**
   * @internal From here on this object is what `other` is: for operators that change a tensor's own shape. It keeps its
   * versions: writes to the one are not told to those who know the other.
   */
  takeOver_(other: Tensor): this {
    notePlaceChange(this);
    const ownCounter = this.counter_;
    if (this.place !== null) this.giveWay_();
    else if (traceObserver() !== null) traceObserver()!.gaveWay?.(this, this.asItIs());
    const { storage_, shape, origin, step_, type_, history, isInference_, isInferenceView_ } = other;
    // What is nobody's view has the history of what is written to it, wherever it was made.
    const recordsGrad_ = this._base === null || this.recordsGrad_ || other.recordsGrad_;
    Object.assign(this, { storage_, shape, origin, step_, type_, ownCounter, isInference_, isInferenceView_ });
    Object.assign(this, { recordsGrad_, history, madeAt: ownCounter.version, cached: null, placed: null });
    return this;
  }

  /** @internal The node of the current value. */
  node_(): Node {
    const observer = traceObserver();
    if (observer === null) this.storage_.madeIn?.used(this);
    else observer.storageUsed?.(this.storage_);
    this.storage_.refresh();
    observer?.flagUsed?.(this);
    const { version } = this.storage_;
    if (this.isKnown(version)) return this.cached!.node;
    // Up to the nearest ancestor that knows its node, then down again.
    const chain: Tensor[] = [];
    let known: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    while (known.parent_ !== null && !known.isKnown(version)) {
      chain.push(known);
      known = known.parent_;
    }
    let node = known.isKnown(version) ? known.cached!.node : known.wrap(known.storage_.node);
    const isComputed = chain.length > 0 && this.storage_.isComputed;
    known.setNode({ node, version, isComputed });
    for (let i = chain.length - 1; i >= 0; i--) {
      const tensor = chain[i]!;
      node = tensor.wrap(withGradMode(tensor.recordsGrad_, () => tensor.nodeOver(node)));
      tensor.setNode({ node, version, isComputed });
      claimNode(node);
      this.storage_.expose(node, tensor.counter_);
    }
    return node;
  }

  /** A tensor that has become something else retains the gradient of that. */
  private setNode(known: { node: Node; version: number; isComputed: boolean }): void {
    this.cached = known;
    if (this.retainsGrad_ && known.node.requiresGrad) watchersOf(known.node).retaining.add(this);
  }

  /**
   * Whether the node at hand is that of the current contents. A view's may go past them (the view of a view is simplified):
   * once they are computed it comes from them, since what they were computed from may be given up.
   */
  private isKnown(version: number): boolean {
    const { cached } = this;
    if (cached === null || cached.version !== version) return false;
    if (this.parent_ === null || cached.isComputed || cached.node.requiresGrad) return true;
    return valueOf(cached.node) !== null || !this.storage_.isComputed;
  }

  private wrap(node: Node): Node {
    const { history } = this;
    if (!this.leafRequiresGrad)
      return history === null ? node : withGradMode(true, () => graph.withHistory(node, history));
    if (node.op === "leaf" && node.binding === this) return node;
    const raw = node.op === "leaf" && this.parent_ === null ? node.inputs[0]! : node;
    const leaf = leafNode("leaf", raw.dtype, raw.shape, this, true, [raw]);
    endStep();
    if (this.parent_ === null) this.storage_.replace(leaf);
    return leaf;
  }

  /** As a view of its parent's node. What has been written since is a view of the memory, whatever views it was made by. */
  private nodeOver(parentNode: Node): Node {
    const own = this.step_!;
    const hasHistory = parentNode.requiresGrad;
    if (!hasHistory || !this.isChanged_ || own.isLayout === true) return nodeOfView(own, own.name, parentNode);
    const steps = [own];
    let base = this.parent_!;
    for (; base.isPlainView; base = base.parent_!) steps.unshift(base.step_!);
    const source = steps.length === 1 ? parentNode : base.cached!.node;
    return nodeOfView(steps.length === 1 ? own : joined(steps), "as_strided", source);
  }
  /** @internal Whether the memory has been written since this was made. */
  get isChanged_(): boolean {
    return this.counter_.version !== this.madeAt;
  }
  /** A view that has no history of its own, and is no whole to the user. */
  private get isPlainView(): boolean {
    const { step_: step, history, leafRequiresGrad, recordsGrad_ } = this;
    return (
      step !== null &&
      !isSameMemory(step) &&
      step.isLayout !== true &&
      history === null &&
      !leafRequiresGrad &&
      recordsGrad_
    );
  }

  /** @internal Gives this tensor (and all that share its storage) new contents. */
  write_(node: Node, operator: string): void {
    if (this.isInference_) refuseInferenceWrite(operator, String(this));
    let value = node;
    let tensor: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    if (this.parent_ !== null && this.numel() > 0 && !idempotent.has(operator) && this.isExpanded_())
      throw new ShapeError(
        "inplace/expanded",
        `${operator}: unsupported operation: more than one element of the written-to tensor refers to a single memory location.`,
        "clone() the expanded tensor before writing to it.",
      );
    const first = nextNodeId();
    const isLayout = this.step_?.isLayout === true;
    while (tensor.parent_ !== null) {
      if (isSameMemory(tensor.step_!) && graph.gradEnabled && value.requiresGrad) tensor.history = value;
      const steps = [tensor.step_!];
      let target = tensor.parent_;
      for (; target.parent_ !== null && target.overlaps(); target = target.parent_) steps.unshift(target.step_!);
      const isPlain = steps.length === 1 && (fills.has(operator) || !tensor.overlaps());
      const step = isPlain ? steps[0]! : joined(steps);
      value = step.write(graph, target.node_(), value);
      // Contents of a leaf have no history, whatever was written: it begins there.
      if (target.leafRequiresGrad) value = graph.detach(value.op === "with_history" ? value.inputs[0]! : value);
      tensor = target;
    }
    if (tensor !== this && !isLayout) value = nodeOfWritten(tensor.node_(), node, value, first);
    this.storage_.write(tensor.withHistory(value), operator, this.counter_);
    if (!value.requiresGrad) return;
    // The operator may have saved what it wrote through the view.
    if (tensor !== this) this.storage_.expose(node, this.counter_);
    endStep();
    if (isLayout) laidOutOf.set(this.node_(), node);
  }

  /** Where nothing is recorded, new contents have the history of the old ones. */
  private withHistory(value: Node): Node {
    if (graph.gradEnabled || this.leafRequiresGrad || value.requiresGrad) return value;
    const before = this.storage_.node;
    return before.requiresGrad ? withGradMode(true, () => graph.withHistory(value, before)) : value;
  }

  /** Whether elements may share places in memory: they do not when each dimension steps over all smaller ones. */
  private overlaps(): boolean {
    const { strides } = this.layout_();
    const axes = this.shape
      .map((size, axis) => ({ size, stride: Math.abs(strides[axis]!) }))
      .filter(({ size }) => size > 1);
    let reach = 0;
    for (const { size, stride } of axes.sort((a, b) => a.stride - b.stride)) {
      if (stride <= reach) return true;
      reach += stride * (size - 1);
    }
    return false;
  }

  /** @internal Whether several elements lie in one place. */
  isExpanded_(): boolean {
    const { strides } = this.layout_();
    return strides.some((stride, i) => stride === 0 && this.shape[i]! > 1);
  }

  // ---- attributes

  /** Type of the elements. https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype */
  get dtype(): dtype {
    return dtypeObject(this.type_);
  }
  /** Where the elements are. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.device.html */
  get device(): DeviceObject {
    return new DeviceObject(this.storage_.device.name);
  }
  /** How the elements are held: tensors are dense. */
  get layout(): layout {
    return strided;
  }
  /** How many dimensions there are. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.ndim.html */
  get ndim(): number {
    return this.shape.length;
  }
  /** How many dimensions there are. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.dim.html */
  dim(): number {
    return this.shape.length;
  }
  /** Sizes of all dimensions, or of one. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.size.html */
  size(): Shape;
  size(dim: number | { readonly dim: number }): number;
  size(dim?: number | { readonly dim: number }): Shape | number {
    if (dim === undefined) return this.shape;
    return this.shape[this.axis("size", typeof dim === "number" ? dim : dim.dim)]!;
  }
  private axis(operator: string, dim: number): number {
    return withSite(() => {
      if (!Number.isInteger(dim) || dim < -this.ndim || dim >= this.ndim)
        throw new IndexError(
          `${operator}/dim`,
          `${operator}: Dimension out of range (expected to be in range of [${-this.ndim}, ${this.ndim - 1}], but got ${dim}) for ${this.type_}${formatShape(this.shape)}.`,
        );
      return dim < 0 ? dim + this.ndim : dim;
    });
  }
  /** How many elements there are. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.numel.html */
  numel(): number {
    return elementCount(this.shape);
  }
  /** Another name of numel. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.nelement.html */
  nelement(): number {
    return this.numel();
  }
  /** Bytes of one element. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.itemsize.html */
  get itemsize(): number {
    return this.dtype.itemsize;
  }
  /** Bytes of one element. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.element_size.html */
  element_size(): number {
    return this.dtype.itemsize;
  }
  /** Bytes of all elements. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.nbytes.html */
  get nbytes(): number {
    return this.numel() * this.itemsize;
  }
  /** How often the memory has been written, other than through `.data`. */
  get _version(): number {
    if (this.isInference_)
      withSite(() => {
        throw versionError();
      });
    return this.counter_.version;
  }
  /**
   * Whether the elements are floats.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_floating_point.html
   */
  is_floating_point(): boolean {
    return isFloat(this.type_);
  }
  /**
   * Whether the elements are complex numbers.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_complex.html
   */
  is_complex(): boolean {
    return isComplex(this.type_);
  }
  /** Whether it was made in inference_mode. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_inference.html */
  is_inference(): boolean {
    return this.isInference_;
  }

  /** @internal Strides and offset in elements of the storage. */
  layout_(): Layout {
    return this.placed_().layout;
  }
  /** @internal The same, where the elements do lie by strides in the storage; else null. */
  placement_(): Layout | null {
    const { layout, isExact } = this.placed_();
    return isExact ? layout : null;
  }
  private placed_(): Placed {
    // Up to the nearest ancestor whose place is known, then down again.
    const chain: Tensor[] = [];
    let known: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    for (; known.placed === null && known.parent_ !== null; known = known.parent_) chain.push(known);
    let placed = (known.placed ??= {
      layout: { strides: contiguousStrides(known.shape), offset: 0 },
      isExact: true,
      isComputed: false,
    });
    for (const view of chain.toReversed()) placed = view.placed = view.placedIn(placed, view.parent_!.shape);
    return placed;
  }
  /** By where its parent lies. */
  private placedIn(parent: Placed, shape: Shape): Placed {
    const step = this.step_!;
    const isComputed = parent.isComputed || step.isComputed === true;
    const isOwnType = this.type_ === this.storage_.dtype;
    const isExact = parent.isExact && isOwnType && !isComputed;
    // Of a view as another type, or of what is computed: in elements of that type.
    const layout = isExact || !isOwnType || isComputed ? viewLayout(step, shape, parent.layout) : null;
    return {
      layout: layout ?? { strides: contiguousStrides(this.shape), offset: parent.layout.offset },
      isExact: isExact && layout !== null,
      isComputed,
    };
  }
  /** @internal Whether it shows the conjugates of what lies in memory. */
  get isConjugate_(): boolean {
    let isConjugate = false;
    let view: Tensor | null = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    for (; view !== null; view = view.parent_) if (view.step_?.isComputed === true) isConjugate = !isConjugate;
    return isConjugate;
  }
  /**
   * Distances in memory between neighbours along all dimensions, or along one, in elements.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.stride.html
   */
  stride(): readonly number[];
  stride(dim: number | { readonly dim: number }): number;
  stride(dim?: number | { readonly dim: number }): readonly number[] | number {
    const { strides } = this.layout_();
    return dim === undefined ? strides : strides[this.axis("stride", typeof dim === "number" ? dim : dim.dim)]!;
  }
  /**
   * Where in its storage the first element lies, in elements.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.storage_offset.html
   */
  storage_offset(): number {
    traceObserver()?.placeUsed?.(this.storage_);
    return this.layout_().offset;
  }
  /**
   * Whether the elements lie in memory row by row, or as `memory_format` says.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_contiguous.html
   */
  is_contiguous(options?: memory_format | { readonly memory_format?: memory_format | undefined }): boolean {
    const format = formatOf(options);
    const { strides } = this.layout_();
    return format === null ? isContiguous(this.shape, strides) : liesIn(this.shape, strides, format);
  }
  /** The tensor that this is a view of; null where it is none. */
  get _base(): Tensor | null {
    let base: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    while (base.parent_ !== null && base.step_!.isLayout !== true && !isSameMemory(base.step_!)) base = base.parent_;
    const object = base.standsFor ?? base;
    return object === this ? null : object;
  }
  /** Identifies the storage: equal for tensors that alias each other. */
  data_ptr(): number {
    return this.storage_.id * 2 ** 20 + this.storage_offset() * this.itemsize;
  }
  /**
   * Whether both are the same elements of the same storage in the same shape.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_set_to.html
   */
  is_set_to(other: Tensor): boolean {
    return (
      this.storage_ === other.storage_ &&
      this.storage_offset() === other.storage_offset() &&
      formatShape(this.shape) === formatShape(other.shape)
    );
  }

  // ---- differentiation (backward itself is in frontend/autograd)

  /** The accumulated gradient of a leaf (or of a tensor that retains it). */
  get grad(): Tensor | null {
    traceObserver()?.gradRead(this);
    return this.gradient_;
  }
  set grad(value: Tensor | null | undefined) {
    if (value !== null && value !== undefined) this.checkGradient(value);
    traceObserver()?.gradAssigned(this);
    // It may be another one's, too.
    if (value instanceof Tensor) noteRareChange();
    this.setGradient_(value ?? null);
  }
  /** @internal The same, of which a recording under way knows nothing. */
  get gradient_(): Tensor | null {
    const { gradient } = this;
    if (gradient === null || gradient instanceof Tensor) return gradient;
    return (this.gradient = gradient.take());
  }
  /** @internal The same as it is held. */
  get heldGradient_(): Tensor | LaterGradient | null {
    return this.gradient;
  }
  /** @internal */
  setGradient_(value: Tensor | LaterGradient | null): void {
    const { gradient } = this;
    this.gradient = value;
    if (value instanceof Tensor && !value.storage_.isComputed) recorder.noteGradient(this, value);
    if (gradient !== null && !(gradient instanceof Tensor)) gradient.drop();
  }
  private checkGradient(value: Tensor): void {
    if (!(value instanceof Tensor))
      throw new ArgumentError(
        "grad/assign",
        `grad: assigned grad expected to be a Tensor or None but got grad of type ${pythonType(value)}.`,
      );
    if (value.type_ !== this.type_)
      throw new DTypeError(
        "grad/assign",
        `grad: attempting to assign a gradient with dtype '${value.type_}' to a tensor with grad_dtype '${scalarName(this.type_)}': grad ${String(value)}, tensor ${String(this)}.`,
        `Convert it with grad.to(torch.${this.type_}).`,
      );
    const fits = formatShape(value.shape) === formatShape(this.shape);
    if (fits && value.storage_.device === this.storage_.device) return;
    const show = ({ shape, storage_, type_ }: Tensor): string =>
      `${type_}${formatShape(shape)} on ${storage_.device.name}`;
    withSite(() => {
      throw new AutogradError(
        "grad/assign",
        `grad: attempting to assign a gradient of size '${formatShape(value.shape)}' to a tensor of size '${formatShape(this.shape)}', or of another device: grad ${show(value)}, tensor ${show(this)}.`,
        "Please ensure that the gradient and the tensor are the same size, dtype and device.",
      );
    });
  }
  /** @internal `requires_grad` as it is, without taking in what the user has written into shared memory. */
  get requiresGradNow_(): boolean {
    return this.leafRequiresGrad || (!this.storage_.isShared && isRecorded(this.node_()));
  }
  /**
   * Whether operations on this tensor are recorded for gradients.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.requires_grad.html
   */
  get requires_grad(): boolean {
    if (!this.leafRequiresGrad) return isRecorded(this.node_());
    traceObserver()?.flagUsed?.(this);
    return true;
  }
  set requires_grad(value: boolean) {
    this.requires_grad_(value);
  }
  /**
   * Whether no recorded operation made this tensor: gradients accumulate in such ones.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_leaf.html
   */
  get is_leaf(): boolean {
    return this.leafRequiresGrad || !isRecorded(this.node_());
  }
  /**
   * Makes this a leaf that gradients accumulate in.
   *
   * Shape: `[*] -> [*]`
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.requires_grad_.html
   */
  requires_grad_(requires_grad = true): this {
    return withSite(() => this.setRequiresGrad(requires_grad));
  }
  private setRequiresGrad(requires_grad: boolean): this {
    if (!this.is_leaf && !requires_grad)
      throw new AutogradError(
        "requires_grad/non-leaf",
        "requires_grad_: you can only change requires_grad flags of leaf variables.",
        "Use detach() for a tensor that does not require grad.",
      );
    if (requires_grad && !this.is_floating_point() && !this.is_complex())
      throw new AutogradError(
        "requires_grad/dtype",
        `requires_grad_: only Tensors of floating point and complex dtype can require gradients, got ${this.type_}${formatShape(this.shape)}.`,
      );
    if (!this.is_leaf || this.leafRequiresGrad === requires_grad) return this;
    if (requires_grad && this.isInference_) refuseInferenceGrad();
    const node = this.node_();
    this.leafRequiresGrad = requires_grad;
    this.cached = null;
    noteRareChange();
    if (requires_grad) this.cached = { node: this.wrap(node), version: this.storage_.version, isComputed: false };
    else if (node.op === "leaf" && this.parent_ === null) this.storage_.replace(node.inputs[0]!);
    return this;
  }
  /** @internal From here on a leaf that requires no gradient. What views it has keep their history. */
  forgetHistory_(): void {
    this.leafRequiresGrad = false;
    const { step_: step } = this;
    const isOwn = step === null || step.isLayout === true || isSameMemory(step);
    if (this.place !== null || !isOwn) return void this.takeOver_(this.giveWay_().viewBy_(detachStep));
    this.history = null;
    this.cached = null;
    noteRareChange();
    let root: Tensor = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    while (root.parent_ !== null && root.step_!.isLayout === true) root = root.parent_;
    // What it shares memory with keeps its own.
    if (root.parent_ !== null) return;
    const { node } = this.storage_;
    if (node.requiresGrad) this.storage_.accept(node.op === "leaf" ? node.inputs[0]! : graph.detach(node));
  }
  /**
   * The same values, cut from the graph; shares memory.
   *
   * Shape: `[*] -> [*]`
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html
   */
  detach(): Tensor {
    return this.viewBy_(detachStep);
  }
  /** The same values without history; writing them does not count for autograd. */
  get data(): Tensor {
    return this.viewBy_(dataStep);
  }
  set data(value: Tensor) {
    withSite(() => this.setData(value));
  }
  private setData(value: Tensor): void {
    if (this.leafRequiresGrad && !value.is_floating_point() && !value.is_complex())
      throw new DTypeError(
        "data/dtype",
        `data: data set to a tensor that requires gradients must be floating point or complex dtype, got ${value.type_}${formatShape(value.shape)}.`,
      );
    const observer = traceObserver();
    // An exported function leaves everything as it was: only a write can be undone.
    const isLike = formatShape(value.shape) === formatShape(this.shape) && value.type_ === this.type_;
    if (observer !== null && observer.dataAssigned === undefined && isLike)
      return this.data.write_(graph.detach(value.node_()), "data");
    observer?.dataAssigned?.(this);
    const counter = this.counter_;
    this.become_(value);
    this.ownCounter = counter;
  }
  /** @internal The same for a tensor that nothing else has been made of: its memory is of another shape. */
  reshapeMemory_(shape: Shape, operator: string): void {
    notePlaceChange(this);
    this.storage_.resize(shape, operator);
    (this as { -readonly [K in "shape"]: Tensor[K] }).shape = shape;
    this.placed = null;
  }
  /** @internal Becomes a view of another tensor, of whatever type, device and shape: this object stays, its storage is given up. */
  become_(other: Tensor): void {
    notePlaceChange(null);
    const node = this.node_();
    const isSameKind = sameShape(this.shape, other.shape) && this.type_ === other.type_;
    // What is no leaf stays what was computed, with other values.
    const history = isSameKind && !this.leafRequiresGrad && node.requiresGrad ? node : null;
    const former = this.giveWay_();
    const seen = (other === this ? former : other).viewBy_(detachStep);
    const { storage_, shape, origin, step_, type_, ownCounter } = seen;
    Object.assign(this, { storage_, shape, origin, step_, type_, ownCounter, history, cached: null, placed: null });
  }
  /** How this value was made: null for leaves and for what needs no gradient. */
  get grad_fn(): GradientFunction | null {
    if (this.leafRequiresGrad) return null;
    const node = this.node_();
    if (!isRecorded(node)) return null;
    return gradientFunction(this.history ?? node);
  }

  // ---- reading

  /** @internal The contents, row-major; computes what is pending. */
  readSync_(operator = "numpy"): TypedArray {
    return withSite(() => {
      this.checkSynchronous(operator);
      return typedView(this.type_, readNode(behindMarkers(this.node_()), this.storage_.device));
    });
  }
  private checkSynchronous(operator: string): void {
    traceObserver()?.valueRead();
    if (!this.storage_.device.synchronous)
      throw new ReadError(
        "read/sync",
        `${operator}: reading a tensor on ${this.storage_.device.name} takes a promise, got ${String(this)}.`,
        `Use the ...Async twin: await tensor.${operator}Async().`,
      );
  }
  /** @internal */
  async read_(): Promise<TypedArray> {
    const contents = await withSite(() => {
      traceObserver()?.valueRead();
      const node = behindMarkers(this.node_());
      const { device } = this.storage_;
      recorder.flush([{ node, hint: "escapes" }], device);
      const value = valueOf(node)!;
      value.check();
      return device.read(value.memory());
    });
    await settleChecks();
    return typedView(this.type_, contents);
  }

  /** The one value, as a number (bool: boolean; complex: `torch.Complex`). https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html */
  item(options: ReadOptions = {}): Item {
    return withSite(() => {
      this.checkItem();
      return scalarOf(this.readSync_("item"), this.type_, 0, options);
    });
  }
  /**
   * The same on every device, as a promise.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html
   */
  async itemAsync(options: ReadOptions = {}): Promise<Item> {
    withSite(() => this.checkItem());
    return scalarOf(await this.read_(), this.type_, 0, options);
  }
  private checkItem(): void {
    if (this.numel() !== 1)
      throw new ValueError(
        "item/size",
        `item: a Tensor with ${this.numel()} elements cannot be converted to Scalar, got ${this.type_}${formatShape(this.shape)}.`,
        "tolist() gives all values.",
      );
  }
  /** Nested arrays of numbers (bool: booleans); a 0-d tensor gives the value itself. */
  tolist(options: ReadOptions = {}): Nested<Item> {
    return withSite(() => nest(this.readSync_("tolist"), this.shape, this.type_, options));
  }
  /**
   * The same on every device, as a promise.
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.tolist.html
   */
  async tolistAsync(options: ReadOptions = {}): Promise<Nested<Item>> {
    return nest(await this.read_(), this.shape, this.type_, options);
  }
  /**
   * The values, row-major, in a typed array that shares memory with the tensor: writing either is seen by the other. Of a
   * view whose elements do not lie in a row, a copy.
   * https://docs.pytorch.org/docs/stable/generated/torch.Tensor.numpy.html
   */
  numpy(): TypedArray {
    return withSite(() => {
      this.checkNumpy("numpy");
      const placed = this.placement_();
      if (placed === null || !isContiguous(this.shape, placed.strides)) return this.readSync_();
      this.checkSynchronous("numpy");
      const width = this.is_complex() ? 2 : 1;
      return this.storage_.share().subarray(width * placed.offset, width * (placed.offset + this.numel()));
    });
  }
  /** A copy of the values, row-major, from whatever device. */
  async numpyAsync(): Promise<TypedArray> {
    withSite(() => this.checkNumpy("numpyAsync"));
    return this.read_();
  }
  private checkNumpy(operator: string): void {
    if (this.isConjugate_)
      throw new ValueError(
        "numpy/conj",
        `${operator}: Can't call numpy() on Tensor that has conjugate bit set.`,
        `Use tensor.resolve_conj().${operator}() instead.`,
      );
    if (this.requires_grad)
      throw new AutogradError(
        "numpy/requires-grad",
        `${operator}: Can't call numpy() on Tensor that requires grad.`,
        `Use tensor.detach().${operator}() instead.`,
      );
  }

  /** Type, shape and device: computes nothing. `repr()` has the values. */
  toString(): string {
    return `${this.type_}${formatShape(this.shape)} on ${this.storage_.device.name}${valueOf(behindMarkers(this.node_())) === null ? ", not computed yet" : ""}`;
  }
  /** `console.log` in Node: never computes. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
  /** In JSON a tensor is its description: writing it out never computes. */
  toJSON(): string {
    return this.toString();
  }
  *[Symbol.iterator](): IterableIterator<Tensor> {
    if (this.ndim === 0)
      withSite(() => {
        throw new ReadError(
          "iterate/0-d",
          `iter: iteration over a 0-d tensor, got ${String(this)}.`,
          "item() gives its one value.",
        );
      });
    yield* (this as unknown as { unbind(): readonly Tensor[] }).unbind();
  }
}

function readNode(node: Node, device: Device): ArrayBuffer {
  recorder.flush([{ node, hint: "escapes" }], device);
  const value = valueOf(node)!;
  value.check();
  return device.readSync(value.memory());
}
