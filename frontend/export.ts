/**
 * `torch.export`: a model as a program of its own, that can be written as an ES module which needs neither the library
 * nor `eval`. See docs/export.md.
 */
import { holds } from "../ir/builder.ts";
import type { ExportTarget } from "../codegen/export/index.ts";
import { ArgumentError } from "../ir/errors.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import type { Executable } from "../runtime/device.ts";
import { typedView } from "../runtime/typed-array.ts";
import { compileFor, deviceOfTarget, textOf, type TargetProgram } from "./export/program.ts";
import { recordModel, refuseDynamicShapes, type Exportable, type Recorded } from "./export/record.ts";
import { saveDirectory } from "./export/save.ts";
import { recorder } from "./recorder.ts";
import { Tensor } from "./tensor.ts";
import { withSite } from "./call.ts";
import { behindMarkers, inputNode, Value, valueOf } from "./value.ts";

export type { Exportable } from "./export/record.ts";
export type { ExportTarget } from "../codegen/export/index.ts";

export interface ExportModelOptions {
  /** Names of the inputs, in the order of the tensors among the arguments; by default forward's parameters. */
  readonly input_names?: readonly string[];
  /** Names of the results; by default `output`, or `output_0`, `output_1`, ..., or the keys of an object. */
  readonly output_names?: readonly string[];
  /** Not supported yet: the program takes the shapes of the example inputs. */
  readonly dynamic_shapes?: unknown;
  /** PyTorch's; has no effect, since there is one way to record. */
  readonly strict?: boolean;
}

export interface SaveOptions {
  /** What computes: WebAssembly (the default), JavaScript, or WebGPU. */
  readonly target?: ExportTarget;
  /** Kernels in files of their own beside model.mjs. */
  readonly separate?: boolean;
}

/** What a program takes and gives. */
export interface ExportGraphSignature {
  readonly user_inputs: readonly string[];
  readonly user_outputs: readonly string[];
  /** Parameters, buffers and constants, by the names in weights.safetensors. */
  readonly state: readonly string[];
}

const targetOfDevice: Readonly<Record<string, ExportTarget>> = Object.fromEntries(
  Object.entries(deviceOfTarget).map(([target, device]) => [device, target as ExportTarget]),
);

/** A recorded model. https://docs.pytorch.org/docs/stable/export.html#torch.export.ExportedProgram */
export class ExportedProgram {
  private readonly recorded: Recorded;
  private readonly compiled = new Map<ExportTarget, TargetProgram>();
  private executable: {
    readonly program: TargetProgram;
    readonly executable: Executable;
    readonly weights: readonly Value[];
  } | null = null;

  /** @internal Use torch.export. */
  constructor(recorded: Recorded) {
    this.recorded = recorded;
  }

  /** The recorded graph as text. */
  get graph(): string {
    return textOf(this.recorded);
  }

  get graph_signature(): ExportGraphSignature {
    const { inputs, outputs, weights } = this.recorded;
    const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
    return { user_inputs: names(inputs), user_outputs: names(outputs), state: names(weights) };
  }

  /**
   * Runs the program here, on the device that it was recorded on.
   * @param inputs tensors by name, or in order
   * @returns the outputs by name
   */
  async run(inputs: Readonly<Record<string, Tensor>> | readonly Tensor[]): Promise<Record<string, Tensor>> {
    const given = withSite(() => this.checkInputs(inputs));
    const { device, outputs, checks } = this.recorded;
    const { program, executable, weights } = await this.prepared();
    const { model } = program;
    const values = { input: given, weight: weights };
    const memories = model.given.map(({ kind, index }) => values[kind][index]!.memory());
    const results = executable.run(
      memories,
      model.numbers,
      [],
      model.program.slots.map(() => "escapes"),
    );
    const valueFrom = ({ dtype, shape, from }: (typeof model.outputs)[number]): Value =>
      from.kind === "result" ? new Value(dtype, shape, device, results[from.index]!) : values[from.kind][from.index]!;
    if (model.checks !== null) {
      const status = new BigInt64Array(await device.read(valueFrom(model.checks.status).memory()));
      const failed = status.findIndex((told) => told !== holds);
      if (failed >= 0) throw checks!.errors[failed]!(Number(status[failed]));
    }
    return Object.fromEntries(
      model.outputs.map((output, i) => [outputs[i]!.name, Tensor.ofNode(inputNode(valueFrom(output)), device)]),
    );
  }

