/**
 * Pipelines and bind groups of a program. They depend on which values share a chunk of device memory, which rarely
 * changes: each such pattern is prepared once.
 */
import { OutOfMemoryError } from "../../ir/errors.ts";
import type { DeviceContext } from "./context.ts";
import type { Block, Chunk } from "./heap.ts";
import type { Pipeline } from "./pipelines.ts";
import type { KernelStep, Records } from "./records.ts";

/** A program whose values lie in certain chunks. */
export class BoundProgram {
  /** Set while pipelines compile; resolves when the program can be encoded. */
  ready: Promise<void> | null;
  readonly chunks: readonly Chunk[];
  private readonly pipelines: readonly Pipeline[];
  private readonly groups: readonly GPUBindGroup[];
  private readonly recordOffsets: Uint32Array;
  /** Dispatches of step i: from `firstDispatch[i]` to `firstDispatch[i + 1]`. */
  private readonly firstDispatch: readonly number[];
  private readonly widestGrid: number;
  private error: Error | null = null;

  constructor(parts: {
    readonly chunks: readonly Chunk[];
    readonly pipelines: readonly Pipeline[];
    readonly groups: readonly GPUBindGroup[];
    readonly recordOffsets: readonly number[];
    readonly firstDispatch: readonly number[];
    readonly widestGrid: number;
  }) {
    this.chunks = parts.chunks;
    this.pipelines = parts.pipelines;
    this.groups = parts.groups;
    this.recordOffsets = Uint32Array.from(parts.recordOffsets);
    this.firstDispatch = parts.firstDispatch;
    this.widestGrid = parts.widestGrid;
    const pending = parts.pipelines.flatMap(({ ready }) => (ready === null ? [] : [ready]));
    this.ready = pending.length === 0 ? null : this.settle(pending);
    if (this.ready === null) this.findError();
  }

  private async settle(pending: readonly Promise<void>[]): Promise<void> {
    await Promise.all(pending);
    this.findError();
    this.ready = null;
  }

  private findError(): void {
    this.error = this.pipelines.find(({ error }) => error !== null)?.error ?? null;
  }

  /** Why it cannot run, if so. */
  failure(): Error | null {
    return this.error ?? this.chunks.find(({ error }) => error !== null)?.error ?? null;
  }

  encode(pass: GPUComputePassEncoder, firstStep: number, endStep: number, counts: Float64Array): void {
    let current: GPUComputePipeline | null = null;
    for (let step = firstStep; step < endStep; step++) {
      for (let i = this.firstDispatch[step]!; i < this.firstDispatch[step + 1]!; i++) {
        const count = counts[i]!;
        if (count === 0) continue;
        const pipeline = this.pipelines[i]!.pipeline!;
        if (pipeline !== current) pass.setPipeline((current = pipeline));
        pass.setBindGroup(0, this.groups[i], this.recordOffsets, step, 1);
        const rows = Math.ceil(count / this.widestGrid);
        pass.dispatchWorkgroups(Math.ceil(count / rows), rows);
      }
    }
  }
}

/** Patterns are few; but a program with many outputs beside an almost full chunk could meet many. */
const mostPatterns = 64;

export class Bindings {
  private readonly context: DeviceContext;
  private readonly name: string;
  private readonly steps: readonly KernelStep[];
  private readonly records: Records;
  private readonly groups = new Map<string, GPUBindGroup>();
  private readonly known = new Map<string, BoundProgram>();
  private last: BoundProgram | null = null;
  private readonly lastChunks: Int32Array;
  /** By step and the heaps of its operands. Kept here, because the device's cache keeps them only while in use. */
  private readonly pipelines = new Map<string, readonly Pipeline[]>();

  constructor(
    context: DeviceContext,
    name: string,
    steps: readonly KernelStep[],
    records: Records,
    blockCount: number,
  ) {
    this.context = context;
    this.name = name;
    this.steps = steps;
    this.records = records;
    this.lastChunks = new Int32Array(blockCount).fill(-1);
  }

