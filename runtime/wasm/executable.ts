/** A program on the WebAssembly device: binds memory to slots, calls the module's entries, collects outputs. */
import { ArgumentError } from "../../ir/errors.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Program, Slot } from "../../ir/program.ts";
import type { TableLayout, WasmProgram } from "../../codegen/wasm/index.ts";
import type { Device, DrawSource, Executable, Memory, OutputHint, ScalarValue } from "../device.ts";
import type { HeapViews, MemoryPool } from "./memory-pool.ts";
import type { LinkedModule } from "./module-cache.ts";
import { writeNumber } from "./numbers.ts";
import type { Team } from "./team.ts";
import { WasmMemory } from "./wasm-memory.ts";

/**
 * Results that escape to the user and are at least this large stay where they were computed, since copying them costs
 * more than computing them; the pool moves them out of the heap when many have gathered.
 */
const smallestLooseBytes = 1 << 18;

const alignment = 64;
/** Larger inputs do not go into the arena, which would keep their size. */
const largestStagedBytes = 65536;
const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Slots by their place, with their positions in the table. */
interface Placed {
  readonly slot: Slot;
  readonly position: number;
  readonly index: number;
}

/** A program's code, linked to the memory that it was made for. */
export interface Linked extends LinkedModule {
  readonly code: Pick<WasmProgram, "table" | "extents" | "draws" | "scratchBytes" | "kernelCount">;
  readonly memory: WebAssembly.Memory;
  readonly release: () => void;
}

export interface WasmExecutableParts {
  readonly device: Device;
  readonly pool: MemoryPool;
  readonly team: Team;
  readonly program: Program;
  readonly linked: Linked;
  /** Emits and links again, for the memory that the pool has now. */
  readonly link: () => Linked;
  readonly compileMs: number;
  /** Called with the executable when it is released. */
  readonly onRelease: (executable: WasmExecutable) => void;
}

export class WasmExecutable implements Executable {
  readonly program: Program;
  readonly kernelCount: number;
  readonly compileMs: number;
  readonly peakBytes: number;
  /** The most of the arena that a run has used. */
  arenaNeedBytes = 0;

  private readonly parts: WasmExecutableParts;
  private readonly layout: TableLayout;
  private linked: Linked;
  private readonly inputs: readonly Placed[];
  private readonly outputs: readonly Placed[];
  private readonly donated: readonly (Placed & { readonly of: number })[];
  private readonly temporaries: readonly { readonly position: number; readonly offset: number }[];
  private readonly slots: ReadonlyMap<number, { readonly slot: Slot; readonly position: number }>;
  /** Of each slot, in the current run. */
  private readonly addresses: number[];
  /** State outputs made by the current run. */
  private readonly made: number[] = [];
  /** Blocks for inputs that the current run only needs once. */
  private readonly borrowed: number[] = [];
  private readonly table: number;
  private arenaBase = 0;
  private released = false;

  constructor(parts: WasmExecutableParts) {
    const { program, linked } = parts;
    const { code } = linked;
    this.parts = parts;
    this.linked = linked;
    this.program = program;
    this.kernelCount = code.kernelCount;
    this.compileMs = parts.compileMs;
    this.layout = code.table;
    const inputs: Placed[] = [];
    const outputs: Placed[] = [];
    const donated: (Placed & { of: number })[] = [];
    const temporaries: { position: number; offset: number }[] = [];
    program.slots.forEach((slot, position) => {
      const { place } = slot;
      switch (place.kind) {
        case "input":
          inputs.push({ slot, position, index: place.index });
          break;
        case "output":
          outputs.push({ slot, position, index: place.index });
          break;
        case "donated":
          donated.push({ slot, position, index: place.index, of: place.of });
          break;
        case "temporary":
          temporaries.push({ position, offset: place.offset });
          break;
        case "slice": // placed by its loop
      }
    });
    this.inputs = inputs;
    this.outputs = outputs;
    this.donated = donated;
    this.temporaries = temporaries;
    this.slots = new Map(program.slots.map((slot, position) => [slot.id, { slot, position }]));
    this.addresses = program.slots.map(() => 0);
    this.peakBytes =
      align(program.arenaBytes) +
      align(code.scratchBytes) +
      outputs.reduce((total, { slot }) => total + align(slot.bytes), 0);
    this.table = parts.pool.allocate(this.layout.bytes);
    this.fillExtents();
  }

