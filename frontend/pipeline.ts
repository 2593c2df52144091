/**
 * From a recorded graph to a program: the whole compiler as one list of named passes.
 */
import { assemble, type Assembled } from "../codegen/assemble.ts";
import type { Target } from "../codegen/lower/kernel-builder.ts";
import { GraphBuilder } from "../ir/builder.ts";
import { topologicalOrder, withFreshInterning, type Node } from "../ir/graph.ts";
import { canonicalise } from "../passes/canonicalise.ts";
import { decompose } from "../passes/decompose.ts";
import { fuse } from "../passes/fuse.ts";
import { isFree, isView } from "../ir/traits.ts";
import type { DeviceName } from "../runtime/device.ts";
import { observePass } from "./debug.ts";

export type GraphPass = (g: GraphBuilder, roots: readonly Node[]) => Node[];

/** The passes over the tensor graph, in order. Each leaves an equal graph; each is CSE too. */
export const passes: readonly (readonly [name: string, pass: GraphPass])[] = [
  ["decompose", decompose],
  ["canonicalise", canonicalise],
  ["canonicalise again", canonicalise],
  ["alias reshaped results", (_g, roots) => roots.map(behindReshape)],
];

/** A reshaped result has the same bytes as what it reshapes. */
function behindReshape(root: Node): Node {
  let node = root;
  while (node.op === "reshape") node = node.inputs[0]!;
  return node;
}

const targets: Readonly<Record<DeviceName, Target>> = {
  cpu: { kind: "cpu", simd: true },
  "cpu:js": { kind: "cpu", simd: false },
  webgpu: { kind: "gpu", simd: false },
};

export interface Compiled extends Assembled {
  /** For each requested root its place among the program's outputs, or the input leaf that it already is. */
  readonly results: readonly ({ readonly output: number } | { readonly input: Node })[];
  /** Kernels that there would be if every operation had its own. */
  readonly operationCount: number;
}

export interface CompileOptions {
  readonly device: DeviceName;
  readonly name: string;
  /** Index of a root -> input leaf whose memory it may take over. */
  readonly donations?: ReadonlyMap<number, Node>;
  /** The kernels are to be shared with programs of other sizes. */
  readonly dynamic?: boolean;
  /** Off: no fusion and no merging, for tests. */
  readonly fusion?: boolean;
}

/**
 * in:  roots over `input` and `scalar` leaves
 * out: a program for the device
 */
export function compileGraph(roots: readonly Node[], options: CompileOptions): Compiled {
  return withFreshInterning(() => {
    const g = new GraphBuilder();
    g.gradEnabled = false;
    let current: Node[] = [...roots];
    observePass("recorded", { level: "graph", roots: current, primitive: false });
    for (const [name, pass] of passes) {
      current = pass(g, current);
      observePass(name, { level: "graph", roots: current, primitive: true });
    }
    const computed = [...new Set(current.filter((node) => node.op !== "input"))];
    const kernels = fuse(computed, { enabled: options.fusion !== false });
    observePass("fuse", { level: "kernels", graph: kernels });
    const donations = new Map<Node, Node>();
    options.donations?.forEach((leaf, i) => {
      // An input that is itself handed out keeps its memory.
      if (current[i]!.op !== "input" && !current.includes(leaf)) donations.set(current[i]!, leaf);
    });
    const assembled = assemble(kernels, {
      target: { ...targets[options.device], dynamic: options.dynamic === true },
      name: options.name,
      donations,
      merge: options.fusion !== false,
    });
    observePass("assemble", { level: "program", program: assembled.program, device: options.device });
    const results = current.map((node) => (node.op === "input" ? { input: node } : { output: computed.indexOf(node) }));
    return {
      ...assembled,
      results,
      operationCount: topologicalOrder(computed).filter((node) => !isFree(node) && !isView(node) && node.op !== "pick")
        .length,
    };
  });
}
