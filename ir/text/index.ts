/**
 * Every level of the IR as text that people read and parsers read back, so that a dump becomes a test. A text holds
 * everything but what leaves are bound to and the ids of nodes, which are numbered in the order of printing.
 */
export { parseGraph, printGraph } from "./graph.ts";
export { parseKernelGraph, printKernelGraph } from "./kernel-graph.ts";
export { parseKernel } from "./loop-parser.ts";
export { printKernel } from "./loop-printer.ts";
export { parseProgram, printProgram } from "./program.ts";
