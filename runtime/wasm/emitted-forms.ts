/** The code of programs that differ in sizes alone is emitted once, and that of kernels that several programs share. */
import { type EmitOptions, emitProgram, formKey, KernelLibrary, type WasmProgram } from "../../codegen/wasm/index.ts";
import type { Program } from "../../ir/program.ts";

/** Keys of one form that are remembered. */
const mostKeys = 8;
/** Bytes of a library's functions from which on a new one is begun. */
const mostBytes = 2 ** 24;

export class EmittedForms {
  /** By form, and by what else is in the code: one of each key for one thread and one for several. */
  private readonly known = new WeakMap<object, Map<string, WasmProgram>>();
  /** The functions of shared kernels, for one thread and for several. */
  private readonly libraries = new Map<boolean, KernelLibrary>();

  emit(program: Program, options: EmitOptions): WasmProgram {
    const { form } = program;
    if (form === undefined) return emitProgram(program, options);
    const key = formKey(program, options);
    const byKey = this.known.get(form) ?? new Map<string, WasmProgram>();
    this.known.set(form, byKey);
    const code = emitProgram(program, options, this.libraryFor(options), byKey.get(key));
    if (byKey.size >= mostKeys && !byKey.has(key)) byKey.clear();
    byKey.set(key, code);
    return code;
  }

  private libraryFor(options: EmitOptions): KernelLibrary {
    const isShared = options.shared !== undefined;
    const known = this.libraries.get(isShared);
    if (known !== undefined && known.weight < mostBytes) return known;
    const library = new KernelLibrary(options);
    this.libraries.set(isShared, library);
    return library;
  }
}
