/** L-BFGS. */
import { promoteTypes, realOf } from "../../ir/dtype.ts";
import { ArgumentError, ValueError } from "../../ir/errors.ts";
import { typedArray, type TypedArray } from "../../runtime/typed-array.ts";
import { signature, type CallOf } from "../arguments.ts";
import { fromHost } from "../creation.ts";
import { currentDevice } from "../devices.ts";
import { withSite } from "../call.ts";
import { scalarOf } from "../element-values.ts";
import { fillTyped } from "../elements.ts";
import { withGradMode } from "../grad-mode.ts";
import { Tensor } from "../tensor.ts";
import { minimise, type Evaluation, type LBFGSMemory, type Search, type Vector } from "./lbfgs-search.ts";
import { Optimizer, requireValue, type GroupOptions, type Params } from "./optimizer.ts";

export interface LBFGSOptions extends GroupOptions {
  max_iter: number;
  max_eval: number;
  tolerance_grad: number;
  tolerance_change: number;
  history_size: number;
  line_search_fn: "strong_wolfe" | null;
}
/** The vectors are real tensors on the CPU. */
interface LBFGSState {
  func_evals: number;
  n_iter: number;
  d?: Tensor;
  t?: number;
  old_dirs?: Tensor[];
  old_stps?: Tensor[];
  ro?: number[];
  H_diag?: number;
  prev_flat_grad?: Tensor;
  prev_loss?: number;
}
const lbfgs = signature<
  [
    lr: number,
    max_iter: number,
    max_eval: number | null,
    tolerance_grad: number,
    tolerance_change: number,
    history_size: number,
    line_search_fn: "strong_wolfe" | null,
  ]
>()("lr?, max_iter?, max_eval?, tolerance_grad?, tolerance_change?, history_size?, line_search_fn?");

type Loss = Tensor | number;

