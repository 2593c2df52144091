/**
 * `torch.lobpcg`: a few eigenvalues of a large symmetric matrix. Each step looks for better vectors among the present
 * ones, their residuals, and the directions that they came from. Whether they are good enough is read in each step.
 *
 * With B the problem is that of L⁻¹ A L⁻ᵀ, where L Lᵀ = B. The basis of a step is made orthonormal by reflections, which
 * do not mind columns that depend on each other: PyTorch's two methods and their tolerances come to the same here.
 */
import "../ir/ops/joining.ts";
import "../ir/ops/linalg/cholesky.ts";
import "../ir/ops/linalg/eigen-pairs.ts";
import "../ir/ops/linalg/eigh.ts";
import "../ir/ops/linalg/norms.ts";
import "../ir/ops/linalg/qr.ts";
import "../ir/ops/linalg/triangular.ts";
import "./routines.ts";
import { ArgumentError, DTypeError, ReadError, ShapeError } from "../ir/errors.ts";
import { sameShape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { callOperator, withSite } from "./call.ts";
import { withGradMode } from "./grad-mode.ts";
import { tracing } from "./host-effects.ts";
import { randn } from "./random/index.ts";
import { recorder } from "./recorder.ts";
import type { Tensor } from "./tensor.ts";
import { behindMarkers } from "./value.ts";

type Pairs = readonly [eigenvalues: Tensor, eigenvectors: Tensor];
type Parameters = Readonly<Record<string, unknown>>;

/** What a tracker sees of the iteration after each step. */
export interface LobpcgState {
  readonly iparams: Parameters;
  readonly fparams: Parameters;
  readonly bparams: Parameters;
  readonly ivars: { istep: number; converged_count: number; iterations_left: number };
  readonly tvars: { rerr: Tensor };
  /** `force_stop`: set it to end the iteration. */
  readonly bvars: { force_stop?: boolean };
  readonly A: Tensor;
  readonly B: Tensor | null;
  readonly iK: Tensor | null;
  E: Tensor;
  X: Tensor;
  R: Tensor;
}

const lobpcgArguments = signature<
  [
    A: Tensor,
    k: number | null,
    B: Tensor | null,
    X: Tensor | null,
    n: number | null,
    iK: Tensor | null,
    niter: number | null,
    tol: number | null,
    largest: boolean | null,
    method: "ortho" | "basic" | null,
    tracker: ((state: LobpcgState) => void) | null,
    ortho_iparams: Readonly<Record<string, number>> | null,
    ortho_fparams: Readonly<Record<string, number>> | null,
    ortho_bparams: Readonly<Record<string, boolean>> | null,
  ]
>()(
  "A, k?, B?, X?, n?, iK?, niter?, tol?, largest?, method?, tracker?, ortho_iparams?, ortho_fparams?, ortho_bparams?",
);
type LobpcgCall = CallOf<typeof lobpcgArguments>;

interface Problem {
  readonly A: Tensor;
  readonly B: Tensor | null;
  readonly X: Tensor | null;
  readonly iK: Tensor | null;
  readonly rows: number;
  /** How many pairs are wanted, and how many are worked on. */
  readonly k: number;
  readonly n: number;
  readonly niter: number;
  readonly tol: number;
  readonly largest: boolean;
  readonly tracker: ((state: LobpcgState) => void) | null;
}

const call = <T = Tensor>(name: string, ...args: unknown[]): T => callOperator(name, args) as T;
const orthonormal = (x: Tensor): Tensor => call<Tensor[]>("linalg_qr", x)[0]!;
const symmetric = (x: Tensor): Tensor => x.add(x.mT).mul(0.5);
const lengths = (x: Tensor): Tensor => call("linalg_vector_norm", x, 2, [0]);

function problemOf(args: LobpcgCall): Problem {
  const bound = lobpcgArguments.bind("lobpcg", args);
  const { A, B = null, X = null, iK = null, largest, method, tracker = null, niter } = bound;
  const dtype = A.dtype.name;
  if (dtype !== "float32" && dtype !== "float64")
    throw new DTypeError("lobpcg/dtype", `lobpcg: A must be float32 or float64, got ${String(A)}.`);
  if (A.shape.length < 2 || A.shape.at(-1) !== A.shape.at(-2))
    throw new ShapeError("lobpcg/square", `lobpcg: A must be square, got shape [${A.shape.join(", ")}].`);
  if (B !== null && !sameShape(A.shape, B.shape))
    throw new ShapeError(
      "lobpcg/b",
      `lobpcg: A and B must have same shape, got [${A.shape.join(", ")}] vs [${B.shape.join(", ")}].`,
    );
  if (method !== undefined && method !== null && method !== "ortho" && method !== "basic")
    throw new ArgumentError("lobpcg/method", `lobpcg: method must be "ortho" or "basic", got "${String(method)}".`);
  const rows = A.shape.at(-1)!;
  const k = bound.k ?? X?.shape.at(-1) ?? 1;
  const n = X?.shape.at(-1) ?? bound.n ?? k;
  if (rows < 3 * n)
    throw new ShapeError(
      "lobpcg/rows",
      `LOBPCG algorithm is not applicable when the number of A rows (=${rows}) is smaller than 3 x the number of requested eigenpairs (=${n})`,
      "torch.linalg.eigh gives all of them.",
    );
  if (k > n) throw new ArgumentError("lobpcg/k", `lobpcg: k (=${k}) pairs cannot be taken from n (=${n}) vectors.`);
  if (X !== null && !sameShape(X.shape, [...A.shape.slice(0, -1), n]))
    throw new ShapeError(
      "lobpcg/x",
      `lobpcg: X must be [${[...A.shape.slice(0, -1), n].join(", ")}], got [${X.shape.join(", ")}].`,
    );
  const tol = bound.tol ?? Math.sqrt(dtype === "float64" ? 2.23e-16 : 1.2e-7);
  return { A, B, X, iK, rows, k, n, niter: niter ?? 1000, tol, largest: largest ?? true, tracker };
}

/** The problem without B: its matrix, and how vectors and residuals go there and back. */
function standardForm({ A, B, iK }: Problem): {
  readonly matrix: Tensor;
  readonly enter: (x: Tensor) => Tensor;
  readonly leave: (y: Tensor) => Tensor;
  readonly precondition: (residual: Tensor) => Tensor;
} {
  const improved = (r: Tensor): Tensor => (iK === null ? r : iK.matmul(r));
  if (B === null) return { matrix: A, enter: (x) => x, leave: (y) => y, precondition: improved };
  const l = call("linalg_cholesky", B);
  const solve = (triangle: Tensor, right: Tensor, upper: boolean, left = true): Tensor =>
    call("linalg_solve_triangular", triangle, right, { upper, left });
  return {
    matrix: symmetric(solve(l.mT, solve(l, A, false), true, false)),
    enter: (x) => l.mT.matmul(x),
    leave: (y) => solve(l.mT, y, true),
    precondition: (r) => l.mT.matmul(improved(l.matmul(r))),
  };
}

/** What a step is done with: errors that are read, and values that the next one starts from. */
type Stage = readonly [errors: Tensor, ...rest: Tensor[]];
type Steps = Generator<Stage, Pairs, readonly number[]>;

/** The steps for one matrix: gives errors to read, and takes their elements. */
function* steps(problem: Problem): Steps {
  const { A, B, iK, X, rows, k, n, niter, tol, largest, tracker } = problem;
  const { matrix, enter, leave, precondition } = standardForm(problem);
  const start = enter(X ?? randn(rows, n, { dtype: A.dtype, device: A.device }));
  const size = call("linalg_norm", matrix.matmul(start)).div(call("linalg_norm", start));
  let basis = orthonormal(start);
  const ivars = { istep: 0, converged_count: 0, iterations_left: niter };
  const bvars: LobpcgState["bvars"] = {};
  for (;;) {
    const inside = symmetric(basis.mT.matmul(matrix.matmul(basis)));
    const found = call<Tensor[]>("linalg_eigh", inside);
    const [all, turns] = largest ? found.map((x) => x.flip(-1)) : found;
    const [values, turn] = [all!.narrow(0, 0, n), turns!.narrow(1, 0, n)];
    const vectors = basis.matmul(turn);
    const residual = matrix.matmul(vectors).sub(vectors.mul(values));
    const rerr = lengths(residual).div(values.abs().add(size));
    const width = basis.shape[1]!;
    const directions = width > n ? [basis.narrow(1, n, width - n).matmul(turn.narrow(0, n, width - n))] : [];
    const errors = yield [rerr, values, vectors, residual, matrix, size, ...directions];
    const failed = errors.findIndex((error) => !(error < tol));
    ivars.converged_count = failed < 0 ? n : failed;
    ivars.istep++;
    ivars.iterations_left--;
    if (tracker !== null)
      tracker({
        iparams: { m: rows, n, k, niter },
        fparams: { tol },
        bparams: { largest },
        ivars,
        tvars: { rerr },
        bvars,
        A,
        B,
        iK,
        E: values,
        X: leave(vectors),
        R: residual,
      });
    if (ivars.converged_count >= k || ivars.iterations_left <= 0 || bvars.force_stop === true)
      return [values.narrow(0, 0, k), leave(vectors).narrow(1, 0, k)];
    basis = orthonormal(call("cat", [vectors, ...directions, precondition(residual)], 1));
  }
}

/** The matrices of a batch one after the other; `gather` puts their pairs together. */
function* batch(problem: Problem): Steps {
  const { A, B, X, rows, k, n } = problem;
  if (A.shape.length === 2) return yield* steps(problem);
  const outer = A.shape.slice(0, -2);
  if (outer.includes(0)) return [A.new_zeros([...outer, k]), A.new_zeros([...outer, rows, k])];
  const each = (x: Tensor | null, columns: number): Tensor | null => x?.reshape([-1, rows, columns]) ?? null;
  const [matrices, others, starts] = [each(A, rows)!, each(B, rows), each(X, n)];
  const pairs: Pairs[] = [];
  for (let i = 0; i < matrices.shape[0]!; i++) {
    const at = (x: Tensor | null): Tensor | null => x?.select(0, i) ?? null;
    pairs.push(yield* steps({ ...problem, A: at(matrices)!, B: at(others), X: at(starts) }));
  }
  const joined = (which: 0 | 1, shape: readonly number[]): Tensor =>
    call(
      "stack",
      pairs.map((pair) => pair[which]),
    ).reshape([...outer, ...shape]);
  return [joined(0, [k]), joined(1, [rows, k])];
}

/** The pairs found, with the gradient of A. */
function differentiable({ A, B, largest }: Problem, [values, vectors]: Pairs): Pairs {
  const results = call<Tensor[]>("eigen_pairs", A, values, vectors, largest, B);
  return [results[0]!, results[1]!];
}

/** Computes the values of a stage together, so that each step is one program over values; gives the errors. */
function computed({ A }: Problem, stage: Stage): Tensor {
  if (!tracing.active)
    recorder.flush(
      stage.map((tensor) => ({ node: behindMarkers(tensor.node_()), hint: "escapes" })),
      A.storage_.device,
    );
  return stage[0];
}

const hidden = <T>(run: () => T): T => withSite(() => withGradMode(false, run));

/**
 * The k largest (or smallest) eigenvalues of a symmetric matrix A, or of A x = E B x, and their vectors.
 * @throws ReadError naming lobpcgAsync on a device that is read by promises only
 * @see https://docs.pytorch.org/docs/stable/generated/torch.lobpcg.html
 */
export function lobpcg(...args: LobpcgCall): Pairs {
  return withSite(() => {
    const problem = problemOf(args);
    if (!problem.A.storage_.device.synchronous)
      throw new ReadError(
        "lobpcg/depends-on-data",
        "lobpcg: whether it has converged depends on data, which takes a promise on this device.",
        "Use the ...Async twin: await lobpcgAsync(...).",
      );
    const iteration = batch(problem);
    let step = hidden(() => iteration.next([]));
    while (!step.done) {
      const errors = computed(problem, step.value).tolist() as number[];
      step = hidden(() => iteration.next(errors));
    }
    return differentiable(problem, step.value);
  });
}

/** The same for every device: what it reads is awaited. */
export async function lobpcgAsync(...args: LobpcgCall): Promise<Pairs> {
  const problem = withSite(() => problemOf(args));
  const iteration = batch(problem);
  let step = hidden(() => iteration.next([]));
  while (!step.done) {
    const errors = (await computed(problem, step.value).tolistAsync()) as number[];
    step = hidden(() => iteration.next(errors));
  }
  const pairs = step.value;
  return withSite(() => differentiable(problem, pairs));
}
