/** Threads, for `ThreadedDevice.setThreads`: whoever sets their number brings them along. */
import { sharing } from "../../codegen/wasm/index.ts";
import type { Heap } from "./heap.ts";
import { Team } from "./team.ts";

export const threading = { sharing, teamOf: (heap: Heap): Team => new Team(heap) };
export type Threading = typeof threading;
