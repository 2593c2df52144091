/**
 * A program made ready for WebGPU. Everything that does not change from run to run is made once: pipelines, bind
 * groups (for each way in which the values lie in chunks), the parameter buffer. A run allocates its outputs, writes
 * the parameter words that changed, and submits one command buffer (more only where a draw must come in between).
 */
import { copyKernel } from "../../codegen/wgsl/copy-kernel.ts";
import { dtypeBytes } from "../../ir/dtype.ts";
import { ArgumentError, OutOfMemoryError, ReadError } from "../../ir/errors.ts";
import { unrolled, type Program, type Slot } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import { elementCount } from "../../ir/shape.ts";
import type { DrawSource, Executable, Memory, OutputHint, ScalarValue } from "../device.ts";
import { typedArray } from "../typed-array.ts";
import { Bindings, type BoundProgram } from "./bindings.ts";
import type { DeviceContext } from "./context.ts";
import { deviceBytes, elementWidth, toDeviceWords } from "./element-words.ts";
import { cutSegments, layOutArena, slotBytes, type ArenaLayout, type Segment } from "./layout.ts";
import { WebGpuMemory } from "./memory.ts";
import { convertNumber } from "./numbers.ts";
import { Records, type KernelStep } from "./records.ts";
import type { Block } from "./heap.ts";

/** What a run needs when its turn comes, if that is not at once. */
interface PreparedRun {
  readonly bound: BoundProgram;
  readonly values: Uint32Array;
  readonly groups: Float64Array;
  readonly draws: readonly {
    readonly block: Block;
    readonly offset: number;
    readonly words: ArrayBufferView<ArrayBuffer>;
  }[];
  readonly inputs: readonly WebGpuMemory[];
  readonly made: readonly WebGpuMemory[];
}

export class WebGpuExecutable implements Executable {
  readonly program: Program;
  readonly kernelCount: number;
  readonly peakBytes: number;
  /** Until the pipelines are compiled: what generating their code took. */
  compileMs = 0;
  private readonly context: DeviceContext;
  private readonly steps: readonly KernelStep[];
  private readonly layout: ArenaLayout;
  /** The arena holds the temporaries, then the kernels' scratch memory. */
  private readonly arenaBytes: number;
  private readonly segments: readonly Segment[];
  private readonly drawSlots: readonly { readonly draw: number; readonly slot: Slot; readonly index: number }[];
  private readonly records: Records;
  private readonly bindings: Bindings;
  /** Of the current run: where each slot is, and after them where scratch memory begins. Reused by every run. */
  private readonly blocks: (Block | null)[];
  private readonly offsets: Float64Array;
  private readonly groups: Float64Array;
  private readonly inputSlots: ReadonlyMap<number, Slot>;
  private readonly slotIndex: ReadonlyMap<number, number>;
  private releasedAlready = false;

  constructor(context: DeviceContext, program: Program) {
    const start = performance.now();
    this.context = context;
    this.program = program;
    this.slotIndex = new Map(program.slots.map((slot, i) => [slot.id, i]));
    this.layout = layOutArena(program);
    this.segments = cutSegments(program, this.layout);
    this.steps = this.compileSteps();
    let scratch = 0;
    for (const { code } of this.steps) scratch = Math.max(scratch, sum(code.scratchBytes.map(aligned)));
    this.arenaBytes = aligned(this.layout.bytes) + scratch;
    this.records = new Records(context.gpu, program.name, this.steps);
    this.bindings = new Bindings(context, program.name, this.steps, this.records, program.slots.length + 1);
    this.blocks = new Array<Block | null>(program.slots.length + 1).fill(null);
    this.offsets = new Float64Array(this.blocks.length);
    this.groups = new Float64Array(sum(this.steps.map(({ code }) => code.dispatches.length)));
    this.kernelCount = this.groups.length;
    this.inputSlots = inputSlots(program);
    this.drawSlots = program.steps.flatMap((step) => {
      if (step.kind !== "draw") return [];
      const index = this.indexOf(step.slot);
      return [{ draw: step.draw, slot: program.slots[index]!, index }];
    });
    const outputs = program.slots.filter((slot) => slot.place.kind === "output");
    this.peakBytes = this.arenaBytes + sum(outputs.map((slot) => aligned(slotBytes(slot))));
    context.arena.enter();
    void this.compileAhead(start);
  }

