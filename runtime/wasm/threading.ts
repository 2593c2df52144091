/** Threads, for `ThreadedDevice.setThreads`: whoever sets their number brings them along. */
import { sharing } from "../../codegen/wasm/index.ts";
import { mayWait, startHelper, whyNotShared } from "./helper-threads.ts";

export const threading = { sharing, mayWait, startHelper, whyNotShared };
export type Threading = typeof threading;
