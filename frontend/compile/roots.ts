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
  private readonly places = new Map<Node, number>();

  placeOf(node: Node, hint: OutputHint): number {
    const target = behindMarkers(node);
    const known = this.places.get(target);
    if (known !== undefined) {
      if (hint === "state") this.hints[known] = "state";
      return known;
    }
    const place = this.nodes.push(target) - 1;
    this.places.set(target, place);
    this.hints.push(hint);
    return place;
  }

  private replace(root: number, node: Node): void {
    this.places.delete(this.nodes[root]!);
    this.nodes[root] = node;
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
      if (writes.filter((other) => other.root === root).length === 1) this.replace(root, kept);
      else {
        write.root = this.nodes.push(kept) - 1;
        this.hints.push("state");
      }
    }
  }
}
