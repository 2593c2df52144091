/** Passes on IR text: what comes in, what goes out. */
import { GraphBuilder } from "../../ir/builder.ts";
import { withFreshInterning } from "../../ir/interning.ts";
import { type Node } from "../../ir/graph.ts";
import { parseGraph, printGraph } from "../../ir/text/index.ts";
import { verifyGraph } from "../../ir/verify/index.ts";

export type Pass = (g: GraphBuilder, roots: readonly Node[]) => Node[];

/** Runs a pass as the compiler does: without gradients, in a table of its own. */
export function run(pass: Pass, roots: readonly Node[]): Node[] {
  return withFreshInterning(() => {
    const g = new GraphBuilder();
    g.gradEnabled = false;
    const result = pass(g, roots);
    verifyGraph(result, { primitive: true });
    return result;
  });
}

/** Lines without the indentation of a test's source. */
export const lines = (text: string): string =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join("\n") + "\n";

/** The text of a graph after a pass. */
export const after = (pass: Pass, text: string): string => printGraph(run(pass, parseGraph(text)));
