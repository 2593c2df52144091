/** What the bench and a peer's process say to each other. */
import type { Timings } from "../measure.ts";

export const peerNames = ["jax-js", "tfjs-wasm", "ort-web", "ort-node"] as const;
export type PeerName = (typeof peerNames)[number];
/** Ours runs in a process of its own too, where the first call is measured. */
export type LibraryName = PeerName | "cresset";

export interface Request {
  readonly id: string;
  readonly budget: number;
  readonly repetitions: number;
  /** For those that can be told. */
  readonly threads: number;
}
export type Reply =
  | {
      readonly kind: "measured";
      readonly timings: Timings;
      readonly check: readonly number[];
      /** As far as is known. */
      readonly threads: number | null;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };
