/** The device of plain JavaScript loops: `cpu:js`. Needs `unsafe-eval` under a content-security policy. */
import { emitKernel } from "../../codegen/js/emit-kernel.ts";
import { DeviceError, IrError } from "../../ir/errors.ts";
import type { LoopKernel } from "../../ir/loop.ts";
import { leafSteps, type LeafStep, type Program, type Step } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import { elementCount } from "../../ir/shape.ts";
import type {
  Device,
  DeviceStatistics,
  DrawSource,
  Executable,
  Memory,
  OutputHint,
  ScalarValue,
  Tick,
} from "../device.ts";
import { typedArray, typedView, type TypedArray } from "../typed-array.ts";
import { library } from "./library.ts";

class JsMemory implements Memory {
  readonly device: Device;
  readonly bytes: number;
  /** Where its bytes begin in the buffer. */
  readonly start: number;
  private buffer: ArrayBuffer | null;
  private readonly onRelease: (() => void) | null;
  constructor(device: Device, buffer: ArrayBuffer, onRelease: (() => void) | null, part = whole(buffer)) {
    this.device = device;
    this.buffer = buffer;
    this.start = part.start;
    this.bytes = part.bytes;
    this.onRelease = onRelease;
  }
  get released(): boolean {
    return this.buffer === null;
  }
  release(): void {
    if (this.buffer === null) return;
    this.buffer = null;
    this.onRelease?.();
  }
  get contents(): ArrayBuffer {
    if (this.buffer === null) throw new DeviceError("device/released", "this memory has been released");
    return this.buffer;
  }
}

const whole = (buffer: ArrayBuffer): { start: number; bytes: number } => ({ start: 0, bytes: buffer.byteLength });

type KernelFunction = (...args: unknown[]) => void;

/** Compiled kernels by source text: one `Function` for equal kernels of all programs. */
const compiled = new Map<string, KernelFunction>();

function compile(kernel: LoopKernel): KernelFunction {
  const { parameters, body } = emitKernel(kernel);
  const names = Object.keys(library);
  const source = `"use strict"; const { ${names.join(", ")} } = library;\nreturn function kernel(${parameters.join(", ")}) {\n${body}\n};`;
  let known = compiled.get(source);
  if (known === undefined) {
    try {
      // Generated code is this device's purpose; the WASM device works where a policy forbids it.
      // oxlint-disable-next-line typescript/no-implied-eval, typescript/no-unsafe-call -- as said
      known = new Function("library", source)(library) as KernelFunction;
    } catch (error) {
      if (error instanceof EvalError) {
        throw new DeviceError(
          "device/no-eval",
          "cpu:js: code generation from strings is disallowed here",
          'Use the "cpu" device, which compiles WebAssembly.',
        );
      }
      throw error;
    }
    compiled.set(source, known);
  }
  return known;
}

interface CompiledStep {
  readonly run: KernelFunction;
  readonly scratch: readonly TypedArray[];
}

interface CurrentRun {
  /** By slot. */
  readonly views: TypedArray[];
  readonly values: readonly (number | bigint)[];
  readonly draws: readonly DrawSource[];
}

class JsExecutable implements Executable {
  readonly program: Program;
  readonly kernelCount: number;
  readonly compileMs: number;
  readonly peakBytes: number;
  private readonly device: JsDevice;
  private readonly arena: ArrayBuffer;
  private readonly kernels = new Map<LeafStep, CompiledStep>();
  /** Hears of each leaf step by its number. */
  private readonly tick: ((step: Step) => void) | null;

  constructor(device: JsDevice, program: Program, tick?: Tick) {
    const start = performance.now();
    const numberOf = new Map<Step, number>(leafSteps(program.steps).map((step, i) => [step, i]));
    this.tick = tick === undefined ? null : (step) => numberOf.has(step) && tick(numberOf.get(step)!);
    this.device = device;
    this.program = program;
    this.arena = new ArrayBuffer(program.arenaBytes);
    for (const step of leafSteps(program.steps)) {
      if (step.kind !== "kernel") continue;
      const local = step.kernel.buffers.filter((buffer) => buffer.scope !== "argument");
      this.kernels.set(step, {
        run: compile(step.kernel),
        scratch: local.map(({ dtype, elements }) => typedArray(dtype, elements)),
      });
    }
    this.kernelCount = this.kernels.size;
    this.peakBytes =
      program.arenaBytes +
      program.slots.reduce((sum, slot) => sum + (slot.place.kind === "output" ? slot.bytes : 0), 0);
    this.compileMs = performance.now() - start;
  }

