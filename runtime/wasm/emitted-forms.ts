/** The code of programs that differ in sizes alone is emitted once. */
import {
  type EmitOptions,
  type EmittedForm,
  emitForm,
  emitProgram,
  formKey,
  type WasmProgram,
} from "../../codegen/wasm/index.ts";
import type { Program } from "../../ir/program.ts";

/** Keys of one form that are remembered. */
const mostKeys = 8;

export class EmittedForms {
  /** By form, and by what else is in the code: one of each key for one thread and one for several. */
  private readonly known = new WeakMap<object, Map<string, EmittedForm>>();

  emit(program: Program, options: EmitOptions): WasmProgram {
    const { form } = program;
    if (form === undefined) return emitProgram(program, options);
    const key = formKey(program, options);
    const byKey = this.known.get(form) ?? new Map<string, EmittedForm>();
    this.known.set(form, byKey);
    const emitted = emitForm(program, options, byKey.get(key));
    if (byKey.size >= mostKeys && !byKey.has(key)) byKey.clear();
    byKey.set(key, emitted);
    return emitted.code;
  }
}
