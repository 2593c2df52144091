/**
 * Which of several kernels that compute the same is the fastest on this machine, found by running each on memory of its
 * own. Winners are remembered by the kernels' code and by what ran them.
 *
 * in:  kernels with the same parameters, the likely winner first
 * out: the place of the winner
 * Cost: some 40 ms a kernel for code that is new, else that of printing it.
 */
import { emitProgram, hostFunctions, hostModule, lowestAddress } from "../../codegen/wasm/index.ts";
import { dtypeBytes } from "../../ir/dtype.ts";
import type { LoopKernel } from "../../ir/loop.ts";
import type { Program, Slot } from "../../ir/program.ts";
import type { Winners } from "./winners.ts";

/** Until the engine has optimised, and then for each kernel. */
const warmUpMs = 15;
const budgetMs = 25;
/** A sample takes at least so long: clocks are coarse. */
const sampleMs = 0.25;
const leastRounds = 3;
/** Another kernel than the likely winner has to be this much faster: noise is no reason. */
const margin = 0.97;
/** Kernels of more memory are left to the estimate. */
const mostBytes = 2 ** 29;
const pageBytes = 2 ** 16;
const alignment = 64;
const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Milliseconds of one call of each. */
export type Timer = (calls: readonly (() => void)[]) => readonly number[];

export class KernelSearch {
  readonly name = "search";
  private readonly winners: Winners;
  private readonly relaxedSimd: boolean;
  private readonly timer: Timer;
  private readonly machine: string;
  /** Grows to what the largest kernel needs. */
  private readonly memory = new WebAssembly.Memory({ initial: lowestAddress / pageBytes });

  constructor(winners: Winners, options: { relaxedSimd: boolean; machine: string; timer?: Timer }) {
    this.winners = winners;
    this.relaxedSimd = options.relaxedSimd;
    this.machine = options.machine;
    this.timer = options.timer ?? leastTimes;
  }

  choose(kernels: readonly LoopKernel[]): number {
    if (kernels.length === 1) return 0;
    const key = this.keyOf(kernels);
    const known = this.winners.get(key);
    if (known !== undefined && known < kernels.length) return known;
    const calls = this.prepare(kernels);
    if (calls === null) return 0;
    const times = this.timer(calls);
    const least = Math.min(...times);
    const winner = least < margin * times[0]! ? times.indexOf(least) : 0;
    this.winners.set(key, winner);
    return winner;
  }

  /** Of what is run, and where; names do not count. */
  private keyOf(kernels: readonly LoopKernel[]): string {
    const text = JSON.stringify(
      kernels.map((kernel) => ({ ...kernel, name: "" })),
      (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value),
    );
    return hashOf(`${this.machine};${this.relaxedSimd};${text}`);
  }

  /** A call of each on the same memory, which is written once, so that it is there; null where that is too much. */
  private prepare(kernels: readonly LoopKernel[]): (() => void)[] | null {
    const { memory } = this;
    const programs = kernels.map(programOf);
    const codes = programs.map((program) => emitProgram(program, { relaxedSimd: this.relaxedSimd }));
    let end: number = lowestAddress;
    const place = (bytes: number): number => {
      const start = end;
      end = align(end + bytes);
      return start;
    };
    // Kernels may take their buffers in different orders.
    const slots = programs[0]!.slots.map((_, i) => programs.map((program) => program.slots[i]!));
    const sizes = slots.map((some) => Math.max(...some.map(({ bytes }) => bytes)));
    const addresses = sizes.map(place);
    const scratch = place(Math.max(...codes.map(({ scratchBytes }) => scratchBytes)));
    const tables = codes.map(({ tableBytes }) => place(tableBytes));
    if (end > mostBytes) return null;
    const missing = Math.ceil((end - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) memory.grow(missing);
    const words = new Uint32Array(memory.buffer);
    words.fill(0, lowestAddress >> 2, end >> 2);
    slots.forEach((some, i) => {
      if (some.every(({ dtype }) => dtype === "float32"))
        new Float32Array(memory.buffer, addresses[i], sizes[i]! >> 2).fill(1);
    });
    return codes.map(({ bytes, table }, i) => {
      const start = tables[i]!;
      addresses.forEach((address, slot) => (words[(start + table.slotOffset(slot)) >>> 2] = address));
      words[(start + table.scratchOffset) >>> 2] = scratch;
      const module = new WebAssembly.Module(bytes);
      const { exports } = new WebAssembly.Instance(module, { [hostModule]: { ...hostFunctions(), memory } });
      const entry = exports["run0"] as (table: number) => void;
      return () => entry(start);
    });
  }
}

/** The kernel alone, with a slot for each buffer. */
function programOf(kernel: LoopKernel): Program {
  const buffers = kernel.buffers.filter(({ scope }) => scope === "argument");
  const slots = buffers.map(({ dtype, elements }, id): Slot => {
    const bytes = elements * dtypeBytes(dtype);
    return { id, dtype, shape: [elements], bytes, place: { kind: "temporary", offset: 0 } };
  });
  const numbers = kernel.numbers.map((_, id) => ({ id, dtype: "float32" as const }));
  const step = {
    kind: "kernel" as const,
    kernel,
    buffers: slots.map(({ id }) => id),
    numbers: numbers.map(({ id }) => id),
  };
  return { name: "search", slots, numbers, steps: [step], inputCount: 0, outputCount: 0, arenaBytes: 0 };
}

/** The least time of a call of each; they take turns, so that all see the same machine. */
function leastTimes(calls: readonly (() => void)[]): number[] {
  const counts = calls.map(warmUp);
  const least = calls.map(() => Infinity);
  const end = performance.now() + budgetMs * calls.length;
  for (let round = 0; round < leastRounds || performance.now() < end; round++) {
    calls.forEach((call, i) => {
      least[i] = Math.min(least[i]!, timeOf(call, counts[i]!));
    });
  }
  return least;
}

/** @returns how many calls make a sample */
function warmUp(call: () => void): number {
  const start = performance.now();
  let calls = 0;
  while (calls < leastRounds || performance.now() - start < warmUpMs) {
    call();
    calls++;
  }
  return Math.max(1, Math.ceil((sampleMs * calls) / (performance.now() - start)));
}

function timeOf(call: () => void, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) call();
  return (performance.now() - start) / count;
}

/** Two numbers of 32 bits that depend on every character in different ways. */
function hashOf(text: string): string {
  let [a, b] = [text.length, ~text.length];
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    a = Math.imul(a ^ character, 0x01000193);
    b = Math.imul((b << 5) ^ (b >>> 27) ^ character, 0x2545f491);
  }
  return [a, b].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}
