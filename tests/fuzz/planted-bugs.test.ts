/**
 * Who watches the fuzzer: ten plausible bugs of passes and code generation, planted one at a time by replacing an
 * exported function of the compiler, each of which it must find within its usual number of graphs.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type * as Arena from "../../codegen/arena.ts";
import type * as Order from "../../codegen/lower/evaluate.ts";
import type * as Reductions from "../../codegen/lower/reductions.ts";
import type * as Vectorise from "../../codegen/schedule/vectorise.ts";
import type { GraphBuilder } from "../../ir/builder.ts";
import type { Node } from "../../ir/graph.ts";
import type { KernelGraph, Region } from "../../ir/kernel-graph.ts";
import type { Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import type * as Overwrite from "../../ir/overwrite.ts";
import type * as Views from "../../ir/views.ts";
import type * as Canonicalise from "../../passes/canonicalise.ts";
import type * as Fuse from "../../passes/fuse.ts";
import type * as Rewrite from "../../passes/rewrite.ts";

const planted = new Set<string>();

/** Replaces exports of a module for the imports that follow. */
function plant<M extends object>(path: string, change: (original: M) => Partial<M>): void {
  planted.add(path);
  vi.doMock(path, async (importOriginal) => {
    const original = await importOriginal<M>();
    return { ...original, ...change(original) };
  });
}

/** A pass that applies a wrong rule before canonicalise does its work. */
async function plantRule(rule: (g: GraphBuilder, node: Node) => Node): Promise<void> {
  const { rewrite } = await vi.importActual<typeof Rewrite>("../../passes/rewrite.ts");
  plant<typeof Canonicalise>("../../passes/canonicalise.ts", ({ canonicalise }) => ({
    canonicalise: (g, roots) => canonicalise(g, rewrite(g, roots, rule)),
  }));
}

const isZero = (node: Node): boolean => {
  const x = node.op === "expand" || node.op === "reshape" ? node.inputs[0]! : node;
  return x.op === "constant" ? Number(x.attrs.value) === 0 : x !== node && isZero(x);
};

/** Every expression of a loop body. */
function mapExpressions(
  body: readonly Stmt[],
  f: (expr: Expr, loops: readonly string[]) => Expr,
  loops: readonly string[] = [],
): Stmt[] {
  const inside = (expr: Expr): Expr => {
    const changed = f(expr, loops);
    if (changed.op === "load") return { ...changed, index: inside(changed.index) };
    return "args" in changed ? { ...changed, args: changed.args.map(inside) } : changed;
  };
  return body.map((s): Stmt => {
    switch (s.kind) {
      case "let":
      case "declare":
      case "assign":
        return { ...s, value: inside(s.value) };
      case "store":
        return { ...s, value: inside(s.value) };
      case "for":
        return { ...s, body: mapExpressions(s.body, f, [...loops, s.name]) };
      default:
        return s;
    }
  });
}

