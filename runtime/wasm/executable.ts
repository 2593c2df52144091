/** A program on the WebAssembly device: binds memory to slots, calls the module's entries, collects outputs. */
import { ArgumentError } from "../../ir/errors.ts";
import { dtypeBytes } from "../../ir/dtype.ts";
import type { Program } from "../../ir/program.ts";
import type { TableLayout, WasmProgram } from "../../codegen/wasm/index.ts";
import type { Device, DrawSource, Executable, Memory, OutputHint, ScalarValue } from "../device.ts";
import { sharedCopy } from "./host-copies.ts";
import type { MemoryPool } from "./memory-pool.ts";
import type { LinkedModule } from "./module-cache.ts";
import { writeNumber } from "./numbers.ts";
import { placeSlots, type PlacedSlot, type PlacedSlots } from "./placed-slots.ts";
import { typedView } from "../typed-array.ts";
import type { Team } from "./team.ts";
import { WasmMemory } from "./wasm-memory.ts";

/**
 * Results that escape to the user and are at least this large stay where they were computed, and the pool moves them out
 * of the heap when many have gathered: copying them costs more than blocks that are no longer in cache. Of smaller ones
 * a copy is cheaper, since the next result is computed in the same place.
 */
const smallestLooseBytes = 1 << 22;

const alignment = 64;
/** Larger inputs do not go into the arena, which would keep their size. */
const largestStagedBytes = 65536;
const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** A program's code, linked to the memory that it was made for. */
export interface Linked extends LinkedModule {
  readonly code: Pick<
    WasmProgram,
    "table" | "tableBytes" | "extents" | "draws" | "scratchBytes" | "sharedBytes" | "kernelCount"
  >;
  readonly memory: WebAssembly.Memory;
  readonly release: () => void;
}

