/** Tiles of a contraction whose operands are both adjacent along the contracted axis. */
import { Index, unravel } from "../../../ir/index.ts";
import type { Expr, Type } from "../../../ir/loop.ts";
import { addI, apply, cast, constant, indexExpr, integer, typeOf, variable } from "../expressions.ts";
import { innermost } from "./contraction.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import { overTiles, upTo } from "./strips.ts";

const i32 = typeOf("i32");

/** Both operands adjacent along k: vector accumulators along k, a few rows and columns at a time. */
export function rowProducts(lowering: ContractLowering, start: Start): void {
  const { builder, contraction, dot, lanes } = lowering;
  const { row, column, inner } = innermost(contraction);
  const outerDepth = contraction.depth.slice(0, -1);
  const single = lowering.type();
  const vector = lowering.type(lanes);
  const zero = constant(lowering.sumKind(lanes), 0);
  const block = (rowStart: Index, height: number, columnStart: Index, width: number): void => {
    const sums = Array.from({ length: height * width }, () =>
      builder.declare(lanes === 1 ? zero : apply("splat", vector, zero), "c"),
    );
    const rest = Array.from({ length: height * width }, () => builder.declare(constant("f64", 0), "d"));
    const leftBase = builder.let(addI(start.left, indexExpr(rowStart.scale(row.left))));
    const rightBase = builder.let(addI(start.right, indexExpr(columnStart.scale(column.right))));
    const nest = (i: number, leftAt: Index, rightAt: Index): void => {
      const axis = outerDepth[i];
      if (axis !== undefined) {
        const name = builder.fresh("k");
        const k = builder.position(name, axis.size);
        builder.loop(name, axis.size, "serial", () =>
          nest(i + 1, leftAt.add(k.scale(axis.left)), rightAt.add(k.scale(axis.right))),
        );
        return;
      }
      const l0 = builder.let(addI(leftBase, indexExpr(leftAt)));
      const r0 = builder.let(addI(rightBase, indexExpr(rightAt)));
      const whole = inner.size - (inner.size % lanes);
      const chunk = (type: Type, k: Expr, targets: readonly Expr[]): void => {
        const wide = lowering.sumKind(type.lanes);
        const b = Array.from({ length: width }, (_, j) =>
          builder.let(cast(lowering.right(type.lanes, addI(addI(r0, k), integer(j * column.right))), wide)),
        );
        for (let r = 0; r < height; r++) {
          const a = builder.let(cast(lowering.left(type.lanes, addI(addI(l0, k), integer(r * row.left))), wide));
          for (let c = 0; c < width; c++)
            builder.assign(targets[r * width + c]!, apply("madd", a.type, a, b[c]!, targets[r * width + c]!));
        }
      };
      const vectors = (end: Expr): void => {
        const name = builder.fresh("k");
        builder.range(name, integer(0), end, lanes, "serial", () => chunk(vector, variable(name, i32), sums));
      };
      if (builder.target.dynamic) {
        const aligned = builder.let(apply("and", i32, integer(inner.size), integer(-lanes)));
        vectors(aligned);
        const name = builder.fresh("k");
        builder.range(name, aligned, integer(inner.size), 1, "serial", () => chunk(single, variable(name, i32), rest));
        return;
      }
      if (whole > 0) vectors(integer(whole));
      for (let k = whole; k < inner.size; k++) chunk(single, integer(k), rest);
    };
    nest(0, Index.constant(0), Index.constant(0));
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < width; c++) {
        const sum = sums[r * width + c]!;
        const joined = lanes === 1 ? sum : cast(apply("reduce_add", single, sum), "f64");
        const total = builder.let(cast(apply("add", joined.type, joined, rest[r * width + c]!), single.kind));
        const at = start.out.add(rowStart.add(r).scale(row.out)).add(columnStart.add(c).scale(column.out));
        lowering.epilogue(unravel(at, dot.shape), total);
      }
    }
  };
  // What is computed as it is read is computed once for as many rows as can be.
  const [columns, rows] = lowering.computesRight ? [2, 4] : [4, 2];
  overTiles(builder, column.size, upTo(columns), "t", (columnStart, width) =>
    overTiles(builder, row.size, upTo(rows), "t", (rowStart, height) => block(rowStart, height, columnStart, width)),
  );
}
