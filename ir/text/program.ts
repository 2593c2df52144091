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
 *     loop 4 slices (2, 3)
 *       copy 2 -> 3
 *     end
 *     while 4
 *       copy 2 -> 3
 *     end
 *     branch 4
 *       copy 0 -> 1
 *     else
 *       copy 2 -> 1
 *     end
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
    case "slice":
      return `slice of ${place.of} first ${place.first} stride ${place.stride}`;
  }
}

export function printProgram(program: Program): string {
  const { name, inputCount, outputCount, arenaBytes } = program;
  const lines = [`program ${name} inputs ${inputCount} outputs ${outputCount} arena ${arenaBytes}\n`];
  for (const { id, dtype, shape, bytes, place } of program.slots) {
    lines.push(`slot ${id}: ${dtype}${formatShape(shape)} bytes ${bytes} ${placeText(place)}\n`);
  }
  for (const { id, dtype } of program.numbers) lines.push(`number ${id}: ${dtype}\n`);
  return lines.join("") + program.steps.map((step) => printStep(step, "")).join("");
}

function printStep(step: Step, indent: string): string {
  const inside = (steps: readonly Step[]): string => steps.map((inner) => printStep(inner, `${indent}  `)).join("");
  switch (step.kind) {
    case "copy":
      return `${indent}copy ${step.from} -> ${step.to}\n`;
    case "draw":
      return `${indent}draw ${step.draw} -> ${step.slot}\n`;
    case "kernel": {
      const head = `run buffers (${step.buffers.join(", ")}) numbers (${step.numbers.join(", ")})`;
      return `${indent}${head}\n${printKernel(step.kernel, `${indent}  `)}`;
    }
    case "loop":
      return `${indent}loop ${step.count} slices (${step.slices.join(", ")})\n${inside(step.steps)}${indent}end\n`;
    case "while":
      return `${indent}while ${step.condition}\n${inside(step.steps)}${indent}end\n`;
    case "branch":
      return `${indent}branch ${step.predicate}\n${inside(step.then)}${indent}else\n${inside(step.else)}${indent}end\n`;
  }
}

function parsePlace(line: Scanner): SlotKind {
  const kind = line.oneOf(["input", "output", "temporary", "donated", "slice"]);
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
    case "slice": {
      line.expect("of");
      const of = line.integer();
      line.expect("first");
      const first = line.integer();
      line.expect("stride");
      return { kind, of, first, stride: line.integer() };
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
  let at = 1;
  for (; at < lines.length; at++) {
    const line = new Scanner(lines[at]!.text);
    if (line.take("slot")) {
      const id = line.integer();
      line.expect(":");
      const dtype = line.dtype();
      const shape = line.shape();
      line.expect("bytes");
      slots.push({ id, dtype, shape, bytes: line.integer(), place: parsePlace(line) });
    } else if (line.take("number")) {
      const id = line.integer();
      line.expect(":");
      numbers.push({ id, dtype: line.dtype() });
    } else break;
    if (!line.done) throw new IrError("ir/text", `too much on the line: ${lines[at]!.text}`);
  }
  const { steps, end } = parseSteps(lines, at, []);
  if (end < lines.length) throw new IrError("ir/text", `no step is open: ${lines[end]!.text}`);
  return { name, slots, numbers, steps, inputCount, outputCount, arenaBytes };
}

type TextLines = ReturnType<typeof linesOf>;

/** Reads steps up to a line that is one of `closing`. */
function parseSteps(
  lines: TextLines,
  start: number,
  closing: readonly string[],
): { readonly steps: Step[]; readonly end: number } {
  const steps: Step[] = [];
  let at = start;
  const inside = (...until: string[]): Step[] => {
    const { steps: inner, end } = parseSteps(lines, at, until);
    if (end >= lines.length) throw new IrError("ir/text", `${until.join(" or ")} is missing`);
    at = end + 1;
    return inner;
  };
  while (at < lines.length) {
    const { text } = lines[at]!;
    if (closing.includes(text.trim())) break;
    const line = new Scanner(text);
    at++;
    const kind = line.oneOf(["run", "copy", "draw", "loop", "while", "branch"]);
    switch (kind) {
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
        steps.push({ kind, from, to: line.integer() });
        break;
      }
      case "draw": {
        const draw = line.integer();
        line.expect("->");
        steps.push({ kind, slot: line.integer(), draw });
        break;
      }
      case "loop": {
        const count = line.integer();
        line.expect("slices");
        const slices = line.list("(", ")", () => line.integer());
        steps.push({ kind, count, slices, steps: inside("end") });
        break;
      }
      case "while": {
        const condition = line.integer();
        steps.push({ kind, condition, steps: inside("end") });
        break;
      }
      case "branch": {
        const predicate = line.integer();
        const then = inside("else");
        steps.push({ kind, predicate, then, else: inside("end") });
      }
    }
    if (!line.done) throw new IrError("ir/text", `too much on the line: ${text}`);
  }
  return { steps, end: at };
}
