/**
 * Verifiers: one for each level of the IR. Each file opens with the list of what it checks. They run between passes in
 * tests and under VERIFY=1 (frontend/debug.ts), which names the pass that left the IR broken.
 */
export { verifyGraph, type GraphStage } from "./graph.ts";
export { verifyKernelGraph } from "./kernel-graph.ts";
export { verifyKernel } from "./loop.ts";
export { verifyProgram } from "./program.ts";