  private fillExtents(): void {
    const { i32 } = this.parts.pool.views;
    this.linked.code.extents.forEach((value, i) => (i32[(this.table + this.layout.extentOffset(i)) >>> 2] = value));
  }

  run(
    inputs: readonly Memory[],
    numbers: readonly ScalarValue[],
    draws: readonly DrawSource[],
    hints: readonly OutputHint[],
  ): Memory[] {
    const { pool } = this.parts;
    const memories = this.checkedInputs(inputs, numbers);
    pool.run++;
    if (this.linked.memory !== pool.heap.memory) this.relink();
    try {
      const staged = this.reserve(memories, hints);
      for (const { of } of this.donated) memories[this.inputIndexOf(of)]!.giveUpHost();
      this.fillTable(memories, numbers, staged);
      this.callEntries(draws);
    } catch (error) {
      for (const address of this.made) pool.heap.release(address);
      throw error;
    } finally {
      for (const address of this.borrowed) pool.heap.release(address);
      this.borrowed.length = 0;
      this.made.length = 0;
    }
    return this.collect(memories, hints);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.parts.pool.heap.release(this.table);
    this.linked.release();
    this.parts.onRelease(this);
  }

  /** The device has moved to a memory that threads share. */
  private relink(): void {
    this.linked.release();
    this.linked = this.parts.link();
    // The same table, but what threads share has sizes of its own.
    this.fillExtents();
  }

  private checkedInputs(inputs: readonly Memory[], numbers: readonly ScalarValue[]): readonly WasmMemory[] {
    const { program } = this;
    if (this.released) throw new ArgumentError("executable/released", `${program.name} was run after its release`);
    if (inputs.length !== program.inputCount || numbers.length !== program.numbers.length) {
      throw new ArgumentError(
        "executable/inputs",
        `${program.name} takes ${program.inputCount} inputs and ${program.numbers.length} numbers, ` +
          `got ${inputs.length} and ${numbers.length}`,
      );
    }
    for (const { slot, index } of this.inputs) {
      const memory = inputs[index];
      if (!(memory instanceof WasmMemory) || memory.device !== this.parts.device || memory.bytes !== slot.bytes) {
        throw new ArgumentError(
          "executable/input",
          `${program.name}: input ${index} must be ${slot.bytes} bytes on ${this.parts.device.name}, ` +
            `got ${memory?.bytes ?? "no"} bytes on ${memory?.device.name ?? "no device"}`,
        );
      }
      memory.checkLive();
    }
    return inputs as readonly WasmMemory[];
  }

  /**
   * Finds an address for every slot; what lives only in this run comes after the temporaries in the arena, or in blocks
   * that are given back. Nothing that the caller can see has changed when this throws. Returns the inputs to copy in.
   */
  private reserve(memories: readonly WasmMemory[], hints: readonly OutputHint[]): readonly Placed[] {
    const { pool, team } = this.parts;
    const { addresses } = this;
    const { scratchBytes } = this.linked.code;
    const staged: Placed[] = [];
    const staging: { position: number; offset: number }[] = [];
    const scratch = align(this.program.arenaBytes);
    let end = scratch + align(scratchBytes) * team.count;
    const stage = ({ slot, position }: Placed): void => {
      staging.push({ position, offset: end });
      end += align(slot.bytes);
    };
    for (const { of } of this.donated) memories[this.inputIndexOf(of)]!.makeResident();
    for (const input of this.inputs) {
      const address = memories[input.index]!.addressForRun();
      addresses[input.position] = address;
      if (address !== 0) continue;
      staged.push(input);
      if (input.slot.bytes <= largestStagedBytes) stage(input);
      else {
        const block = pool.allocate(input.slot.bytes);
        this.borrowed.push(block);
        addresses[input.position] = block;
      }
    }
    for (const { position, of } of this.donated) addresses[position] = addresses[this.slots.get(of)!.position]!;
    for (const output of this.outputs) {
      const hint = hints[output.index];
      if (hint instanceof WasmMemory) {
        addresses[output.position] = hint.addressToOverwrite();
        continue;
      }
      if (hint !== "state" && output.slot.bytes < smallestLooseBytes) {
        stage(output);
        continue;
      }
      const address = pool.allocate(output.slot.bytes);
      this.made.push(address);
      addresses[output.position] = address;
    }
    this.arenaNeedBytes = Math.max(this.arenaNeedBytes, end);
    const base = pool.arena(end);
    for (const { position, offset } of staging) addresses[position] = base + offset;
    if (base !== this.arenaBase) {
      this.arenaBase = base;
      for (const { position, offset } of this.temporaries) addresses[position] = base + offset;
      pool.views.u32[(this.table + this.layout.scratchOffset) >>> 2] = base + scratch;
    }
    return staged;
  }

  private fillTable(memories: readonly WasmMemory[], numbers: readonly ScalarValue[], staged: readonly Placed[]): void {
    const { views } = this.parts.pool;
    const { addresses, layout, program, table } = this;
    for (let i = 0; i < addresses.length; i++) views.u32[(table + layout.slotOffset(i)) >>> 2] = addresses[i]!;
    program.numbers.forEach((slot, i) => writeNumber(views, table + layout.numberOffset(i), slot, numbers[i]!));
    for (const { position, index } of staged) views.u8.set(memories[index]!.hostBytes(), addresses[position]);
  }

  private callEntries(draws: readonly DrawSource[]): void {
    const { pool, team } = this.parts;
    const { code, entries, record } = this.linked;
    if (record !== null) team.announce(record);
    for (let i = 0; i < entries.length; i++) {
      entries[i]!(this.table);
      const step = code.draws[i];
      if (step === undefined) continue;
      const { slot, position } = this.slots.get(step.slot)!;
      const source = draws[step.draw];
      if (source === undefined) throw new ArgumentError("executable/draws", `draw ${step.draw} was not given`);
      source(typedView(pool.views, slot.dtype, this.addresses[position]!, slot.bytes));
    }
  }

  private collect(memories: readonly WasmMemory[], hints: readonly OutputHint[]): Memory[] {
    const { device, pool } = this.parts;
    const results = new Array<Memory>(this.program.outputCount);
    for (const { slot, position, index } of this.outputs) {
      const address = this.addresses[position]!;
      const hint = hints[index];
      if (hint instanceof WasmMemory) {
        results[index] = hint;
        continue;
      }
      results[index] =
        hint === "state"
          ? WasmMemory.fromBlock(device, pool, address, slot.bytes)
          : slot.bytes >= smallestLooseBytes
            ? WasmMemory.loose(device, pool, address, slot.bytes)
            : WasmMemory.fromHost(device, pool, pool.heap.copyOut(address, slot.bytes));
    }
    for (const { index, of } of this.donated) results[index] = memories[this.inputIndexOf(of)]!;
    return results;
  }

  private inputIndexOf(slotId: number): number {
    const place = this.slots.get(slotId)?.slot.place;
    if (place?.kind !== "input") {
      throw new ArgumentError("executable/donated", `${this.program.name}: slot ${slotId} is not an input`);
    }
    return place.index;
  }
}

/** The slot's memory as the typed array of its element type; half floats and bools as their bits. */
function typedView({ buffer }: HeapViews, dtype: DType, address: number, bytes: number): ArrayBufferView {
  switch (dtype) {
    case "float32":
    case "complex64":
      return new Float32Array(buffer, address, bytes / 4);
    case "float64":
    case "complex128":
      return new Float64Array(buffer, address, bytes / 8);
    case "int64":
      return new BigInt64Array(buffer, address, bytes / 8);
    case "int32":
      return new Int32Array(buffer, address, bytes / 4);
    case "int16":
      return new Int16Array(buffer, address, bytes / 2);
    case "int8":
      return new Int8Array(buffer, address, bytes);
    case "float16":
    case "bfloat16":
      return new Uint16Array(buffer, address, bytes / 2);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer, address, bytes);
  }
}