  run(
    inputs: readonly Memory[],
    numbers: readonly ScalarValue[],
    draws: readonly DrawSource[],
    hints: readonly OutputHint[],
  ): Memory[] {
    const { program } = this;
    const outputs = new Array<Memory>(program.outputCount);
    const views = program.slots.map((slot): TypedArray => {
      const count = elementCount(slot.shape);
      const { place } = slot;
      switch (place.kind) {
        case "input": {
          const memory = inputs[place.index] as JsMemory;
          return typedView(slot.dtype, memory.contents, memory.start, count);
        }
        case "temporary":
          return typedView(slot.dtype, this.arena, place.offset, count);
        case "output": {
          const hint = hints[place.index];
          const memory =
            hint instanceof JsMemory ? hint : this.device.adopt(new ArrayBuffer(slot.bytes), hint === "state");
          outputs[place.index] = memory;
          return typedView(slot.dtype, memory.contents, 0, count);
        }
        case "donated": {
          const memory = inputs[place.of] as JsMemory;
          outputs[place.index] = memory;
          return typedView(slot.dtype, memory.contents, 0, count);
        }
        case "slice":
          return typedView(slot.dtype, this.arena, 0, 0); // placed by its loop
      }
    });
    const values = program.numbers.map((slot, i) => roundToDType(numbers[i]!, slot.dtype));
    this.runSteps(program.steps, { views, values, draws });
    return outputs;
  }

  private runSteps(steps: readonly Step[], run: CurrentRun): void {
    const { views, values, draws } = run;
    for (const step of steps) {
      this.tick?.(step);
      switch (step.kind) {
        case "copy":
          (views[step.to] as Float32Array).set(views[step.from] as Float32Array);
          break;
        case "draw":
          draws[step.draw]!(views[step.slot]!);
          break;
        case "kernel": {
          const { run: kernel, scratch } = this.kernels.get(step)!;
          let argument = 0;
          let local = 0;
          const buffers = step.kernel.buffers.map((buffer) =>
            buffer.scope === "argument" ? views[step.buffers[argument++]!]! : scratch[local++]!,
          );
          kernel(...buffers, ...step.numbers.map((id) => values[id]));
          break;
        }
        case "loop":
          for (let t = 0; t < step.count; t++) {
            for (const id of step.slices) views[id] = this.sliceAt(id, t, views);
            this.runSteps(step.steps, run);
          }
          break;
        case "while":
          while (Number(views[step.condition]![0]) !== 0) this.runSteps(step.steps, run);
          break;
        case "branch":
          this.runSteps(Number(views[step.predicate]![0]) !== 0 ? step.then : step.else, run);
      }
    }
  }

  private sliceAt(id: number, t: number, views: readonly TypedArray[]): TypedArray {
    const { place, shape } = this.program.slots[id]!;
    if (place.kind !== "slice") throw new IrError("js/slice", `slot ${id} is no slice`);
    const first = place.first + t * place.stride;
    return views[place.of]!.subarray(first, first + elementCount(shape));
  }

  release(): void {}
}

class JsDevice implements Device {
  readonly name = "cpu:js";
  readonly synchronous = true;
  private live = 0;
  private peak = 0;
  private allocations = 0;
  /** Forgotten state: nobody released it. */
  private readonly registry = new FinalizationRegistry<number>((bytes) => (this.live -= bytes));

  /**
   * Takes an ArrayBuffer over. Only `state` counts as the device's: the rest is ordinary garbage-collected memory, as
   * everything on this device is in the end.
   */
  adopt(buffer: ArrayBuffer, state: boolean): JsMemory {
    this.allocations++;
    if (!state) return new JsMemory(this, buffer, null);
    const { byteLength } = buffer;
    const token = {};
    const memory = new JsMemory(this, buffer, () => {
      this.registry.unregister(token);
      this.live -= byteLength;
    });
    this.live += byteLength;
    this.peak = Math.max(this.peak, this.live);
    this.registry.register(memory, byteLength, token);
    return memory;
  }

  upload(data: ArrayBufferView): Memory {
    const copy = new ArrayBuffer(data.byteLength);
    new Uint8Array(copy).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return this.adopt(copy, false);
  }
  readSync(memory: Memory): ArrayBuffer {
    const { contents, start, bytes } = memory as JsMemory;
    return contents.slice(start, start + bytes);
  }
  read(memory: Memory): Promise<ArrayBuffer> {
    return Promise.resolve(this.readSync(memory));
  }
  write(memory: Memory, data: ArrayBufferView): void {
    new Uint8Array((memory as JsMemory).contents).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  part(memory: Memory, start: number, bytes: number): Memory {
    return new JsMemory(this, (memory as JsMemory).contents, null, { start, bytes });
  }
  prepare(program: Program, tick?: Tick): Executable {
    return new JsExecutable(this, program, tick);
  }
  statistics(): DeviceStatistics {
    return { liveBytes: this.live, peakBytes: this.peak, allocations: this.allocations };
  }
  resetPeak(): void {
    this.peak = this.live;
  }
  synchronize(): Promise<void> {
    return Promise.resolve();
  }
}

let device: JsDevice | null = null;
/** The one JavaScript device of this process. */
export const jsDevice = (): Device => (device ??= new JsDevice());
