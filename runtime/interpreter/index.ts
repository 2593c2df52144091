/**
 * The reference interpreter: what a graph of primitives means, in the plainest loops. The tests hold every pass and every
 * back end against it; nothing that users run does.
 */
export { interpret, type Bindings } from "./interpret.ts";
export type { Total } from "./reductions.ts";
