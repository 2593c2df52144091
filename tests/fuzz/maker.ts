/** What the rules of random graphs choose their operands with. */
import { GraphBuilder } from "../../ir/builder.ts";
import { isFloat, type DType } from "../../ir/dtype.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { broadcastShapes, elementCount, type Shape } from "../../ir/shape.ts";
import { Choices } from "./choices.ts";

export interface GraphOptions {
  readonly dtypes: readonly DType[];
  /** Float inputs are leaves of differentiation. */
  readonly differentiable?: boolean;
  /** Also operators that stay one node until they are decomposed. */
  readonly composites?: boolean;
  /** Also loops whose turns depend on data. */
  readonly turns?: boolean;
}

/** Around the widths of vectors and tiles. */
export const sizes = [2, 1, 3, 4, 5, 15, 16, 17, 33, 6, 8, 4, 5, 16, 7, 2, 3, 0];
export const maximumElements = 1500;
export const maximumRank = 4;

export class Maker {
  readonly pool: Node[] = [];
  readonly inputs: Node[] = [];
  readonly g = new GraphBuilder();
  readonly dtypes: readonly DType[];
  readonly differentiable: boolean;
  readonly composites: boolean;
  readonly turns: boolean;
  /** The decisions of the instruction that is being followed. */
  c = new Choices([]);

  constructor(options: GraphOptions) {
    this.dtypes = options.dtypes;
    this.differentiable = options.differentiable === true;
    this.composites = options.composites === true;
    this.turns = options.turns === true;
    this.g.gradEnabled = this.differentiable;
  }

  /** A recent value more often than an old one. */
  any(): Node {
    const back = this.c.below(this.pool.length);
    return this.pool[this.pool.length - 1 - (this.c.oneIn(3) ? back : Math.min(back, this.c.below(4)))]!;
  }
  float(): Node {
    const x = this.any();
    return isFloat(x.dtype) ? x : this.g.cast(x, this.dtypes[0]!);
  }
  axis(x: Node): number {
    return this.c.below(x.shape.length);
  }
  axes(x: Node): number[] {
    const mask = this.c.below(2 ** x.shape.length);
    return x.shape.map((_, i) => i).filter((i) => (mask >> i) & 1);
  }
  randomShape(): number[] {
    const shape: number[] = [];
    const rank = this.c.pick([2, 1, 3, 2, 0, 4, 2, 3]);
    for (let i = 0; i < rank; i++) {
      const size = this.c.pick(sizes);
      shape.push(elementCount([...shape, size]) > maximumElements ? 1 : size);
    }
    return shape;
  }
  input(dtype: DType, shape: Shape): Node {
    const node = leafNode("input", dtype, shape, null);
    this.inputs.push(node);
    const value = this.differentiable && isFloat(dtype) ? leafNode("leaf", dtype, shape, null, true, [node]) : node;
    if (this.pool.length === 0) this.pool.push(value);
    return value;
  }
  scalar(dtype: DType): Node {
    return leafNode("scalar", dtype, [], null);
  }
  literal(dtype: DType): number | bigint | boolean {
    const whole = this.c.pick([1, 0, 2, 3, 7, 5]) * (dtype === "uint8" || this.c.below(2) === 0 ? 1 : -1);
    if (dtype === "bool") return whole > 1;
    if (dtype === "int64") return BigInt(whole);
    return isFloat(dtype) ? this.c.pick([whole, 0.5, -1.25, 0.1, -0, 100, Infinity, NaN]) : whole;
  }
  /** A value of x's type that broadcasts with it. */
  partner(x: Node): Node {
    const { g } = this;
    switch (this.c.below(6)) {
      case 0:
      case 1: {
        const y = g.cast(this.any(), x.dtype);
        const shape = broadcastShapes(x.shape, y.shape);
        return shape !== null && elementCount(shape) <= maximumElements ? y : x;
      }
      case 2:
        return this.scalar(x.dtype);
      case 3:
        return g.constant(this.literal(x.dtype), x.dtype);
      case 4: {
        const shape = x.shape.map((size) => (this.c.below(2) === 0 ? size : 1)).slice(this.c.below(x.shape.length + 1));
        return this.fresh(x.dtype, shape);
      }
      default:
        return this.fresh(x.dtype, x.shape);
    }
  }
  fresh(dtype: DType, shape: Shape): Node {
    const node = this.input(dtype, shape);
    if (!this.pool.includes(node)) this.pool.push(node);
    return node;
  }
  /** Indices mostly inside [0, size). */
  index(size: number, shape: Shape): Node {
    const { g } = this;
    const dtype = this.c.pick(["int64", "int32"] as const);
    const raw = this.fresh(dtype, shape);
    if (this.c.oneIn(6)) return raw;
    return g.binary("rem", g.abs(raw), Math.max(1, size));
  }
}