  run(
    inputs: readonly Memory[],
    numbers: readonly ScalarValue[],
    draws: readonly DrawSource[],
    hints: readonly OutputHint[],
  ): Memory[] {
    const { context, program } = this;
    context.requireAlive();
    if (this.releasedAlready) throw new ReadError("executable/released", `${program.name}: the program was released.`);
    const memories = this.checkInputs(inputs);
    const { made, outputs } = this.reserve(memories, hints);
    const bound = this.bindings.bind(this.blocks);
    const isNow = context.order.isIdle && bound.ready === null;
    const held = program.numbers.map(({ dtype }, i) => roundToDType(numbers[i]!, dtype));
    const values = this.records.fill(this.offsets, held);
    this.countGroups(held);
    const filled = this.drawSlots.map(({ draw, slot, index }) => {
      const source = draws[draw];
      if (source === undefined)
        throw new ArgumentError("executable/draws", `${program.name}: draw ${draw} has no source.`);
      const target = typedArray(slot.dtype, elementCount(slot.shape));
      source(target);
      return {
        block: this.blocks[index]!,
        offset: this.offsets[index]! * 4,
        words: toDeviceWords(target, elementWidth(slot.dtype)),
      };
    });
    // Later runs reuse these arrays, perhaps before this one's turn comes.
    const run: PreparedRun = {
      bound,
      values: isNow ? values : values.slice(),
      groups: isNow ? this.groups : this.groups.slice(),
      draws: filled,
      inputs: memories,
      made,
    };
    context.order.add(() => this.execute(run), bound.ready);
    return outputs;
  }

  private async compileAhead(start: number): Promise<void> {
    const compiled = this.bindings.expectOneChunk();
    this.compileMs = performance.now() - start;
    await compiled;
    this.compileMs = performance.now() - start;
  }

  release(): void {
    if (this.releasedAlready) return;
    this.releasedAlready = true;
    this.context.arena.leave();
    this.context.order.add(() => this.records.destroy());
  }

  private indexOf(slotId: number): number {
    const index = this.slotIndex.get(slotId);
    if (index === undefined)
      throw new ArgumentError("executable/slot", `${this.program.name}: there is no slot ${slotId}.`);
    return index;
  }

  private compileSteps(): KernelStep[] {
    const { compileKernel, limits } = this.context;
    const slotCount = this.program.slots.length;
    const result: KernelStep[] = [];
    for (const { step, placeOf } of unrolled(this.program)) {
      if (step.kind === "draw") continue;
      const from = step.kind === "copy" ? this.program.slots[this.indexOf(step.from)]! : null;
      const kernel = step.kind === "copy" ? copyKernel(from!.dtype, elementCount(from!.shape)) : step.kernel;
      const code = compileKernel(kernel, limits);
      const slots = step.kind === "copy" ? [step.from, step.to] : step.buffers;
      let scratch = 0;
      const operands = [
        ...slots.map((id) => {
          const { slot, element } = placeOf(id);
          const { dtype } = this.program.slots[this.indexOf(slot)]!;
          return {
            index: this.indexOf(slot),
            words: deviceBytes(element * dtypeBytes(dtype), elementWidth(dtype)) / 4,
          };
        }),
        ...code.scratchBytes.map((bytes) => {
          const words = scratch / 4;
          scratch += aligned(bytes);
          return { index: slotCount, words };
        }),
      ];
      const numbers = step.kind === "copy" ? [] : step.numbers.map((id) => this.numberIndex(id));
      result.push({ position: result.length, name: kernel.name, code, operands, numbers });
    }
    return result;
  }

  private numberIndex(id: number): number {
    return this.program.numbers.findIndex((number) => number.id === id);
  }