const bugs: Record<string, () => Promise<void> | void> = {
  "x * 0 is taken for 0": () =>
    plantRule((g, node) =>
      node.op === "mul" && node.inputs.some(isZero)
        ? g.full(node.shape, node.dtype === "int64" ? 0n : 0, node.dtype)
        : node,
    ),

  "slices of slices are merged without the inner step": () =>
    plantRule((g, node) => {
      const x = node.inputs[0];
      if (node.op !== "slice" || x?.op !== "slice") return node;
      const { start, step, size } = node.attrs;
      const from = start.map((b, i) => x.attrs.start[i]! + b);
      const merged = step.map((t, i) => t * x.attrs.step[i]!);
      const last = from.map((s, i) => s + merged[i]! * Math.max(0, size[i]! - 1));
      const inside = last.every((l, i) => l >= 0 && l < x.inputs[0]!.shape[i]!);
      return inside ? g.slice(x.inputs[0]!, from, size, merged) : node;
    }),

  "equal nodes are found without looking at an attribute": () => {
    const known = new Map<string, Node>();
    return plantRule((_g, node) => {
      if (node.op !== "scan" && node.op !== "permute") return node;
      const key = `${node.op} ${node.dtype} ${node.shape.join()} ${node.inputs[0]!.id}`;
      const other = known.get(key) ?? node;
      known.set(key, other);
      return other;
    });
  },

  "a region reads its own values at other places": () =>
    plant<typeof Fuse>("../../passes/fuse.ts", ({ fuse }) => ({
      fuse: (roots, options) => joinAcrossViews(fuse(roots, options)),
    })),

  "the vectoriser ignores a stride": () =>
    plant<typeof Vectorise>("../../codegen/schedule/vectorise.ts", ({ vectorise }) => ({
      vectorise: (kernel: LoopKernel) => {
        const body = mapExpressions(kernel.body, (expr, loops) => {
          if (expr.op !== "mul" || expr.type.kind !== "i32") return expr;
          const [a, b] = expr.args as [Expr, Expr];
          return a.op === "var" && a.name === loops.at(-1) && b.op === "const" ? a : expr;
        });
        return vectorise({ ...kernel, body });
      },
    })),

  "a temporary's memory is given away one step too early": () =>
    plant<typeof Arena>("../../codegen/arena.ts", ({ layOut }) => ({
      layOut: (lifetimes) => layOut(lifetimes.map((life) => ({ ...life, last: Math.max(life.first, life.last - 1) }))),
    })),

  "a result is written over an input that is still read": () =>
    plant<typeof Overwrite>("../../ir/overwrite.ts", () => ({ mayOverwrite: () => true })),

  "a maximum starts from zero": () =>
    plant<typeof Reductions>("../../codegen/lower/reductions.ts", ({ accumulator }) => ({
      accumulator: (builder, node) => {
        if (node.op !== "reduce_max") return accumulator(builder, node);
        const wrong = Object.create(builder) as typeof builder;
        wrong.declare = (value, prefix) =>
          builder.declare(
            value.op === "const" ? { ...value, value: value.type.kind === "i64" ? 0n : 0 } : value,
            prefix,
          );
        return accumulator(wrong, node);
      },
    })),

  "an index out of range is not held inside": () =>
    plant<typeof Order>("../../codegen/lower/evaluate.ts", ({ dynamicIndex }) => ({
      // As if the axis were very long.
      dynamicIndex: (builder, value, node) => dynamicIndex(builder, value, node, 2 ** 20),
    })),

  "a window forgets its dilation": () =>
    plant<typeof Views>("../../ir/views.ts", ({ sourceCoordinates }) => ({
      sourceCoordinates: (node, at) => {
        if (node.op !== "window") return sourceCoordinates(node, at);
        const attrs = { ...node.attrs, dilation: node.attrs.dilation.map(() => 1) };
        return sourceCoordinates({ ...node, attrs }, at);
      },
    })),
};

/** Puts a region that reads another's result flipped or transposed into that region. */
function joinAcrossViews(graph: KernelGraph): KernelGraph {
  const regions = [...graph.regions];
  for (let j = 1; j < regions.length; j++) {
    const reader = regions[j]!;
    const behind = (node: Node): Node | null => (node.op === "permute" || node.op === "slice" ? node.inputs[0]! : null);
    const sources = reader.members.flatMap((member) => member.inputs.map(behind)).filter((node) => node !== null);
    const i = regions.findIndex((region, k) => k < j && region.stores.some((node) => sources.includes(node)));
    const source = regions[i];
    if (source === undefined || !canJoin(source, reader)) continue;
    const joined: Region = {
      ...source,
      members: [...source.members, ...reader.members].sort((a, b) => a.id - b.id),
      stores: [...source.stores, ...reader.stores],
    };
    regions.splice(j, 1);
    regions.splice(i, 1, joined);
    // The joined region stands where the reader stood, unless somebody between needs the source.
    regions.splice(j - 1, 0, regions.splice(i, 1)[0]!);
    return { ...graph, regions };
  }
  return graph;
}
const canJoin = (a: Region, b: Region): boolean =>
  (a.kind === "loops" || a.kind === "contract") && b.kind === "loops" && a.domain.join() === b.domain.join();

describe("a planted bug is found:", () => {
  beforeEach(() => {
    vi.resetModules();
    // The verifiers would find some of them first.
    vi.stubEnv("VERIFY", "");
  });
  afterEach(() => {
    for (const path of planted) vi.doUnmock(path);
    planted.clear();
    vi.unstubAllEnvs();
  });

  test.each(Object.keys(bugs))("%s", async (name) => {
    await bugs[name]!();
    const { findBug } = await import("./find-bug.ts");
    const found = await findBug();
    expect(found).toMatch(/element|Error/);
  });
});
