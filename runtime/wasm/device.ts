/** The device "cpu": programs as WebAssembly modules over one growing memory. */
import {
  emitProgram,
  hostFunctions,
  hostModule,
  lowestAddress,
  supportsRelaxedSimd,
} from "../../codegen/wasm/index.ts";
import { ArgumentError, DeviceError } from "../../ir/errors.ts";
import type { Device, Memory } from "../device.ts";
import { WasmExecutable } from "./executable.ts";
import { MemoryPool } from "./memory-pool.ts";
import { ModuleCache } from "./module-cache.ts";
import { WasmMemory } from "./wasm-memory.ts";

export interface WasmDeviceOptions {
  /** Use the fused multiply-add of relaxed SIMD; by default when the engine has it. */
  readonly relaxedSimd?: boolean;
  /** The size that the WebAssembly memory may reach; 4 GiB by default. */
  readonly maximumBytes?: number;
  /** Heap bytes that may hold copies of values which also lie in ordinary ArrayBuffers; 1 GiB by default. */
  readonly copyBudgetBytes?: number;
}

export function createWasmDevice(options: WasmDeviceOptions = {}): Device {
  const relaxedSimd = options.relaxedSimd ?? supportsRelaxedSimd();
  const pool = new MemoryPool({
    start: lowestAddress,
    copyBudgetBytes: options.copyBudgetBytes ?? 2 ** 30,
    ...(options.maximumBytes === undefined ? {} : { maximumBytes: options.maximumBytes }),
  });
  const modules = new ModuleCache({ memory: pool.heap.memory, ...hostFunctions });
  const executables = new Set<WasmExecutable>();

  const owned = (memory: Memory): WasmMemory => {
    if (!(memory instanceof WasmMemory) || memory.device !== device) {
      throw new DeviceError("device/foreign-memory", `memory of ${memory.device.name} was given to another device`);
    }
    return memory;
  };

  const device: Device = {
    name: "cpu",
    synchronous: true,
    upload(data) {
      const { buffer, byteOffset, byteLength } = data;
      const copy = new Uint8Array(byteLength);
      copy.set(new Uint8Array(buffer, byteOffset, byteLength));
      return WasmMemory.fromHost(device, pool, copy.buffer);
    },
    readSync: (memory) => owned(memory).read(),
    read: async (memory) => owned(memory).read(),
    write(memory, data) {
      if (data.byteLength !== memory.bytes) {
        throw new ArgumentError("device/write-size", `${data.byteLength} bytes were written to ${memory.bytes}`);
      }
      owned(memory).write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    prepare(program) {
      const start = performance.now();
      const code = emitProgram(program, { relaxedSimd });
      const entries = modules.entries(code.bytes, hostModule, code.draws.length + 1);
      const executable = new WasmExecutable({
        device,
        pool,
        program,
        code,
        entries,
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
    statistics: () => ({
      liveBytes: pool.heap.liveBytes,
      peakBytes: pool.heap.peakBytes,
      allocations: pool.heap.allocations,
    }),
    resetPeak: () => pool.heap.resetPeak(),
    synchronize: async () => {},
  };
  return device;
}
