/** Random graphs of primitives and composites. */
import type { DType } from "../../ir/dtype.ts";
import type { Node } from "../../ir/graph.ts";
import { elementCount } from "../../ir/shape.ts";
import { Choices } from "./choices.ts";
import { binary, bitcast, bits, cast, compare, mathematical, unary, where } from "./elementwise-rules.ts";
import { gather, scatter, sort, positions, words } from "./indexing-rules.ts";
import { concat, expand, pad, permute, reshape, resliced, slice, twisted, window } from "./movement-rules.ts";
import { argReduce, beside, composite, convolution, dot, linear, reduce, residual, scan } from "./reduction-rules.ts";
import { choice, loop, turns, type Rule } from "./region-rules.ts";
import { Maker, maximumElements, type GraphOptions } from "./maker.ts";

export const cpuDTypes: readonly DType[] = [
  ...(["float32", "int32", "bool", "float64", "int64", "float16", "bfloat16", "uint8", "int8", "int16"] as const),
];
export const gpuDTypes: readonly DType[] = cpuDTypes.filter((dtype) => dtype !== "float64");

const straightRules: readonly Rule[] = [
  (m) => [binary(m, m.any())],
  (m) => [unary(m, m.any())],
  (m) => [reduce(m, m.any())],
  (m) => [m.input(m.c.pick(m.dtypes), m.randomShape())],
  (m) => [permute(m, m.any())],
  (m) => [slice(m, slice(m, m.any()))],
  (m) => [expand(m, m.any())],
  (m) => [reshape(m, m.any())],
  (m) => [compare(m, m.any())],
  (m) => [where(m, m.any())],
  (m) => [cast(m, m.any())],
  (m) => [mathematical(m, m.float())],
  (m) => [pad(m, m.any())],
  (m) => [concat(m, m.any())],
  (m) => [dot(m, m.any())],
  (m) => [gather(m, m.any())],
  (m) => [scatter(m, m.any())],
  (m) => sort(m, m.any()),
  (m) => [scan(m, m.any())],
  (m) => [argReduce(m, m.any())],
  (m) => [window(m, m.any())],
  (m) => [residual(m, m.float())],
  (m) => [residual(m, m.float())],
  (m) => [twisted(m, m.any())],
  (m) => beside(m, m.float()),
  (m) => siblings(m, m.any()),
  (m) => siblings(m, m.any()),
  (m) => [composite(m, m.float())],
  (m) => [bitcast(m, m.any())],
  (m) => [bits(m, m.any())],
  (m) => [positions(m)],
  (m) => [words(m)],
  (m) => [binary(m, m.any())],
  (m) => [linear(m, m.float())],
  (m) => [convolution(m)],
  (m) => [resliced(m, m.any())],
  (m) => [permute(m, m.any())],
  (m) => [reduce(m, m.any())],
  (m) => [mathematical(m, m.float())],
  (m) => [pad(m, m.any())],
];
/** With loops and choices; inside those, straight code and, of few, others. */
const innerRules: readonly Rule[] = [...straightRules, (m) => loop(m, m.any(), straightRules)];
const rules: readonly Rule[] = [
  ...straightRules,
  (m) => loop(m, m.any(), innerRules),
  (m) => loop(m, m.any(), innerRules),
  (m) => choice(m, m.any(), innerRules),
  (m) => turns(m, m.any(), innerRules),
];

/** The same operation on one value, with other attributes. */
function siblings(m: Maker, x: Node): (Node | null)[] {
  const make = m.c.pick([
    () => scan(m, x),
    () => permute(m, x),
    () => slice(m, slice(m, x)),
    () => reduce(m, x),
    () => argReduce(m, x),
    () => pad(m, x),
    () => sort(m, x)[0]!,
  ]);
  return [make(), make()];
}

export class RandomGraph {
  readonly roots: readonly Node[];
  readonly inputs: readonly Node[];

  /** Each instruction chooses a rule, its operands, and its attributes. */
  constructor(program: readonly (readonly number[])[], options: GraphOptions) {
    const maker = new Maker(options);
    const { pool } = maker;
    maker.input(options.dtypes[0]!, [3, 17]);
    const kept = new Set<Node>();
    for (const instruction of program) {
      maker.c = new Choices(instruction);
      for (const node of maker.c.pick(rules)(maker)) {
        if (node === null || elementCount(node.shape) > maximumElements) continue;
        pool.push(node);
        if (maker.c.oneIn(4)) kept.add(node);
      }
    }
    // Every value that nothing uses, or something; and some that others use, which a kernel then stores on its way.
    const used = new Set(pool.flatMap((node) => node.inputs));
    const isLeaf = ({ op }: Node): boolean => op === "input" || op === "leaf" || op === "scalar";
    const ends = pool.filter((node) => !used.has(node) && !isLeaf(node));
    const between = [...kept].filter((node) => used.has(node) && !isLeaf(node));
    this.roots = ends.length > 0 ? [...between.slice(-3), ...ends.slice(-6)] : [maker.g.neg(pool[0]!)];
    this.inputs = maker.inputs;
  }
}