  /** Starts compiling for values that all lie in one chunk, as they do until the first is full. */
  async expectOneChunk(): Promise<void> {
    const expected = this.steps.flatMap((step) => {
      const heapOf = new Array<number>(step.operands.length).fill(0);
      return this.pipelinesOf(step, heapOf).flatMap(({ ready }) => ready ?? []);
    });
    await Promise.all(expected);
  }

  bind(blocks: readonly (Block | null)[]): BoundProgram {
    let changed = this.last === null;
    for (let i = 0; i < blocks.length; i++) {
      const id = blocks[i]?.chunk.id ?? -1;
      if (this.lastChunks[i] === id) continue;
      this.lastChunks[i] = id;
      changed = true;
    }
    if (!changed) return this.last!;
    const key = this.lastChunks.join();
    let bound = this.known.get(key);
    if (bound === undefined) {
      bound = this.make(blocks);
      if (this.known.size >= mostPatterns) this.known.clear();
      this.known.set(key, bound);
    }
    return (this.last = bound);
  }

  private make(blocks: readonly (Block | null)[]): BoundProgram {
    const all = new Set<Chunk>();
    const pipelines: Pipeline[] = [];
    const groups: GPUBindGroup[] = [];
    const firstDispatch = [0];
    for (const step of this.steps) {
      // Heaps are numbered in the order in which operands come to them, so that like patterns share pipelines.
      const chunks: Chunk[] = [];
      const heapOf = step.operands.map(({ index }) => {
        const { chunk } = blocks[index]!;
        all.add(chunk);
        const known = chunks.indexOf(chunk);
        return known >= 0 ? known : chunks.push(chunk) - 1;
      });
      const group = this.group(chunks, step.name);
      for (const pipeline of this.pipelinesOf(step, heapOf)) {
        pipelines.push(pipeline);
        groups.push(group);
      }
      firstDispatch.push(pipelines.length);
    }
    return new BoundProgram({
      chunks: [...all],
      pipelines,
      groups,
      recordOffsets: this.records.offsets,
      firstDispatch,
      widestGrid: this.context.gpu.limits.maxComputeWorkgroupsPerDimension,
    });
  }

  private pipelinesOf(step: KernelStep, heapOf: readonly number[]): readonly Pipeline[] {
    const key = `${step.position} ${heapOf.join()}`;
    let pipelines = this.pipelines.get(key);
    if (pipelines === undefined) {
      const heapCount = Math.max(-1, ...heapOf) + 1;
      const label = `${this.name}: ${step.name}`;
      pipelines = step.code.dispatches.map((dispatch) =>
        this.context.pipelines.get(dispatch.source(heapOf), heapCount, label),
      );
      this.pipelines.set(key, pipelines);
    }
    return pipelines;
  }

  private group(chunks: readonly Chunk[], step: string): GPUBindGroup {
    const { gpu, pipelines } = this.context;
    const most = gpu.limits.maxStorageBuffersPerShaderStage;
    if (chunks.length > most) {
      throw new OutOfMemoryError(
        "webgpu/scattered",
        `${this.name}: kernel ${step} reads and writes values in ${chunks.length} GPU buffers; this adapter binds ${most}.`,
        "Drop references to tensors that are no longer needed before this step.",
      );
    }
    const key = chunks.map(({ id }) => id).join();
    let group = this.groups.get(key);
    if (group === undefined) {
      const { buffer, windowBytes: size } = this.records;
      group = gpu.createBindGroup({
        label: this.name,
        layout: pipelines.layout(chunks.length).group,
        entries: [
          { binding: 0, resource: { buffer, size } },
          ...chunks.map((chunk, heap) => ({ binding: heap + 1, resource: { buffer: chunk.buffer } })),
        ],
      });
      this.groups.set(key, group);
    }
    return group;
  }
}