  private checkInputs(inputs: readonly Memory[]): WebGpuMemory[] {
    if (inputs.length !== this.program.inputCount) {
      const counts = `takes ${this.program.inputCount} inputs, got ${inputs.length}`;
      throw new ArgumentError("executable/inputs", `${this.program.name} ${counts}.`);
    }
    return inputs.map((memory, i) => {
      const slot = this.inputSlots.get(i);
      if (!(memory instanceof WebGpuMemory) || memory.device !== this.context.device) {
        throw new ArgumentError("executable/input", `${this.program.name}: input ${i} is not memory of this device.`);
      }
      if (slot !== undefined && (memory.bytes !== slot.bytes || memory.width !== elementWidth(slot.dtype))) {
        throw new ArgumentError(
          "executable/input-size",
          `${this.program.name}: input ${i} must be ${slot.bytes} bytes of ${slot.dtype}, ` +
            `got ${memory.bytes} bytes in elements of ${memory.width}.`,
        );
      }
      return memory;
    });
  }

  /** Finds memory for everything, or throws and changes nothing. */
  private reserve(
    inputs: readonly WebGpuMemory[],
    hints: readonly OutputHint[],
  ): { made: WebGpuMemory[]; outputs: Memory[] } {
    const { heap, device, arena } = this.context;
    const made: WebGpuMemory[] = [];
    const outputs = new Array<Memory>(this.program.outputCount);
    try {
      const arenaBlock = this.arenaBytes > 0 ? arena.reserve(this.arenaBytes) : null;
      for (const [i, slot] of this.program.slots.entries()) {
        const { place } = slot;
        let block: Block;
        let within = 0;
        switch (place.kind) {
          case "input":
            block = inputs[place.index]!.block;
            break;
          case "donated": {
            const input = this.program.slots[this.indexOf(place.of)]!.place;
            const memory = inputs[input.kind === "input" ? input.index : -1];
            if (memory === undefined)
              throw new ArgumentError("executable/donated", `slot ${place.of} is not an input.`);
            block = memory.block;
            outputs[place.index] = memory;
            break;
          }
          case "output": {
            const hint = hints[place.index];
            const isReused = hint instanceof WebGpuMemory;
            const memory = isReused ? hint : new WebGpuMemory(device, heap, slot.bytes, elementWidth(slot.dtype));
            if (!isReused) made.push(memory);
            outputs[place.index] = memory;
            block = memory.block;
            break;
          }
          case "temporary":
            block = arenaBlock!;
            within = this.layout.offsets.get(slot.id)!;
            break;
          case "slice":
            continue; // part of another slot
        }
        this.blocks[i] = block;
        this.offsets[i] = (block.offset + within) / 4;
      }
      if (arenaBlock !== null) {
        this.blocks[this.program.slots.length] = arenaBlock;
        this.offsets[this.program.slots.length] = (arenaBlock.offset + aligned(this.layout.bytes)) / 4;
      }
    } catch (error) {
      for (const memory of made) memory.release();
      throw error;
    }
    return { made, outputs };
  }

  private countGroups(numbers: readonly ScalarValue[]): void {
    let at = 0;
    for (const { code, numbers: slots } of this.steps) {
      for (const { workgroups } of code.dispatches) {
        this.groups[at++] =
          typeof workgroups === "number"
            ? workgroups
            : workgroups(slots.map((slot, i) => convertNumber(numbers[slot]!, code.numbers[i]!.kind)));
      }
    }
  }

  private execute(run: PreparedRun): void {
    const { gpu, report } = this.context;
    const error = run.bound.failure() ?? run.inputs.find((memory) => memory.error !== null)?.error ?? null;
    if (error !== null) {
      for (const memory of run.made) memory.error = error;
      // Donated inputs keep their old value, so somebody must hear of it.
      if (error instanceof OutOfMemoryError || run.made.length === 0) report(error);
      return;
    }
    this.records.write(run.values);
    for (const segment of this.segments) {
      for (const draw of segment.draws) {
        const { block, offset, words } = run.draws[draw]!;
        gpu.queue.writeBuffer(block.chunk.buffer, offset, words);
      }
      if (segment.end === segment.first) continue;
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      run.bound.encode(pass, segment.first, segment.end, run.groups);
      pass.end();
      gpu.queue.submit([encoder.finish()]);
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const aligned = (bytes: number): number => Math.ceil(bytes / 256) * 256;

const inputSlots = (program: Program): ReadonlyMap<number, Slot> =>
  new Map(program.slots.flatMap((slot) => (slot.place.kind === "input" ? [[slot.place.index, slot]] : [])));
