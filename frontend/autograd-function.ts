/**
 * `torch.autograd.Function`: operators with a gradient written by the user.
 * https://docs.pytorch.org/docs/stable/autograd.html#function
 */
import { ArgumentError, AutogradError, NotImplementedError } from "../ir/errors.ts";
import { nextNodeId } from "../ir/graph.ts";
import { recordCustom } from "./custom-gradient.ts";
import { checkInplace } from "./inplace-checks.ts";
import { attachTangent, tangentsOfNodes } from "./dual-level.ts";
import { withGradMode } from "./grad-mode.ts";
import { activeHooks, type Packed } from "./saved-hooks.ts";
import { noteOperation } from "./saved-values.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** As many as were saved: so that `const [a, b] = ctx.saved_tensors` needs no assertions. */
type SavedTensors = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/** `packed`: what hooks made of it; then its version does not matter. */
interface SavedTensor {
  readonly tensor: Tensor;
  readonly version: number;
  readonly packed: Packed | null;
}
const savedAt = (tensor: Tensor): SavedTensor => ({ tensor, version: tensor.counter_.version, packed: null });

/** What `forward` leaves for `backward`. */
export class FunctionCtx {
  private saved: readonly SavedTensor[] = [];
  /** Which inputs of forward require grad. */
  needs_input_grad: readonly boolean[] = [];
  private savedForForward: readonly Tensor[] | null = null;
  private dirty: readonly Tensor[] = [];
  private nonDifferentiable: readonly Tensor[] = [];
  /** @internal */ materialize_ = true;
  [key: string]: unknown;

  save_for_backward(...tensors: Tensor[]): void {
    tensors.forEach((tensor: unknown, i) => {
      if (!(tensor instanceof Tensor))
        throw new ArgumentError(
          "function/save",
          `save_for_backward: save_for_backward can only save variables, but argument ${i} is of type ${tensor === null ? "null" : typeof tensor}.`,
          "Other values are kept as properties of ctx.",
        );
    });
    this.saved = tensors.map(savedAt);
  }
  /** What `jvp` finds in `saved_tensors`. */
  save_for_forward(...tensors: Tensor[]): void {
    this.savedForForward = tensors;
  }
  /** @internal Runs `jvp`, which sees what was saved for it. */
  forwardMode_<T>(jvp: () => T): T {
    const kept = this.saved;
    if (this.savedForForward !== null) this.saved = this.savedForForward.map(savedAt);
    try {
      return jvp();
    } finally {
      this.saved = kept;
      this.savedForForward = null;
    }
  }
  /**
   * Tensors kept by save_for_backward.
   * @throws AutogradError when one has been overwritten since
   */
  get saved_tensors(): SavedTensors {
    const changed = this.saved.find(
      ({ tensor, version, packed }) => packed === null && tensor.counter_.version !== version,
    );
    if (changed !== undefined) {
      const { tensor, version } = changed;
      throw new AutogradError(
        "inplace/saved-tensor",
        `saved_tensors: one of the variables needed for gradient computation has been modified by an inplace operation: ${String(tensor)} is at version ${tensor.counter_.version}; expected version ${version} instead.`,
        "Use the form without the underscore, or clone() the tensor before changing it.",
      );
    }
    return this.saved.map(({ tensor, packed }) =>
      packed === null ? tensor : Tensor.ofNode(packed.unpack(packed.original), packed.device),
    ) as unknown as SavedTensors;
  }
  /** @internal Saved results become what the function returned. */
  exchange_(before: readonly Tensor[], after: readonly Tensor[]): void {
    this.saved = this.saved.map((item) => {
      const tensor = after[before.indexOf(item.tensor)];
      return tensor === undefined ? item : savedAt(tensor);
    });
  }
  /** @internal Saved tensors go through the hooks that are in use. */
  pack_(): void {
    const hooks = activeHooks();
    if (hooks !== null) this.saved = this.saved.map((item) => ({ ...item, packed: hooks.pack(item.tensor) }));
  }
  mark_dirty(...tensors: Tensor[]): void {
    this.dirty = tensors;
  }
  mark_non_differentiable(...tensors: Tensor[]): void {
    this.nonDifferentiable = tensors;
  }
  set_materialize_grads(value: boolean): void {
    this.materialize_ = value;
  }
  /** @internal */
  isDirty_(tensor: Tensor): boolean {
    return this.dirty.includes(tensor);
  }
  /** @internal */
  isDifferentiable_(tensor: Tensor): boolean {
    return !this.nonDifferentiable.includes(tensor) && tensor.is_floating_point();
  }
}

interface Apply {
  <T extends typeof Function>(this: T, ...args: unknown[]): ReturnType<T["forward"]>;
  /** By itself, where nothing tells of which class it was. */
  (this: void, ...args: unknown[]): Tensor;
}

