/** Printing: `repr` of tensors under `torch.set_printoptions`, with `grad_fn`, and of Size, dtype and their like. */
import { withKwargs, type Adapter, type Callable } from "../adapter.ts";
import { Decoder } from "../decode.ts";
import { isTagged, isTensorNode, type Tree } from "../format.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { representation } from "../representation.ts";
import { defineKind } from "./kind.ts";

interface PrintingCase {
  value: Tree;
  /** What the value is, where it is no tensor. */
  kind?: string;
  /** An expression in `x`, the value, that is printed instead. */
  code?: string;
  printoptions?: Record<string, Tree>;
  repr: string;
  str?: string;
}

export const printing = defineKind<PrintingCase>({
  operator: (record) => `printing ${record.kind ?? (record.code === undefined ? "tensor" : "grad_fn")}`,
  *checks(record, { adapter }) {
    yield { label: "repr", run: () => checkRepr(adapter, record) };
    if (record.kind !== undefined && record.str !== undefined) {
      yield { label: "str", run: () => checkStr(adapter, record, record.str!) };
    }
  },
});

/** The recorded expressions, by their text. */
const EXPRESSIONS: Record<string, (adapter: Adapter, x: unknown) => unknown> = {
  "x * 2": (adapter, x) => adapter.apply(x, "mul", 2),
  "x.sum()": (adapter, x) => adapter.apply(x, "sum"),
  "x.view(-1)": (adapter, x) => adapter.apply(x, "view", -1),
  "relu(x)": (adapter, x) => adapter.apply(x, "relu"),
  "x.t().exp()": (adapter, x) => adapter.apply(adapter.apply(x, "t"), "exp"),
};

function live(adapter: Adapter, record: PrintingCase): unknown {
  const { value, kind } = record;
  switch (kind) {
    case undefined: {
      const x = new Decoder(adapter, true).value(value);
      if (record.code === undefined) return x;
      const expression = EXPRESSIONS[record.code];
      if (expression === undefined) throw new NotImplementedHere(`the expression ${record.code}`);
      return expression(adapter, x);
    }
    case "Size":
      return adapter.construct("torch.Size", [value]);
    case "device":
      return adapter.construct("torch.device", [isTagged(value) && value.$ === "device" ? value.v : value]);
    case "Parameter":
      if (!isTensorNode(value)) throw new Error("a Parameter case without a tensor");
      return adapter.construct("torch.nn.Parameter", [new Decoder(adapter).tensor(value)]);
    case "named_tuple":
      // The recorded result is that of torch.max: value 1, index 2.
      return adapter.apply(adapter.makeTensor(BigInt64Array.of(-1n, 0n, 1n), [3], "int64"), "max", 0);
    default:
      return new Decoder(adapter).value(value);
  }
}

async function checkRepr(adapter: Adapter, record: PrintingCase): Promise<string | null> {
  const value = live(adapter, record);
  if (record.printoptions === undefined) return same(await shown(adapter, value), record.repr);
  const setOptions = adapter.lookup("torch.set_printoptions") as Callable;
  setOptions(...withKwargs([], new Decoder(adapter).kwargs(record.printoptions)));
  try {
    return same(await shown(adapter, value), record.repr);
  } finally {
    setOptions({ profile: "default", sci_mode: null });
  }
}

async function checkStr(adapter: Adapter, record: PrintingCase, str: string): Promise<string | null> {
  const value = live(adapter, record);
  return same(adapter.isTensor(value) ? await shown(adapter, value) : String(value), str);
}

/** The recorded tensors were on a CPU, whose text names no device. */
const shown = async (adapter: Adapter, value: unknown): Promise<string> =>
  (await representation(adapter, value)).replace(/,\s+device='webgpu:0'/, "");

function same(got: string, wanted: string): string | null {
  return got === wanted ? null : `got\n${got}\nexpected\n${wanted}`;
}
