/** Parameters that are computed from others before each call. */
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { withGradMode } from "../../grad-mode.ts";
import { randn } from "../../random/index.ts";
import type { Tensor } from "../../tensor.ts";
import type { RemovableHandle } from "../../tensor-autograd.ts";
import { attribute, internalsOf, setAttribute } from "../module-internals.ts";
import type { Module } from "../module.ts";
import { op } from "../op.ts";
import { Parameter } from "../parameter.ts";

interface Derived {
  readonly handle: RemovableHandle;
  /** Puts a plain parameter back. */
  readonly undo: () => void;
}
const derived = new WeakMap<Module, Map<string, Derived>>();

/** The parameter `name` is computed by `compute` from now on. */
function derive(
  module: Module,
  kind: string,
  name: string,
  compute: () => Tensor,
  undo: (value: Parameter) => void,
): void {
  let known = derived.get(module);
  if (known === undefined) derived.set(module, (known = new Map<string, Derived>()));
  const key = `${kind} ${name}`;
  if (known.has(key))
    throw new ArgumentError("weight-norm/twice", `Cannot register two ${kind} hooks on the same parameter ${name}.`);
  setAttribute(module, name, compute());
  const handle = module.register_forward_pre_hook(() => setAttribute(module, name, compute()));
  known.set(key, { handle, undo: () => undo(withGradMode(false, () => new Parameter(compute().clone()))) });
}
function underive(module: Module, kind: string, name: string): void {
  const entry = derived.get(module)?.get(`${kind} ${name}`);
  if (entry === undefined)
    throw new ArgumentError("weight-norm/absent", `${kind} of '${name}' not found in ${module.toString()}.`);
  derived.get(module)!.delete(`${kind} ${name}`);
  entry.handle.remove();
  entry.undo();
}

function parameterNamed(module: Module, name: string): Parameter {
  const weight = attribute(module, name);
  if (!(weight instanceof Parameter))
    throw new ArgumentError("weight-norm/parameter", `${module._get_name()} has no parameter \`${name}\`.`);
  return weight;
}

/** The norm over every dimension but `dim` (null: over all), which stay as size 1. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  const kept = dim === null ? -1 : dim < 0 ? dim + v.ndim : dim;
  const axes = v.shape.map((_, i) => i).filter((i) => i !== kept);
  const norm = op("sqrt", op("sum", op("mul", v, v), { dim: axes, keepdim: true }));
  return dim === null ? op("reshape", norm, []) : norm;
}

const weightNorm = signature<[name: string, dim: number | null]>()("name?, dim?");
/** The weight is g * v / |v|: its size and its direction are parameters of their own. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.weight_norm.html */
export function weight_norm<M extends Module>(module: M, ...args: CallOf<typeof weightNorm>): M {
  const { name = "weight", dim = 0 } = weightNorm.bind("weight_norm", args);
  const weight = parameterNamed(module, name);
  Reflect.deleteProperty(module, name);
  const [gName, vName] = [`${name}_g`, `${name}_v`];
  module.register_parameter(
    gName,
    withGradMode(false, () => new Parameter(normExcept(weight, dim))),
  );
  module.register_parameter(
    vName,
    withGradMode(false, () => new Parameter(weight.detach())),
  );
  const part = (key: string): Tensor => attribute(module, key) as Tensor;
  const compute = (): Tensor => op("mul", part(vName), op("div", part(gName), normExcept(part(vName), dim)));
  derive(module, "weight_norm", name, compute, (value) => {
    for (const key of [name, gName, vName]) Reflect.deleteProperty(module, key);
    setAttribute(module, name, value);
  });
  return module;
}
/**
 * Undoes `weight_norm`: the weight is a parameter again.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.remove_weight_norm.html
 */
export function remove_weight_norm<M extends Module>(module: M, name = "weight"): M {
  underive(module, "weight_norm", name);
  return module;
}

const spectral = signature<[name: string, n_power_iterations: number, eps: number, dim: number | null]>()(
  "name?, n_power_iterations?, eps?, dim?",
);
/** The weight over its largest singular value, which is followed by power iterations in training. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.spectral_norm.html */
export function spectral_norm<M extends Module>(module: M, ...args: CallOf<typeof spectral>): M {
  const { name = "weight", n_power_iterations = 1, eps = 1e-12, dim: given } = spectral.bind("spectral_norm", args);
  const weight = parameterNamed(module, name);
  const dim = given ?? (module._get_name().startsWith("ConvTranspose") ? 1 : 0);
  const [origName, uName, vName] = [`${name}_orig`, `${name}_u`, `${name}_v`];
  const matrix = (w: Tensor): Tensor => op("reshape", dim === 0 ? w : op("transpose", w, 0, dim), [w.shape[dim]!, -1]);
  const unit = (x: Tensor): Tensor => op("div", x, op("clamp", op("sqrt", op("sum", op("mul", x, x))), { min: eps }));
  const part = (key: string): Tensor => attribute(module, key) as Tensor;
  const randomUnit = (size: number): Tensor =>
    withGradMode(false, () => unit(randn([size], { dtype: weight.dtype, device: weight.device })));

  Reflect.deleteProperty(module, name);
  module.register_parameter(origName, weight);
  const { shape } = matrix(weight.detach());
  module.register_buffer(uName, randomUnit(shape[0]!));
  module.register_buffer(vName, randomUnit(shape[1]!));
  const compute = (iterate: boolean): Tensor => {
    const w = matrix(part(origName));
    if (iterate) {
      withGradMode(false, () => {
        for (let i = 0; i < n_power_iterations; i++) {
          const v = unit(op("matmul", op("t", w.detach()), part(uName)));
          part(vName).write_(v.node_(), "spectral_norm");
          part(uName).write_(unit(op("matmul", w.detach(), v)).node_(), "spectral_norm");
        }
      });
    }
    const [u, v] = [op("clone", part(uName)), op("clone", part(vName))];
    return op("div", part(origName), op("sum", op("mul", u, op("matmul", w, v))));
  };
  derive(
    module,
    "spectral_norm",
    name,
    () => compute(module.training),
    (value) => {
      for (const key of [name, origName, uName, vName]) {
        Reflect.deleteProperty(module, key);
        internalsOf(module).buffers.delete(key);
      }
      setAttribute(module, name, value);
    },
  );
  return module;
}
/**
 * Undoes `spectral_norm`: the weight is a parameter again.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.remove_spectral_norm.html
 */
export function remove_spectral_norm<M extends Module>(module: M, name = "weight"): M {
  underive(module, "spectral_norm", name);
  return module;
}
