/** The device "cpu": programs as WebAssembly modules over one growing memory. */
import {
  emitProgram,
  hostFunctions,
  hostModule,
  leastSharedInstructions,
  lowestAddress,
  type Sharing,
  supportsRelaxedSimd,
  tickFunction,
} from "../../codegen/wasm/index.ts";
import { ArgumentError, DeviceError } from "../../ir/errors.ts";
import type { Program } from "../../ir/program.ts";
import type { Device, Memory, Tick } from "../device.ts";
import { type Linked, WasmExecutable } from "./executable.ts";
import { MemoryPool } from "./memory-pool.ts";
import { EmittedForms } from "./emitted-forms.ts";
import { ModuleCache } from "./module-cache.ts";
import type { Team } from "./team.ts";
import type { Threading } from "./threading.ts";
import { WasmMemory } from "./wasm-memory.ts";

export interface WasmDeviceOptions {
  /** Use the fused multiply-add of relaxed SIMD; by default when the engine has it. */
  readonly relaxedSimd?: boolean;
  /** The size that the WebAssembly memory may reach; 4 GiB by default. */
  readonly maximumBytes?: number;
  /** Heap bytes that may hold copies of values which also lie in ordinary ArrayBuffers; 1 GiB by default. */
  readonly copyBudgetBytes?: number;
  /** Instructions of the least kernel that threads share. */
  readonly sharedFrom?: number;
}

/** A device whose programs several threads can share. */
export interface ThreadedDevice extends Device {
  /** How many threads compute. */
  readonly threads: number;
  /** Where there can be only one, says so once. */
  setThreads(count: number, threading: Threading): void;
  /** How many threads besides the caller's have started; until they have, programs run without them. */
  readonly helpersUp: number;
  /** Parts of kernels that those threads have done. */
  readonly partsHelped: number;
}

export function createWasmDevice(options: WasmDeviceOptions = {}): ThreadedDevice {
  const { relaxedSimd = supportsRelaxedSimd(), sharedFrom = leastSharedInstructions } = options;
  const pool = new MemoryPool({
    start: lowestAddress,
    copyBudgetBytes: options.copyBudgetBytes ?? 2 ** 30,
    ...(options.maximumBytes === undefined ? {} : { maximumBytes: options.maximumBytes }),
  });
  const { heap } = pool;
  /** Once their number has been set. */
  let team: Team | null = null;
  /** Hears of the steps of the program that runs. */
  let listener: Tick | null = null;
  const imports = (): WebAssembly.ModuleImports => ({
    ...hostFunctions(),
    [tickFunction]: (leaf: number) => listener?.(leaf),
  });
  const newCache = (): ModuleCache => new ModuleCache(heap, hostModule, imports, (record) => team?.retire(record));
  // Whether memory is shared is part of a module: those made before count no more.
  let modules = newCache();
  let sharing: Sharing | null = null;
  const forms = new EmittedForms();
  const link = (program: Program, ticks: boolean): Linked => {
    const shared = heap.isShared && sharing !== null ? { shared: { from: sharedFrom, by: sharing } } : {};
    const options = { relaxedSimd, ...shared };
    const code = ticks ? emitProgram(program, { ...options, ticks }) : forms.emit(program, options);
    const cache = modules;
    const module = cache.link(code.bytes, code.draws.length + 1);
    return { code, ...module, memory: heap.memory, release: () => cache.release(module) };
  };
  const executables = new Set<WasmExecutable>();

  const owned = (memory: Memory): WasmMemory => {
    if (!(memory instanceof WasmMemory) || memory.device !== device) {
      throw new DeviceError("device/foreign-memory", `memory of ${memory.device.name} was given to another device`);
    }
    return memory;
  };

  const device: ThreadedDevice = {
    name: "cpu",
    synchronous: true,
    upload(data) {
      const { buffer, byteOffset, byteLength } = data;
      const copy = new Uint8Array(byteLength);
      copy.set(new Uint8Array(buffer, byteOffset, byteLength));
      return WasmMemory.fromHost(device, pool, copy);
    },
    readSync: (memory) => owned(memory).read(),
    read: async (memory) => owned(memory).read(),
    write(memory, data) {
      if (data.byteLength !== memory.bytes) {
        throw new ArgumentError("device/write-size", `${data.byteLength} bytes were written to ${memory.bytes}`);
      }
      owned(memory).write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    part: (memory, start, bytes) => owned(memory).part(start, bytes),
    prepare(program, tick) {
      const start = performance.now();
      const ticks = tick !== undefined;
      const linked = link(program, ticks);
      const executable = new WasmExecutable({
        device,
        pool,
        team: () => team,
        program,
        linked,
        listen: ticks ? (on) => (listener = on ? tick : null) : null,
        link: () => link(program, ticks),
        compileMs: performance.now() - start,
        onRelease(released) {
          executables.delete(released);
          let need = 0;
          for (const other of executables) need = Math.max(need, other.arenaNeedBytes);
          pool.shrinkArena(need);
        },
      });
      executables.add(executable);
      return executable;
    },
    get threads() {
      return team?.count ?? 1;
    },
    setThreads(count, threading) {
      const { memory } = heap;
      sharing = threading.sharing;
      team ??= threading.teamOf(heap);
      team.resize(count);
      if (heap.memory !== memory) modules = newCache();
    },
    get helpersUp() {
      return team?.helpersUp ?? 0;
    },
    get partsHelped() {
      return team?.partsHelped ?? 0;
    },
    statistics: () => ({
      liveBytes: heap.liveBytes,
      peakBytes: heap.peakBytes,
      allocations: heap.allocations,
    }),
    resetPeak: () => heap.resetPeak(),
    synchronize: async () => {},
  };
  return device;
}
