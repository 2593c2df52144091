/** The threads of a device: how many compute, and the block of shared memory by which they do. */
import { team } from "../../codegen/wasm/index.ts";
import type { Heap } from "./heap.ts";
import type { ModuleRecord } from "./module-cache.ts";
import { mayWait, startHelper, whyNotShared } from "./helper-threads.ts";

export class Team {
  /** Threads that compute, this one included. */
  count = 1;
  private readonly heap: Heap;
  /** Of the block; null while the memory is not shared. */
  private words: Int32Array | null = null;
  private started = 0;
  private announced = 0;
  private hasFailed = false;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /**
   * Sets how many threads compute, starting those that are missing; until they are up the others do without. Where
   * there can be none, says so once and stays with one thread.
   */
  resize(count: number): void {
    if (count === this.count) return;
    if (count > 1) {
      const reason = whyNotShared();
      if (reason !== null) return this.fail(reason);
      try {
        this.share();
        while (this.started < count - 1) this.start();
      } catch (error) {
        return this.fail(error);
      }
      if (this.hasFailed) return;
    }
    this.setCount(count);
  }

  /** Helpers that have started. */
  get helpersUp(): number {
    return this.read(team.up);
  }

  /** Parts of kernels that helpers have done. */
  get partsHelped(): number {
    return this.read(team.helped);
  }

  private read(field: number): number {
    return this.words === null ? 0 : Atomics.load(this.words, field >> 2);
  }

  /** The module whose program runs next. */
  announce({ id, address }: ModuleRecord): void {
    if (this.words === null || id === this.announced) return;
    this.announced = id;
    Atomics.store(this.words, team.record >> 2, address);
    this.words[team.module >> 2] = id;
  }

  /** The module's record is about to go: a thread that is late to load it must not take what comes there for it. */
  retire({ id }: ModuleRecord): void {
    if (this.words === null || id !== this.announced) return;
    this.announced = 0;
    Atomics.store(this.words, team.record >> 2, 0);
  }

  private share(): void {
    if (this.words !== null) return;
    this.heap.share();
    this.words = new Int32Array(this.heap.buffer, 0, team.end / 4);
    this.words[team.posterMaySleep >> 2] = mayWait() ? 1 : 0;
  }

  private start(): void {
    // It counts as asleep until it is up.
    Atomics.add(this.words!, team.asleep >> 2, 1);
    startHelper(this.heap.memory, ++this.started, (reason) => this.fail(reason));
  }

  private setCount(count: number): void {
    this.count = count;
    if (this.words === null) return;
    Atomics.store(this.words, team.helpers >> 2, count - 1);
    Atomics.notify(this.words, team.word >> 2);
  }

  private fail(reason: unknown): void {
    this.setCount(1);
    if (this.hasFailed) return;
    this.hasFailed = true;
    const text = reason instanceof Error ? reason.message : String(reason);
    // oxlint-disable-next-line no-console -- once a device, and nobody else can tell
    console.warn(`torch.set_num_threads: computing on one thread: ${text}`);
  }
}