  /**
   * The files of an exported directory.
   * @throws ExportError when the target cannot do everything that the model does
   */
  async files(options: SaveOptions = {}): Promise<Map<string, string | Uint8Array>> {
    const { target = "wasm", separate = false } = options;
    if (!Object.hasOwn(deviceOfTarget, target))
      throw new ArgumentError(
        "export/target",
        `export: "${String(target)}" is no target`,
        'Targets are "wasm", "js" and "webgpu".',
      );
    const program = this.programFor(target);
    // Loaded when it is needed: emitters of all targets.
    const { directoryFiles } = await import("./export/files.ts");
    return directoryFiles(this.recorded, program, { target, separate });
  }

  /**
   * Writes a directory with the model as an ES module: all of it, or nothing.
   * @throws ExportError when the target cannot do everything that the model does, or the directory holds other files
   */
  async save(directory: string, options: SaveOptions = {}): Promise<void> {
    await saveDirectory(directory, await this.files(options));
  }

  private programFor(target: ExportTarget): TargetProgram {
    let program = this.compiled.get(target);
    if (program === undefined) this.compiled.set(target, (program = compileFor(this.recorded, target)));
    return program;
  }

  private async prepared(): Promise<NonNullable<typeof this.executable>> {
    const { device } = this.recorded;
    if (this.executable === null) {
      const program = this.programFor(targetOfDevice[device.name]!);
      const weights = await Promise.all(
        program.weights.map(
          async ({ node, contents }) =>
            new Value(node.dtype, node.shape, device, typedView(node.dtype, await contents)),
        ),
      );
      this.executable ??= { program, executable: device.prepare(program.model.program), weights };
    }
    return this.executable;
  }

  private checkInputs(given: Readonly<Record<string, Tensor>> | readonly Tensor[]): Value[] {
    const { inputs, device } = this.recorded;
    const names = inputs.map(({ name }) => name);
    const named = Array.isArray(given)
      ? Object.fromEntries((given as readonly Tensor[]).map((tensor, i) => [names[i] ?? `input ${i}`, tensor]))
      : (given as Readonly<Record<string, Tensor>>);
    const unknown = Object.keys(named).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new ArgumentError(
        "export/input",
        `run: there is no input "${unknown}"; the program takes ${names.join(", ")}.`,
      );
    return inputs.map(({ name, node }) => {
      const tensor = named[name];
      const wanted = `${node.dtype}${formatShape(node.shape)} on ${device.name}`;
      if (tensor === undefined)
        throw new ArgumentError("export/input", `run: the input "${name}" (${wanted}) is missing.`);
      if (tensor.dtype.name !== node.dtype || !sameShape(tensor.shape, node.shape) || tensor.storage_.device !== device)
        throw new ArgumentError(
          "export/input",
          `run: the input "${name}" must be ${wanted}, got ${String(tensor)}.`,
          "Export with an example of the shape that you need.",
        );
      return valueNow(tensor);
    });
  }
}

/** A tensor's contents; computes what is pending. */
function valueNow(tensor: Tensor): Value {
  const node = behindMarkers(tensor.node_());
  recorder.flush([{ node, hint: "escapes" }], tensor.storage_.device);
  const value = valueOf(node)!;
  value.check();
  return value;
}

function exportModel(
  model: Exportable,
  args: readonly unknown[] = [],
  options: ExportModelOptions = {},
): ExportedProgram {
  return withSite(() => {
    if (!Array.isArray(args))
      throw new ArgumentError(
        "export/args",
        "export: the example inputs must be an array of forward's arguments.",
        "torch.export(model, [x]).",
      );
    refuseDynamicShapes(options.dynamic_shapes);
    return new ExportedProgram(recordModel(model, args as readonly unknown[], options));
  });
}

/**
 * Records a model (a module, or a function of tensors) with example inputs, as a program of the library's own.
 * `export.export` is the same function.
 * https://docs.pytorch.org/docs/stable/export.html
 *
 * @throws ExportError when forward draws random numbers, reads a value, or changes state
 */
const callable = /* @__PURE__ */ Object.assign(exportModel, { export: exportModel, ExportedProgram });
export { callable as export };
