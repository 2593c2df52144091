/** `torch.summary`: a table of a model's layers. */
import { elementCount, formatShape, type Shape } from "../../ir/shape.ts";
import { zeros } from "../creation.ts";
import { withGradMode } from "../grad-mode.ts";
import type { Module } from "../nn/module.ts";
import { ownParameters } from "../nn/module-internals.ts";
import { tensorsIn, withoutReturning } from "../nn/returned.ts";
import { Tensor } from "../tensor.ts";

/** A tensor, or the shape of one of zeros. */
export type SummaryInput = Tensor | Shape;

interface Row {
  readonly module: Module;
  readonly name: string;
  readonly depth: number;
  output: string;
}

/**
 * A table of the modules with their output shapes and numbers of parameters. Shapes come from recording one call in
 * evaluation mode: nothing is computed.
 */
export function summary(model: Module, inputs: readonly SummaryInput[]): string {
  const rows = rowsOf(model);
  const shapes = new Map<Module, string>();
  const handles = [...new Set(rows.map(({ module }) => module))].map((module) =>
    module.register_forward_hook((_module, _args, output) => {
      shapes.set(module, [...tensorsIn(output)].map((tensor) => formatShape(tensor.shape)).join(", "));
    }),
  );
  const modes = model.modules().map((module): [Module, boolean] => [module, module.training]);
  try {
    const first = model.parameters()[0];
    const args = inputs.map((input) =>
      input instanceof Tensor
        ? input
        : zeros([...input], first === undefined ? {} : { device: first.device, dtype: first.dtype }),
    );
    model.eval();
    withGradMode(false, () => withoutReturning(() => (model as unknown as (...args: Tensor[]) => unknown)(...args)));
  } finally {
    for (const [module, training] of modes) module.training = training;
    for (const handle of handles) handle.remove();
  }
  for (const row of rows) row.output = shapes.get(row.module) ?? "-";
  return table(model, rows);
}

/** The tree, parents first. */
function rowsOf(model: Module): Row[] {
  const rows: Row[] = [];
  const visit = (module: Module, name: string, depth: number): void => {
    rows.push({ module, name, depth, output: "" });
    for (const [childName, child] of module.named_children()) visit(child, childName, depth + 1);
  };
  visit(model, "", 0);
  return rows;
}

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");

function table(model: Module, rows: readonly Row[]): string {
  const counted = new Set<Module>();
  const lines = rows.map(({ module, name, depth, output }): [string, string, string] => {
    const own = ownParameters(module).reduce((sum, [, parameter]) => sum + parameter.numel(), 0);
    const again = counted.has(module);
    counted.add(module);
    const label = `${"  ".repeat(depth)}${module._get_name()}${name === "" ? "" : ` (${name})`}`;
    return [label, output, again ? "(shared)" : own === 0 ? "-" : grouped(own)];
  });
  const header: [string, string, string] = ["Layer", "Output shape", "Params"];
  const widths = [0, 1, 2].map((column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  const text = ([a, b, c]: readonly [string, string, string]): string =>
    `${a.padEnd(widths[0]!)}  ${b.padEnd(widths[1]!)}  ${c.padStart(widths[2]!)}`;
  const rule = "-".repeat(widths[0]! + widths[1]! + widths[2]! + 4);
  const parameters = model.parameters();
  const count = (trainable: boolean): number =>
    parameters.filter((p) => p.requires_grad === trainable).reduce((sum, p) => sum + p.numel(), 0);
  const bytes = [...parameters, ...model.buffers()].reduce(
    (sum, tensor) => sum + elementCount(tensor.shape) * tensor.itemsize,
    0,
  );
  return [
    text(header),
    rule,
    ...lines.map(text),
    rule,
    `Trainable params: ${grouped(count(true))}`,
    `Frozen params: ${grouped(count(false))}`,
    `Parameters and buffers: ${(bytes / 2 ** 20).toFixed(2)} MiB`,
  ].join("\n");
}