/**
 * Quasi-Newton steps; needs a closure that computes the loss and its gradients anew. Its decisions depend on values, so
 * it reads after each evaluation, and does its own arithmetic on the host; on WebGPU use stepAsync.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  override readonly tensorNumbers_: readonly string[] = [];
  constructor(params: Params<LBFGSOptions>, ...args: CallOf<typeof lbfgs>) {
    const {
      lr = 1,
      max_iter = 20,
      max_eval,
      tolerance_grad = 1e-7,
      tolerance_change = 1e-9,
      history_size = 100,
      line_search_fn = null,
    } = lbfgs.bind("LBFGS", args);
    requireValue(lr >= 0, "learning rate", lr);
    if (line_search_fn !== null && line_search_fn !== "strong_wolfe")
      throw new ArgumentError(
        "lbfgs/line-search",
        `LBFGS: only 'strong_wolfe' is supported, got '${String(line_search_fn)}'.`,
      );
    super(params, {
      lr,
      max_iter,
      max_eval: max_eval ?? Math.floor((max_iter * 5) / 4),
      tolerance_grad,
      tolerance_change,
      history_size,
      line_search_fn,
    });
    if (this.param_groups.length !== 1)
      throw new ValueError("lbfgs/groups", "LBFGS doesn't support per-parameter options (parameter groups).");
  }

  override step(): never;
  override step<T>(closure: () => T): T;
  override step<T>(closure: (() => T) | null = null): T | null {
    return withSite(() => {
      const run = required(closure);
      const loss = withGradMode(true, run);
      const search = this.search({
        loss: Number(loss instanceof Tensor ? loss.item() : loss),
        grad: this.gather((tensor) => tensor.readSync_()),
      });
      for (let next = search.next(); ;) {
        this.place(next.value);
        if (next.done) break;
        const value = withGradMode(true, run) as Loss;
        next = search.next({
          loss: Number(value instanceof Tensor ? value.item() : value),
          grad: this.gather((tensor) => tensor.readSync_()),
        });
      }
      this.flush_();
      return loss;
    });
  }

  /** `step` for devices that are read by promises. */
  async stepAsync<T>(closure: () => T | Promise<T>): Promise<T> {
    const evaluate = async (): Promise<[T, Evaluation]> => {
      const loss = await withGradMode(true, closure);
      const value = loss instanceof Tensor ? await loss.itemAsync() : loss;
      const contents = new Map<Tensor, TypedArray>();
      for (const { grad } of this.params) if (grad !== null) contents.set(grad, await grad.numpyAsync());
      return [loss, { loss: Number(value), grad: this.gather((tensor) => contents.get(tensor)!) }];
    };
    const [loss, first] = await evaluate();
    const start = await Promise.all(this.params.map((param) => param.detach().numpyAsync()));
    const search = this.search(first, start);
    for (let next = search.next(); ;) {
      this.place(next.value);
      if (next.done) break;
      next = search.next((await evaluate())[1]);
    }
    this.flush_();
    return loss;
  }

  private get params(): readonly Tensor[] {
    return this.param_groups[0]!.params;
  }

  /** The iterations from here; the memory is kept when they end. */
  private *search(
    first: Evaluation,
    start: readonly TypedArray[] = this.params.map((param) => param.detach().readSync_()),
  ): Search<Vector> {
    const group = this.param_groups[0]!;
    const memory = this.remembered(first);
    const x = yield* minimise(
      flat(start.map((contents, i) => numbers(contents, this.params[i]!))),
      first,
      memory,
      group,
    );
    this.remember(memory);
    return x;
  }

  private gather(contents: (tensor: Tensor) => TypedArray): Vector {
    return flat(
      this.params.map((param) => {
        const { grad } = param;
        return numbers(grad === null ? typedArray(param.dtype.name, param.numel()) : contents(grad), param);
      }),
    );
  }

  /** Writes a point into the parameters: of complex ones both parts of each number are in it. */
  private place(x: Vector): void {
    withGradMode(false, () => {
      let at = 0;
      for (const param of this.params) {
        const dtype = param.dtype.name;
        const contents = typedArray(dtype, param.numel());
        fillTyped(contents, realOf(dtype), x.subarray(at, (at += contents.length)));
        param.write_(Tensor.ofArray(contents, param.shape, dtype, param.storage_.device).node_(), "LBFGS.step");
      }
    });
  }

  private remembered({ grad, loss }: Evaluation): LBFGSMemory {
    const state = this.stateOf_(this.params[0]!, () => ({ func_evals: 0, n_iter: 0 }));
    const vector = (tensor: Tensor | undefined): Vector =>
      tensor === undefined ? new Float64Array(grad.length) : numbers(tensor.readSync_(), tensor);
    return {
      func_evals: state.func_evals,
      n_iter: state.n_iter,
      d: vector(state.d),
      t: state.t ?? 1,
      old_dirs: (state.old_dirs ?? []).map(vector),
      old_stps: (state.old_stps ?? []).map(vector),
      ro: [...(state.ro ?? [])],
      H_diag: state.H_diag ?? 1,
      prev_flat_grad: vector(state.prev_flat_grad),
      prev_loss: state.prev_loss ?? loss,
    };
  }
  private remember(memory: LBFGSMemory): void {
    const dtype = this.params.map((param) => realOf(param.dtype.name)).reduce(promoteTypes);
    const tensor = (vector: Vector): Tensor => fromHost(vector, [vector.length], dtype, currentDevice("cpu"));
    Object.assign(this.state.get(this.params[0]!)!, {
      ...memory,
      d: tensor(memory.d),
      old_dirs: memory.old_dirs.map(tensor),
      old_stps: memory.old_stps.map(tensor),
      prev_flat_grad: tensor(memory.prev_flat_grad),
    });
  }
  protected override updateGroup_(): void {}
}

function required<T>(closure: (() => T) | null): () => T {
  if (closure === null)
    throw new ArgumentError(
      "lbfgs/closure",
      "LBFGS.step: missing 1 required positional argument: 'closure'.",
      "Pass a function that clears the gradients, computes the loss, calls backward() and returns the loss.",
    );
  return closure;
}

/** What a tensor's memory holds, as numbers: of a complex one the parts in turns. */
function numbers(contents: TypedArray, { dtype }: Tensor): Vector {
  const part = realOf(dtype.name);
  return Float64Array.from(contents as ArrayLike<number>, (_, i) => Number(scalarOf(contents, part, i, {})));
}

/** Vectors one after another. */
function flat(vectors: readonly Vector[]): Vector {
  const whole = new Float64Array(vectors.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const vector of vectors) {
    whole.set(vector, at);
    at += vector.length;
  }
  return whole;
}
