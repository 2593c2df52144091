/** What a recording's program computes. */
import type { Node } from "../../ir/graph.ts";
import type { OutputHint } from "../../runtime/device.ts";
import { unlessFailed, type Conditions } from "../checks.ts";
import type { Storage } from "../storage.ts";
import { behindMarkers, valueOf } from "../value.ts";

export interface Write {
  readonly storage: Storage;
  root: number;
}

export class Roots {
  readonly nodes: Node[] = [];
  readonly hints: OutputHint[] = [];

  placeOf(node: Node, hint: OutputHint): number {
    const target = behindMarkers(node);
    let index = this.nodes.indexOf(target);
    if (index < 0) {
      index = this.nodes.push(target) - 1;
      this.hints.push(hint);
    } else if (hint === "state") this.hints[index] = "state";
    return index;
  }

  /**
   * Where the conditions are computed by the program itself, what it writes stays as it was if one does not hold.
   * Contents that belong to another storage by now cannot be read again at a replay, and are written all the same.
   */
  keepOnFailure(status: Conditions, writes: readonly Write[]): void {
    for (const write of writes) {
      const { storage, root } = write;
      const old = storage.contentsAt(status.checks[0]!.number);
      if (old === null || (valueOf(old) !== null && valueOf(old)!.owner !== storage)) continue;
      const kept = unlessFailed(status, old, this.nodes[root]!);
      if (writes.filter((other) => other.root === root).length === 1) this.nodes[root] = kept;
      else {
        write.root = this.nodes.push(kept) - 1;
        this.hints.push("state");
      }
    }
  }
}