export interface WasmExecutableParts {
  readonly device: Device;
  readonly pool: MemoryPool;
  /** Null while there is one thread. */
  readonly team: () => Team | null;
  readonly program: Program;
  readonly linked: Linked;
  /** Emits and links again, for the memory that the pool has now. */
  readonly link: () => Linked;
  readonly compileMs: number;
  /** Where the program tells of its steps: from here on, or no longer. */
  readonly listen: ((on: boolean) => void) | null;
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
  private readonly placed: PlacedSlots;
  /** Of each slot, in the current run. */
  private readonly addresses: number[];
  /** Positions of the slots whose addresses are still offsets in the arena, as many as are counted. */
  private readonly inArena: number[];
  private inArenaCount = 0;
  /** Inputs that the current run copies in, as many as are counted. */
  private readonly staged: PlacedSlot[];
  private stagedCount = 0;
  /** State outputs made by the current run. */
  private readonly made: number[] = [];
  /** Blocks for inputs that the current run only needs once. */
  private readonly borrowed: number[] = [];
  private table: number;
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
    this.placed = placeSlots(program);
    this.addresses = program.slots.map(() => 0);
    this.inArena = program.slots.map(() => 0);
    this.staged = [...this.placed.inputs];
    this.peakBytes =
      align(program.arenaBytes) +
      align(code.scratchBytes) +
      this.placed.outputs.reduce((total, { bytes }) => total + align(bytes), 0);
    this.table = parts.pool.allocate(code.tableBytes);
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
      this.reserve(memories, hints);
      this.fillTable(memories, numbers);
      this.parts.listen?.(true);
      this.callEntries(draws);
    } catch (error) {
      for (const address of this.made) pool.heap.release(address);
      throw error;
    } finally {
      this.parts.listen?.(false);
      this.giveBack();
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

  /** The device has moved to a memory that threads share: what they do has sizes of its own in the table. */
  private relink(): void {
    const { pool, link } = this.parts;
    const linked = link();
    const table = pool.allocate(linked.code.tableBytes);
    this.linked.release();
    pool.heap.release(this.table);
    this.linked = linked;
    this.table = table;
    this.fillExtents();
    // The other places in the table are filled when the arena is found elsewhere.
    this.arenaBase = 0;
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
    for (const { index, bytes } of this.placed.inputs) {
      const memory = inputs[index];
      if (!(memory instanceof WasmMemory) || memory.device !== this.parts.device || memory.bytes !== bytes) {
        throw new ArgumentError(
          "executable/input",
          `${program.name}: input ${index} must be ${bytes} bytes on ${this.parts.device.name}, ` +
            `got ${memory?.bytes ?? "no"} bytes on ${memory?.device.name ?? "no device"}`,
        );
      }
      memory.checkLive();
    }
    return inputs as readonly WasmMemory[];
  }

  /**
   * Finds an address for every slot; what lives only in this run comes after the temporaries in the arena, or in blocks
   * that are given back. Nothing that the caller can see has changed when this throws.
   */
  private reserve(memories: readonly WasmMemory[], hints: readonly OutputHint[]): void {
    const { addresses, placed } = this;
    const { scratchBytes, sharedBytes } = this.linked.code;
    const shared = align(this.program.arenaBytes);
    const scratch = shared + align(sharedBytes);
    this.inArenaCount = 0;
    for (const { input } of placed.donated) memories[input]!.makeResident();
    const afterInputs = this.bindInputs(memories, scratch + align(scratchBytes) * (this.parts.team()?.count ?? 1));
    for (const { position, from } of placed.donated) addresses[position] = addresses[from]!;
    const end = this.bindOutputs(hints, afterInputs);
    if (end > this.arenaNeedBytes) this.arenaNeedBytes = end;
    const base = this.parts.pool.arena(end);
    for (let i = 0; i < this.inArenaCount; i++) addresses[this.inArena[i]!]! += base;
    if (base !== this.arenaBase) this.moveArena(base, shared, scratch);
    for (const { input } of placed.donated) memories[input]!.giveUpHost();
  }

  /** `end`: of what is taken of the arena; returns the new one. Inputs without an address are to be copied in. */
  private bindInputs(memories: readonly WasmMemory[], start: number): number {
    const { addresses, staged } = this;
    this.stagedCount = 0;
    let end = start;
    for (const input of this.placed.inputs) {
      const { position, bytes } = input;
      const address = memories[input.index]!.addressForRun();
      addresses[position] = address;
      if (address !== 0) continue;
      staged[this.stagedCount++] = input;
      if (bytes <= largestStagedBytes) end = this.putInArena(position, bytes, end);
      else {
        const block = this.parts.pool.allocate(bytes);
        this.borrowed.push(block);
        addresses[position] = block;
      }
    }
    return end;
  }

  private bindOutputs(hints: readonly OutputHint[], start: number): number {
    const { addresses } = this;
    let end = start;
    for (const { position, index, bytes } of this.placed.outputs) {
      const hint = hints[index];
      if (hint instanceof WasmMemory) addresses[position] = hint.addressToOverwrite();
      else if (hint !== "state" && bytes < smallestLooseBytes) end = this.putInArena(position, bytes, end);
      else {
        const address = this.parts.pool.allocate(bytes);
        this.made.push(address);
        addresses[position] = address;
      }
    }
    return end;
  }

  private putInArena(position: number, bytes: number, end: number): number {
    this.addresses[position] = end;
    this.inArena[this.inArenaCount++] = position;
    return end + align(bytes);
  }

  /** `shared`, `scratch`: where they begin in it. */
  private moveArena(base: number, shared: number, scratch: number): void {
    this.arenaBase = base;
    for (const { position, offset } of this.placed.temporaries) this.addresses[position] = base + offset;
    const { u32 } = this.parts.pool.views;
    u32[(this.table + this.layout.sharedOffset) >>> 2] = base + shared;
    u32[(this.table + this.layout.scratchOffset) >>> 2] = base + scratch;
  }

  private fillTable(memories: readonly WasmMemory[], numbers: readonly ScalarValue[]): void {
    const { views } = this.parts.pool;
    const { addresses, layout, program, staged, table } = this;
    const { u32 } = views;
    const first = (table + layout.slotOffset(0)) >>> 2;
    for (let i = 0; i < addresses.length; i++) u32[first + i] = addresses[i]!;
    for (let i = 0; i < numbers.length; i++)
      writeNumber(views, table + layout.numberOffset(i), program.numbers[i]!, numbers[i]!);
    for (let i = 0; i < this.stagedCount; i++) {
      const { index, position } = staged[i]!;
      views.u8.set(memories[index]!.hostBytes(), addresses[position]);
    }
  }

  private callEntries(draws: readonly DrawSource[]): void {
    const { pool, team } = this.parts;
    const { code, entries, record } = this.linked;
    if (record !== null) team()?.announce(record);
    for (let i = 0; i < entries.length; i++) {
      entries[i]!(this.table);
      const step = code.draws[i];
      if (step === undefined) continue;
      const position = this.placed.positions.get(step.slot)!;
      const slot = this.program.slots[position]!;
      const source = draws[step.draw];
      if (source === undefined) throw new ArgumentError("executable/draws", `draw ${step.draw} was not given`);
      const count = slot.bytes / dtypeBytes(slot.dtype);
      source(typedView(slot.dtype, pool.heap.buffer, this.addresses[position], count));
    }
  }

  private collect(memories: readonly WasmMemory[], hints: readonly OutputHint[]): Memory[] {
    const { outputs, donated } = this.placed;
    const results = new Array<Memory>(this.program.outputCount);
    for (const output of outputs) results[output.index] = this.resultOf(output, hints[output.index]);
    for (const { index, input } of donated) results[index] = memories[input]!;
    return results;
  }

  private resultOf({ position, bytes }: PlacedSlot, hint: OutputHint | undefined): WasmMemory {
    const { device, pool } = this.parts;
    const address = this.addresses[position]!;
    if (hint instanceof WasmMemory) return hint;
    if (hint === "state") return WasmMemory.fromBlock(device, pool, address, bytes);
    if (bytes >= smallestLooseBytes) return WasmMemory.loose(device, pool, address, bytes);
    return WasmMemory.fromHost(device, pool, sharedCopy(pool.views.u8, address, bytes));
  }

  /** The run is over: what it alone needed is free again. */
  private giveBack(): void {
    if (this.borrowed.length > 0) {
      for (const address of this.borrowed) this.parts.pool.heap.release(address);
      this.borrowed.length = 0;
    }
    if (this.made.length > 0) this.made.length = 0;
  }
}
