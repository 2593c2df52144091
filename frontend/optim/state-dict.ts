/** An optimizer's state in PyTorch's form. */
import { ValueError } from "../../ir/errors.ts";
import { tensor } from "../creation.ts";
import { isPlainObject } from "../bind.ts";
import { setDictInfo } from "../serialization/values.ts";
import { settings } from "../state.ts";
import { Tensor } from "../tensor.ts";
import type { Optimizer } from "./optimizer.ts";

export interface OptimizerStateDict {
  /** By parameter number; a file has the numbers as numbers. */
  readonly state: Record<number, Record<string, unknown>>;
  readonly param_groups: Record<string, unknown>[];
}

export function stateDictOf(optimizer: Optimizer): OptimizerStateDict {
  const numbers = new Map<Tensor, number>();
  const param_groups = optimizer.param_groups.map((group) => {
    for (const param of group.params) numbers.set(param, numbers.get(param) ?? numbers.size);
    const { params, ...options } = group;
    const packed: Record<string, unknown> = {};
    // Arrays are frozen: such as Python's tuples are saved.
    for (const [name, value] of Object.entries(options))
      packed[name] = Array.isArray(value) ? Object.freeze([...(value as unknown[])]) : value;
    packed["params"] = params.map((param) => numbers.get(param)!);
    return packed;
  });
  const state: Record<number, Record<string, unknown>> = {};
  for (const [param, number] of numbers) {
    const own = optimizer.state.get(param);
    if (own === undefined) continue;
    const packed: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(own))
      packed[name] =
        typeof value === "number" && optimizer.tensorNumbers_.includes(name)
          ? tensor(value, { dtype: settings.defaultDType === "float64" ? "float64" : "float32", device: "cpu" })
          : value;
    state[number] = packed;
  }
  return { state: setDictInfo(state, { ordered: false, integerKeys: true }), param_groups };
}

const member = (holder: unknown, name: string): unknown =>
  holder instanceof Map ? (holder as Map<unknown, unknown>).get(name) : (holder as Record<string, unknown>)[name];
const entriesOf = (holder: unknown): [unknown, unknown][] =>
  holder instanceof Map ? [...(holder as Map<unknown, unknown>)] : Object.entries(holder ?? {});

export function loadStateDict(optimizer: Optimizer, saved: unknown): void {
  const groups = [...(member(saved, "param_groups") as Iterable<unknown>)];
  const own = optimizer.param_groups;
  if (groups.length !== own.length)
    throw new ValueError(
      "optimizer/groups",
      `load_state_dict: loaded state dict has a different number of parameter groups: ${groups.length}, this optimizer has ${own.length}.`,
    );
  const ids = groups.map((group) => [...(member(group, "params") as Iterable<unknown>)]);
  ids.forEach((list, i) => {
    if (list.length !== own[i]!.params.length)
      throw new ValueError(
        "optimizer/group-size",
        `load_state_dict: loaded state dict contains a parameter group that doesn't match the size of optimizer's group: ${list.length} parameters, group ${i} has ${own[i]!.params.length}.`,
      );
  });
  const params = new Map<string, Tensor>();
  ids.forEach((list, i) => list.forEach((id, k) => params.set(String(id), own[i]!.params[k]!)));
  groups.forEach((group, i) => {
    const options = own[i] as unknown as Record<string, unknown>;
    for (const [name, value] of entriesOf(group))
      if (name !== "params") options[String(name)] = Array.isArray(value) ? [...(value as unknown[])] : value;
  });
  optimizer.state.clear();
  for (const [id, values] of entriesOf(member(saved, "state"))) {
    const param = params.get(String(id));
    if (param === undefined) continue;
    const state: Record<string, unknown> = {};
    for (const [name, value] of entriesOf(values)) state[String(name)] = loaded(optimizer, String(name), value, param);
    optimizer.state.set(param, state);
  }
}

/** A saved value as this optimizer keeps it: step counts are numbers, other tensors live where their parameter does. */
function loaded(optimizer: Optimizer, name: string, value: unknown, param: Tensor): unknown {
  if (Array.isArray(value)) return value.map((item) => loaded(optimizer, name, item, param));
  if (isPlainObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, loaded(optimizer, key, item, param)]));
  if (!(value instanceof Tensor)) return value;
  if (name === "step" || optimizer.tensorNumbers_.includes(name)) return Number(value.item());
  const plain = value.detach();
  const moved = param.is_floating_point() ? plain.to(param.device, param.dtype) : plain.to(param.device);
  // A copy: the saved tensor must not change with the optimizer's.
  return Tensor.ofNode(moved.node_(), param.storage_.device);
}
