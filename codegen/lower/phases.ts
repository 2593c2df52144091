/**
 * When each value of a `loops` region is computed. A region runs over its reduced axes once per phase: phase 0 computes
 * the reductions that need only memory, phase 1 those that need phase 0's results, and so on; values for every element
 * are computed in the first phase that uses them, and kept in a scratch row when a later phase uses them too.
 */
import type { Node } from "../../ir/graph.ts";
import { isSumAcross, partsOf, type Region } from "../../ir/kernel-graph.ts";
import { sameShape } from "../../ir/shape.ts";
import { isReduce as isReduction, isView } from "../../ir/traits.ts";

export interface PhasePlan {
  readonly phaseCount: number;
  /** The reductions of each phase. */
  readonly reductions: readonly (readonly Node[])[];
  /** Values for every element: the phases in which each is computed. */
  readonly computed: ReadonlyMap<Node, readonly number[]>;
  /** One value a row: the number of phases that must have run before. */
  readonly rows: ReadonlyMap<Node, number>;
  /** Values (members, or stored nodes read element by element) kept in scratch: from their first phase to the last that reads them. */
  readonly staged: ReadonlyMap<Node, { readonly first: number; readonly last: number }>;
}

const cheap = new Set<string>([
  "add",
  "sub",
  "mul",
  "neg",
  "cast",
  "where",
  "min",
  "max",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "not",
  "and",
  "or",
]);

/** Whether an element is as cheap to compute again as to keep. */
export const isCheapMap = (node: Node): boolean => cheap.has(node.op);

export function planPhases(region: Region, stored: (node: Node) => boolean): PhasePlan {
  const { domain, reduced, members } = region;
  const memberSet = new Set(members);
  // A sum across takes elements as a store does.
  const isReduce = (node: Node): boolean => isReduction(node) && !isSumAcross(node, region);
  const rowShape = domain.map((size, axis) => (reduced.includes(axis) ? 1 : size));
  const isRow = (node: Node): boolean =>
    isReduce(node) || (reduced.length > 0 && !sameShape(rowShape, domain) && sameShape(node.shape, rowShape));

  /** Members that a node's value needs, and stored nodes that it reads at its own element. */
  const needs = (node: Node): { members: Node[]; elements: Node[] } => {
    const found = { members: [] as Node[], elements: [] as Node[] };
    const seen = new Set<Node>();
    const parts = partsOf(node, domain);
    const isDirect = parts !== null || !isView(node);
    const stack = (parts ?? node.inputs).map((input) => ({ node: input, direct: isDirect }));
    while (stack.length > 0) {
      const item = stack.pop()!;
      if (seen.has(item.node)) continue;
      seen.add(item.node);
      if (memberSet.has(item.node)) found.members.push(item.node);
      else if (stored(item.node)) {
        if (item.direct && sameShape(item.node.shape, domain)) found.elements.push(item.node);
      } else {
        const direct = item.direct && !isView(item.node);
        for (const input of item.node.inputs) stack.push({ node: input, direct });
      }
    }
    return found;
  };
  const needed = new Map(members.map((node) => [node, needs(node)] as const));

  const available = new Map<Node, number>();
  const reductions: Node[][] = [];
  for (const node of members) {
    let phase = 0;
    for (const need of needed.get(node)!.members)
      phase = Math.max(phase, available.get(need)! + (isReduce(need) ? 1 : 0));
    available.set(node, phase);
    if (isReduce(node)) (reductions[phase] ??= []).push(node);
  }
  const reductionPhases = reductions.length;
  for (let i = 0; i < reductionPhases; i++) reductions[i] ??= [];

  const uses = new Map<Node, Set<number>>();
  const use = (node: Node, phase: number): void => {
    let set = uses.get(node);
    if (set === undefined) uses.set(node, (set = new Set()));
    set.add(phase);
  };
  const computed = new Map<Node, number[]>();
  const rows = new Map<Node, number>();
  let phaseCount = Math.max(1, reductionPhases);
  for (let i = members.length - 1; i >= 0; i--) {
    const node = members[i]!;
    const { members: inputs, elements } = needed.get(node)!;
    let phases: number[];
    if (isReduce(node)) phases = [available.get(node)!];
    else if (isRow(node)) {
      rows.set(node, available.get(node)!);
      continue;
    } else {
      if (region.stores.includes(node)) use(node, available.get(node)!);
      const wanted = [...(uses.get(node) ?? [])].sort((a, b) => a - b);
      if (wanted.length === 0) wanted.push(available.get(node)!);
      const again = cheap.has(node.op) && inputs.every((input) => isRow(input)) && elements.length <= 1;
      phases = again ? wanted : [wanted[0]!];
      computed.set(node, phases);
      phaseCount = Math.max(phaseCount, phases[0]! + 1);
    }
    for (const phase of phases) {
      for (const input of inputs) if (!isRow(input)) use(input, phase);
      for (const element of elements) use(element, phase);
    }
  }
  const staged = new Map<Node, { first: number; last: number }>();
  for (const [node, phases] of uses) {
    const sorted = [...phases].sort((a, b) => a - b);
    const last = sorted.at(-1)!;
    const own = computed.get(node);
    if (own !== undefined && own.length > 1) continue;
    const first = own?.[0] ?? sorted[0]!;
    if (last > first) staged.set(node, { first, last });
  }
  while (reductions.length < phaseCount) reductions.push([]);
  return { phaseCount, reductions, computed, rows, staged };
}
