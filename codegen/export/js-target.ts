/** The target "js": kernels as functions of typed arrays in the module itself, so that nothing is evaluated. */
import { dtypeBytes } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import type { LoopKernel } from "../../ir/loop.ts";
import type { Slot, Step } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import { elementCount } from "../../ir/shape.ts";
import { emitKernel } from "../js/emit-kernel.ts";
import { arrayOf, totalBytes } from "./arrays.ts";
import { calledFunctions, librarySource, type LibraryName } from "./js-library.ts";
import { resultsOf, type ExportModel, type TargetCode } from "./model.ts";

export function emitJsTarget(model: ExportModel, separate: boolean): TargetCode {
  const { program } = model;
  const kernels = new Kernels();
  const slots = new Map(program.slots.map((slot) => [slot.id, slot]));
  const nameOf = (id: number): string => slotName(model, slots.get(id)!);
  const numbers = program.numbers.map(({ dtype }, i) => numberText(roundToDType(model.numbers[i]!, dtype)));
  const numberAt = new Map(program.numbers.map(({ id }, i) => [id, numbers[i]!]));

  const before: string[] = [];
  const made: string[] = [];
  const calls: string[] = [];
  if (program.arenaBytes > 0) before.push(`const arena = new ArrayBuffer(${program.arenaBytes});`);
  for (const slot of program.slots) {
    const count = elementCount(slot.shape);
    if (slot.place.kind === "temporary")
      before.push(`const ${nameOf(slot.id)} = new ${arrayOf(slot.dtype)}(arena, ${slot.place.offset}, ${count});`);
    if (slot.place.kind === "output") made.push(`const ${nameOf(slot.id)} = new ${arrayOf(slot.dtype)}(${count});`);
  }
  let scratchBytes = 0;
  let scratchCount = 0;
  let kernelCount = 0;
  let loopCount = 0;
  const emitSteps = (steps: readonly Step[], indent: string): void => {
    for (const step of steps) {
      switch (step.kind) {
        case "draw":
          throw new IrError("export/draw", "a program that draws random numbers cannot be exported");
        case "copy":
          calls.push(`${indent}${nameOf(step.to)}.set(${nameOf(step.from)});`);
          break;
        case "kernel": {
          const buffers = [...step.buffers];
          const args = step.kernel.buffers.map(({ scope, dtype, elements }) => {
            if (scope === "argument") return nameOf(buffers.shift()!);
            const name = `scratch${scratchCount++}`;
            before.push(`const ${name} = new ${arrayOf(dtype)}(${elements});`);
            scratchBytes += elements * dtypeBytes(dtype);
            return name;
          });
          args.push(...step.numbers.map((id) => numberAt.get(id)!));
          calls.push(`${indent}${kernels.nameOf(step.kernel)}(${args.join(", ")}); // ${step.kernel.name}`);
          kernelCount++;
          break;
        }
        case "loop": {
          const turn = `t${loopCount++}`;
          calls.push(`${indent}for (let ${turn} = 0; ${turn} < ${step.count}; ${turn}++) {`);
          for (const id of step.slices) {
            const { place, shape } = slots.get(id)!;
            if (place.kind !== "slice") throw new IrError("export/slice", `slot ${id} is no slice`);
            const first = `${place.first} + ${turn} * ${place.stride}`;
            const end = `${place.first + elementCount(shape)} + ${turn} * ${place.stride}`;
            calls.push(`${indent}  const ${nameOf(id)} = ${nameOf(place.of)}.subarray(${first}, ${end});`);
          }
          emitSteps(step.steps, `${indent}  `);
          calls.push(`${indent}}`);
          break;
        }
        case "while":
          calls.push(`${indent}while (${nameOf(step.condition)}[0] !== 0) {`);
          emitSteps(step.steps, `${indent}  `);
          calls.push(`${indent}}`);
          break;
        case "branch":
          calls.push(`${indent}if (${nameOf(step.predicate)}[0] !== 0) {`);
          emitSteps(step.then, `${indent}  `);
          calls.push(`${indent}} else {`);
          emitSteps(step.else, `${indent}  `);
          calls.push(`${indent}}`);
      }
    }
  };
  emitSteps(program.steps, "");
  const parameters = (prefix: string, count: number): string =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(", ");
  const lines = (texts: readonly string[], indent: string): string =>
    texts.map((text) => `${indent}${text}\n`).join("");
  const source = `${kernels.text()}
function prepare([${parameters("weight", model.weights.length)}]) {
${lines(before, "  ")}  return ([${parameters("input", model.inputs.length)}]) => {
${lines([...made, ...calls], "    ")}    return [${resultTexts(model).join(", ")}];
  };
}
`;
  const peakBytes =
    totalBytes(model.weights) +
    totalBytes(model.inputs) +
    totalBytes(resultsOf(model)) +
    program.arenaBytes +
    scratchBytes;
  if (!separate) return { source, files: new Map(), kernelCount, peakBytes };
  return {
    source: `const prepare = async (weights) => (await import("./kernels.mjs")).prepare(weights);\n`,
    files: new Map([["kernels.mjs", `${source}export { prepare };\n`]]),
    kernelCount,
    peakBytes,
  };
}

function slotName({ given }: ExportModel, { id, place }: Slot): string {
  switch (place.kind) {
    case "input": {
      const { kind, index } = given[place.index]!;
      return `${kind}${index}`;
    }
    case "output":
      return `result${place.index}`;
    case "temporary":
      return `value${id}`;
    case "slice":
      return `slice${id}`;
    case "donated":
      throw new IrError("export/donated", "an exported program overwrites none of its inputs");
  }
}

/** Each result is an array of its own, also where two are equal or one is an input. */
function resultTexts(model: ExportModel): string[] {
  const taken = new Set<string>();
  return resultsOf(model).map(({ from }) => {
    const name = `${from.kind}${from.index}`;
    const isFresh = from.kind === "result" && !taken.has(name);
    taken.add(name);
    return isFresh ? name : `${name}.slice()`;
  });
}

function numberText(value: number | bigint): string {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Kernels as functions; those with equal texts are one. */
class Kernels {
  private readonly names = new Map<string, string>();
  private readonly called = new Set<LibraryName>();

  nameOf(kernel: LoopKernel): string {
    const { parameters, body } = emitKernel(kernel);
    const text = `(${parameters.join(", ")}) {\n${body}\n}`;
    let name = this.names.get(text);
    if (name === undefined) {
      this.names.set(text, (name = `kernel${this.names.size}`));
      for (const called of calledFunctions(body)) this.called.add(called);
    }
    return name;
  }

  text(): string {
    const functions = Array.from(this.names, ([text, name]) => `function ${name}${text}\n`);
    return `${librarySource(this.called)}\n\n${functions.join("\n")}`;
  }
}
