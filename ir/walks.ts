/**
 * Walks over graphs, without recursion. What has been seen is marked on the nodes by the walk's number, which costs
 * less than sets of them; no walk runs inside another.
 */
import type { Node } from "./graph.ts";

let walkCount = 0;

/** How many walks there have been. */
export const walksSoFar = (): number => walkCount;
/** Whether a node has been seen by a walk since there were that many. */
export const seenSince = (node: Node, walks: number): boolean => node.mark > walks;

/** All nodes that the roots need, inputs before users, not looking past nodes for which `isLeaf` holds. */
export function topologicalOrder(roots: readonly Node[], isLeaf: (node: Node) => boolean = noLeaf): Node[] {
  const seen = ++walkCount;
  const stack: Node[] = [];
  for (const root of roots) {
    if (root.mark === seen) continue;
    root.mark = seen;
    stack.push(root);
  }
  const order: Node[] = [];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    order.push(node);
    if (isLeaf(node)) continue;
    for (const input of node.inputs) {
      if (input.mark === seen) continue;
      input.mark = seen;
      stack.push(input);
    }
  }
  return order.sort((a, b) => a.id - b.id);
}

const noLeaf = (): boolean => false;

/**
 * The same nodes, inputs before users, in an order that only the graph's form decides and not when its nodes were made:
 * what keys are built on.
 */
export function canonicalOrder(roots: readonly Node[], isLeaf: (node: Node) => boolean = noLeaf): Node[] {
  walkCount += 2;
  return extendOrder([], roots, isLeaf);
}

/** Goes on with the order that the last walk gave: what `roots` need beside what is in it already. */
export function extendOrder(order: Node[], roots: readonly Node[], isLeaf: (node: Node) => boolean): Node[] {
  const [entered, done] = [walkCount - 1, walkCount];
  const stack: Node[] = [];
  for (const root of roots) {
    stack.push(root);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (node.mark < entered) {
        node.mark = entered;
        if (!isLeaf(node) && enter(node, entered, stack)) continue;
      }
      stack.pop();
      if (node.mark === done) continue;
      node.mark = done;
      order.push(node);
    }
  }
  return order;
}

/** Puts the inputs that have not been entered on the stack, the first on top; false when there are none. */
function enter({ inputs }: Node, entered: number, stack: Node[]): boolean {
  const before = stack.length;
  for (let i = inputs.length - 1; i >= 0; i--) if (inputs[i]!.mark < entered) stack.push(inputs[i]!);
  return stack.length > before;
}

/** For each node of an order, the nodes that use it (once per use). */
export function usersOf(order: readonly Node[]): Map<Node, Node[]> {
  const users = new Map<Node, Node[]>();
  for (const node of order) users.set(node, []);
  for (const node of order) for (const input of node.inputs) users.get(input)?.push(node);
  return users;
}