/** Subclass it with static `forward(ctx, ...args)` and `backward(ctx, ...grads)`, and call `apply(...args)`. */
export class Function {
  static {
    // A bundler renames the class itself, since the name is taken.
    Object.defineProperty(this, "name", { value: "Function" });
    Object.defineProperty(this, "apply", {
      get(this: typeof Function) {
        return (...args: unknown[]) => this.run_(args);
      },
    });
  }
  static forward(..._args: never[]): unknown {
    throw new AutogradError(
      "function/forward",
      "You must implement the forward function for custom autograd.Function.",
    );
  }
  static backward(_ctx: FunctionCtx, ..._grads: Tensor[]): Tensor | null | readonly (Tensor | null)[] {
    throw new AutogradError(
      "function/backward",
      "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD.",
    );
  }

  /** Another name for backward. */
  static vjp(_ctx: FunctionCtx, ..._grads: Tensor[]): Tensor | null | readonly (Tensor | null)[] {
    return null;
  }
  /**
   * Where it is defined, `forward` takes no ctx, and this prepares it from forward's arguments and results.
   * https://docs.pytorch.org/docs/stable/generated/torch.autograd.Function.setup_context.html
   */
  static setup_context(..._args: never[]): void {}
  /**
   * How the results change when the inputs change along tangents: null for those that do not. Without it, forward mode
   * differentiates `backward` by what flows into it, in which it has to be linear.
   */
  static jvp(_ctx: FunctionCtx, ..._tangents: (Tensor | null)[]): Tensor | null | readonly (Tensor | null)[] {
    throw new NotImplementedError(
      "function/jvp",
      "You must implement the jvp function for custom autograd.Function to use it with forward mode AD.",
    );
  }

  /** Runs forward without recording, and records this function in its place. May be taken off: `const f = Mine.apply`. */
  declare static readonly apply: Apply;

  private static run_(args: readonly unknown[]): unknown {
    const ctx = new FunctionCtx();
    const tensors = args.filter((arg): arg is Tensor => arg instanceof Tensor);
    ctx.needs_input_grad = args.map((arg) => arg instanceof Tensor && arg.requires_grad);
    const inputNodes = tensors.map((tensor) => tensor.node_());
    const recording = graph.gradEnabled && inputNodes.some((node) => node.requiresGrad);
    const output = withGradMode(false, () => this.computed(ctx, args));
    const all = (Array.isArray(output) ? output : [output]) as readonly unknown[];
    const outputs = all.filter((item): item is Tensor => item instanceof Tensor);
    if (!recording || outputs.length === 0) return output;
    for (const tensor of outputs)
      if (ctx.isDirty_(tensor)) withGradMode(true, () => checkInplace(tensor, `${this.name}.apply`, "has been"));
    const device = outputs[0]!.storage_.device;
    const computed = outputs.map((tensor) => tensor.node_());
    const firstId = nextNodeId();
    const places = args.flatMap((arg, place) => (arg instanceof Tensor ? [place] : []));
    const rule = (this.vjp === Function.vjp ? this.backward : this.vjp).bind(this);
    const { node, results: recorded } = recordCustom(inputNodes, computed, {
      name: this.name,
      argumentCount: args.length,
      backward: (grads) => rule(ctx, ...(grads as Tensor[])),
      materializes: () => ctx.materialize_,
      device,
      places,
    });
    const wrapped = outputs.map((tensor, i): Tensor => {
      const result = recorded[i]!;
      if (ctx.isDirty_(tensor)) {
        tensor.write_(result, `${this.name}.apply`);
        return tensor;
      }
      return Tensor.ofNode(ctx.isDifferentiable_(tensor) ? result : graph.detach(result), device);
    });
    noteOperation(`${this.name}Backward`, inputNodes, wrapped.map((tensor) => tensor.node_()).concat(node), firstId);
    // What was saved among the results is differentiable through this function.
    ctx.exchange_(outputs, wrapped);
    ctx.pack_();
    const pushed = this.jvp === Function.jvp ? null : tangentsOfNodes(inputNodes);
    if (pushed?.some((tangent) => tangent !== null) === true) {
      const byPlace = args.map((_, place) => pushed[places.indexOf(place)] ?? null);
      const given = byPlace.map((tangent) => (tangent === null ? null : Tensor.ofNode(tangent, device)));
      const found = ctx.forwardMode_(() => this.jvp(ctx, ...given));
      const tangents = Array.isArray(found) ? (found as readonly (Tensor | null)[]) : [found as Tensor | null];
      wrapped.forEach((tensor, i) => attachTangent(tensor, tangents[i] ?? null));
    }
    const results = all.map((item) => (item instanceof Tensor ? wrapped[outputs.indexOf(item)] : item));
    return Array.isArray(output) ? results : results[0];
  }

  /** What forward gives: with its context, or with one that is prepared afterwards. */
  private static computed(ctx: FunctionCtx, args: readonly unknown[]): unknown {
    if (this.setup_context === Function.setup_context)
      return (this.forward as (...args: unknown[]) => unknown)(ctx, ...args);
    const output = (this.forward as (...args: unknown[]) => unknown)(...args);
    (this.setup_context as (...args: unknown[]) => void)(ctx, args, output);
    return output;
  }
}
