/**
 * The limited-memory BFGS iteration and its line search, on plain vectors. They ask for evaluations by yielding a point
 * and get the loss and its gradient there, so that one text serves synchronous and asynchronous devices.
 */
export type Vector = Float64Array;
export interface Evaluation {
  readonly loss: number;
  readonly grad: Vector;
}
/** Asks for the loss and the gradient at a point. */
export type Search<T> = Generator<Vector, T, Evaluation>;

export const dot = (a: Vector, b: Vector): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
export const largest = (a: Vector): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
/** a + b * factor */
export const plus = (a: Vector, b: Vector, factor: number): Vector => a.map((x, i) => x + b[i]! * factor);
export const times = (a: Vector, factor: number): Vector => a.map((x) => x * factor);

export interface LBFGSMemory {
  func_evals: number;
  n_iter: number;
  d: Vector;
  t: number;
  old_dirs: Vector[];
  old_stps: Vector[];
  ro: number[];
  H_diag: number;
  prev_flat_grad: Vector;
  prev_loss: number;
}
export interface LBFGSSettings {
  readonly lr: number;
  readonly max_iter: number;
  readonly max_eval: number;
  readonly tolerance_grad: number;
  readonly tolerance_change: number;
  readonly history_size: number;
  readonly line_search_fn: "strong_wolfe" | null;
}

/** One call of step(): several iterations. Gives the point to stay at. */
export function* minimise(
  start: Vector,
  first: Evaluation,
  memory: LBFGSMemory,
  settings: LBFGSSettings,
): Search<Vector> {
  let x = start;
  let { loss, grad } = first;
  let evaluations = 1;
  memory.func_evals++;
  if (largest(grad) <= settings.tolerance_grad) return x;
  for (let iteration = 1; iteration <= settings.max_iter; iteration++) {
    memory.n_iter++;
    updateDirection(memory, grad, settings.history_size);
    const { d } = memory;
    memory.prev_flat_grad = grad;
    memory.prev_loss = loss;
    memory.t =
      memory.n_iter === 1 ? Math.min(1, 1 / grad.reduce((sum, g) => sum + Math.abs(g), 0)) * settings.lr : settings.lr;
    const slope = dot(grad, d);
    if (slope > -settings.tolerance_change) break;
    let spent = 0;
    if (settings.line_search_fn !== null) {
      const found = yield* strongWolfe(x, memory.t, d, { loss, grad }, slope);
      ({ loss, grad } = found);
      memory.t = found.t;
      spent = found.evaluations;
      x = plus(x, d, memory.t);
    } else {
      x = plus(x, d, memory.t);
      if (iteration !== settings.max_iter) {
        ({ loss, grad } = yield x);
        spent = 1;
      }
    }
    evaluations += spent;
    memory.func_evals += spent;
    if (evaluations >= settings.max_eval || largest(grad) <= settings.tolerance_grad) break;
    if (
      largest(d) * Math.abs(memory.t) <= settings.tolerance_change ||
      Math.abs(loss - memory.prev_loss) < settings.tolerance_change
    )
      break;
  }
  return x;
}

/** The direction of the next step: the gradient through the approximate inverse Hessian. */
function updateDirection(memory: LBFGSMemory, grad: Vector, historySize: number): void {
  if (memory.n_iter === 1) {
    memory.d = times(grad, -1);
    memory.H_diag = 1;
    return;
  }
  const y = plus(grad, memory.prev_flat_grad, -1);
  const s = times(memory.d, memory.t);
  const ys = dot(y, s);
  const { old_dirs, old_stps, ro } = memory;
  if (ys > 1e-10) {
    if (old_dirs.length === historySize) for (const history of [old_dirs, old_stps, ro]) history.shift();
    old_dirs.push(y);
    old_stps.push(s);
    ro.push(1 / ys);
    memory.H_diag = ys / dot(y, y);
  }
  const shares = new Array<number>(old_dirs.length);
  let q = times(grad, -1);
  for (let i = old_dirs.length - 1; i >= 0; i--) {
    shares[i] = dot(old_stps[i]!, q) * ro[i]!;
    q = plus(q, old_dirs[i]!, -shares[i]!);
  }
  let direction = times(q, memory.H_diag);
  for (let i = 0; i < old_dirs.length; i++) {
    const back = dot(old_dirs[i]!, direction) * ro[i]!;
    direction = plus(direction, old_stps[i]!, shares[i]! - back);
  }
  memory.d = direction;
}

/** The minimum of the cubic through two values and slopes, kept within bounds. */
function cubicMinimum(a: Point, b: Point, bounds?: readonly [number, number]): number {
  const [low, high] = bounds ?? (a.t <= b.t ? [a.t, b.t] : [b.t, a.t]);
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const position =
    a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return Math.min(Math.max(position, low), high);
}

interface Point extends Evaluation {
  readonly t: number;
  readonly slope: number;
}
interface Found extends Evaluation {
  readonly t: number;
  readonly evaluations: number;
}

const sufficientDecrease = 1e-4;
const curvature = 0.9;
const maxSearch = 25;
const tolerance = 1e-9;

/** A step length that satisfies the strong Wolfe conditions: first a bracket, then closing it. */
function* strongWolfe(x: Vector, firstStep: number, d: Vector, start: Evaluation, slope: number): Search<Found> {
  let evaluations = 0;
  function* evaluate(t: number): Search<Point> {
    evaluations++;
    const { loss, grad } = yield plus(x, d, t);
    return { t, loss, grad, slope: dot(grad, d) };
  }
  const origin: Point = { t: 0, ...start, slope };
  const tooHigh = (point: Point): boolean => point.loss > start.loss + sufficientDecrease * point.t * slope;
  const flat = (point: Point): boolean => Math.abs(point.slope) <= -curvature * slope;

  let previous = origin;
  let current = yield* evaluate(firstStep);
  let bracket: [Point, Point] | null = null;
  let round = 0;
  for (; round < maxSearch; round++) {
    if (tooHigh(current) || (round > 1 && current.loss >= previous.loss)) bracket = [previous, current];
    else if (flat(current)) return { ...current, evaluations };
    else if (current.slope >= 0) bracket = [previous, current];
    if (bracket !== null) break;
    const next = cubicMinimum(previous, current, [current.t + 0.01 * (current.t - previous.t), current.t * 10]);
    previous = current;
    current = yield* evaluate(next);
  }
  bracket ??= [origin, current];

  let stuck = false;
  let low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  for (; round < maxSearch; round++) {
    if (Math.abs(bracket[1].t - bracket[0].t) * largest(d) < tolerance) break;
    let t = cubicMinimum(bracket[0], bracket[1]);
    const [least, most] = [Math.min(bracket[0].t, bracket[1].t), Math.max(bracket[0].t, bracket[1].t)];
    const margin = 0.1 * (most - least);
    if (Math.min(most - t, t - least) < margin) {
      if (stuck || t >= most || t <= least) {
        t = Math.abs(t - most) < Math.abs(t - least) ? most - margin : least + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    const point = yield* evaluate(t);
    const high = 1 - low;
    if (tooHigh(point) || point.loss >= bracket[low]!.loss) {
      bracket[high] = point;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
      continue;
    }
    const done = flat(point);
    if (!done && point.slope * (bracket[high]!.t - bracket[low]!.t) >= 0) bracket[high] = bracket[low]!;
    bracket[low] = point;
    if (done) break;
  }
  return { ...bracket[low]!, evaluations };
}
