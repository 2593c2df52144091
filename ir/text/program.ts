/**
 * Programs as text:
 *
 *     program step inputs 1 outputs 1 arena 64
 *     slot 0: float32[2, 3] bytes 24 input 0
 *     slot 1: float32[2, 3] bytes 24 output 0
 *     number 0: float32
 *     run buffers (0, 1) numbers (0)
 *       kernel ...
 *     copy 0 -> 1
 *     draw 0 -> 1
 */
import { IrError } from "../errors.ts";
import type { NumberSlot, Program, Slot, SlotKind, Step } from "../program.ts";
import { formatShape } from "../shape.ts";
import { linesOf, parseKernelLines } from "./loop-parser.ts";
import { printKernel } from "./loop-printer.ts";
import { Scanner } from "./scanner.ts";

function placeText(place: SlotKind): string {
  switch (place.kind) {
    case "input":
    case "output":
      return `${place.kind} ${place.index}`;
    case "temporary":
      return `temporary at ${place.offset}`;
    case "donated":
      return `donated ${place.index} of ${place.of}`;
  }
}

export function printProgram(program: Program): string {
  const { name, inputCount, outputCount, arenaBytes } = program;
  const lines = [`program ${name} inputs ${inputCount} outputs ${outputCount} arena ${arenaBytes}\n`];
  for (const { id, dtype, shape, bytes, place } of program.slots) {
    lines.push(`slot ${id}: ${dtype}${formatShape(shape)} bytes ${bytes} ${placeText(place)}\n`);
  }
  for (const { id, dtype } of program.numbers) lines.push(`number ${id}: ${dtype}\n`);
  for (const step of program.steps) {
    if (step.kind === "copy") lines.push(`copy ${step.from} -> ${step.to}\n`);
    else if (step.kind === "draw") lines.push(`draw ${step.draw} -> ${step.slot}\n`);
    else {
      lines.push(`run buffers (${step.buffers.join(", ")}) numbers (${step.numbers.join(", ")})\n`);
      lines.push(printKernel(step.kernel, "  "));
    }
  }
  return lines.join("");
}

function parsePlace(line: Scanner): SlotKind {
  const kind = line.oneOf(["input", "output", "temporary", "donated"]);
  switch (kind) {
    case "input":
    case "output":
      return { kind, index: line.integer() };
    case "temporary":
      line.expect("at");
      return { kind, offset: line.integer() };
    case "donated": {
      const index = line.integer();
      line.expect("of");
      return { kind, index, of: line.integer() };
    }
  }
}

/** @throws IrError for text that the printer does not write */
export function parseProgram(text: string): Program {
  const lines = linesOf(text);
  const header = new Scanner(lines[0]?.text ?? "");
  header.expect("program");
  const name = header.word();
  header.expect("inputs");
  const inputCount = header.integer();
  header.expect("outputs");
  const outputCount = header.integer();
  header.expect("arena");
  const arenaBytes = header.integer();
  const slots: Slot[] = [];
  const numbers: NumberSlot[] = [];
  const steps: Step[] = [];
  for (let at = 1; at < lines.length;) {
    const line = new Scanner(lines[at++]!.text);
    switch (line.oneOf(["slot", "number", "run", "copy", "draw"])) {
      case "slot": {
        const id = line.integer();
        line.expect(":");
        const dtype = line.dtype();
        const shape = line.shape();
        line.expect("bytes");
        slots.push({ id, dtype, shape, bytes: line.integer(), place: parsePlace(line) });
        break;
      }
      case "number": {
        const id = line.integer();
        line.expect(":");
        numbers.push({ id, dtype: line.dtype() });
        break;
      }
      case "run": {
        line.expect("buffers");
        const buffers = line.list("(", ")", () => line.integer());
        line.expect("numbers");
        const bound = line.list("(", ")", () => line.integer());
        const { kernel, end } = parseKernelLines(lines, at);
        at = end;
        steps.push({ kind: "kernel", kernel, buffers, numbers: bound });
        break;
      }
      case "copy": {
        const from = line.integer();
        line.expect("->");
        steps.push({ kind: "copy", from, to: line.integer() });
        break;
      }
      case "draw": {
        const draw = line.integer();
        line.expect("->");
        steps.push({ kind: "draw", slot: line.integer(), draw });
        break;
      }
    }
    if (!line.done) throw new IrError("ir/text", `too much on the line: ${lines[at - 1]!.text}`);
  }
  return { name, slots, numbers, steps, inputCount, outputCount, arenaBytes };
}
