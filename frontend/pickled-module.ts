/** A whole module of a file: its class is code that the file does not hold, so here it is its values only. */
import type { PythonObject } from "./serialization/index.ts";
import { Tensor } from "./tensor.ts";

type Dict = ReadonlyMap<unknown, unknown> | Readonly<Record<string, unknown>>;
const entries = (dict: unknown): [string, unknown][] => {
  if (typeof dict !== "object" || dict === null) return [];
  return Array.from(
    dict instanceof Map ? (dict as ReadonlyMap<unknown, unknown>) : Object.entries(dict),
    ([key, value]) => [String(key), value],
  );
};

/** The values of a module that was saved whole: what `torch.load` gives for it. */
export class PickledModule {
  /** Such as "torch.nn.modules.conv.Conv2d". */
  readonly class: string;
  /** Its attributes, parameters and submodules among them. */
  readonly attributes: Readonly<Record<string, unknown>>;

  private constructor(className: string, attributes: Readonly<Record<string, unknown>>) {
    this.class = className;
    this.attributes = attributes;
  }

  /** @internal The module that an object of a file is; null when it is something else. */
  static from(object: PythonObject): PickledModule | null {
    const attributes = Object.fromEntries(entries(object.state as Dict));
    return "_parameters" in attributes && "_modules" in attributes ? new PickledModule(object.class, attributes) : null;
  }

  /** Parameters and persistent buffers by dotted name: load them into a module of your own. */
  state_dict(prefix = ""): Record<string, Tensor> {
    const state: Record<string, Tensor> = {};
    const unsaved = this.attributes["_non_persistent_buffers_set"];
    const skipped = unsaved instanceof Set ? unsaved : new Set<unknown>();
    for (const [name, value] of [...entries(this.attributes["_parameters"]), ...entries(this.attributes["_buffers"])]) {
      if (value instanceof Tensor && !skipped.has(name)) state[prefix + name] = value.detach();
    }
    for (const [name, child] of entries(this.attributes["_modules"])) {
      if (child instanceof PickledModule) Object.assign(state, child.state_dict(`${prefix}${name}.`));
    }
    return state;
  }
}
