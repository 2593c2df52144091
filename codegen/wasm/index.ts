/**
 * WebAssembly from loop kernels. In: programs whose kernels passed the verifier, without `lane` loops and workgroup
 * buffers. Out: the bytes of one module per program and the layout of the table that its entries read. Always: no
 * instruction traps on any value, NaN and infinities are kept, and the same program gives the same bytes.
 */
export { leastSharedInstructions } from "../schedule/jobs.ts";
export { lowestAddress } from "./addressing.ts";
export type { EmitOptions } from "./context.ts";
export {
  type DrawStep,
  emitProgram,
  formKey,
  numberKind,
  type TableLayout,
  tickFunction,
  type WasmProgram,
} from "./emit-program.ts";
export { supportsRelaxedSimd } from "./features.ts";
export { type HostFunction, hostFunctions, threadFunctionsSource } from "./host-functions.ts";
export { KernelLibrary } from "./kernel-library.ts";
export { hostModule } from "./math-functions.ts";
export { sharing, type Sharing } from "./sharing.ts";
export { emitHelperModule, sharedPages, team } from "./team.ts";
