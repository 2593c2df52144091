/** Which values are known to be no greater than zero. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode } from "../../ir/graph.ts";
import { isNonpositive } from "../../ir/signs.ts";

const g = new GraphBuilder();
const [x, y] = [leafNode("input", "float32", [3, 3], null), leafNode("input", "float32", [3, 3], null)];
const rows = g.reduce("reduce_max", x, [1]);
const repeated = (node: typeof x) => g.expandTo(node, [3, 3]);

test.each([
  ["x less its rows' maxima", g.sub(x, repeated(rows)), true],
  [
    "x less a maximum that those are part of",
    g.sub(x, repeated(g.binary("max", rows, g.reduce("reduce_max", y, [1])))),
    true,
  ],
  ["x less the larger of x and y", g.sub(x, g.binary("max", y, x)), true],
  ["minus a square", g.neg(g.mul(x, x)), true],
  ["minus a magnitude", g.neg(g.abs(x)), true],
  ["another tensor less x's maxima", g.sub(y, repeated(rows)), false],
  ["maxima of rows beside columns", g.sub(x, repeated(g.permute(rows, [1, 0]))), false],
  ["x less the smaller of x and y", g.sub(x, g.binary("min", x, y)), false],
  ["minus a product", g.neg(g.mul(x, y)), false],
  ["x itself", x, false],
])("%s: %s", (_, node, expected) => {
  expect(isNonpositive(node)).toBe(expected);
});
