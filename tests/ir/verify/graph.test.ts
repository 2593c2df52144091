import { describe, expect, test } from "vitest";
import { makeNode } from "../../../ir/graph.ts";
import { parseGraph, parseKernelGraph } from "../../../ir/text/index.ts";
import { verifyGraph, verifyKernelGraph } from "../../../ir/verify/index.ts";

/** A graph of one wrong node, and the rule that it breaks. */
const wrong: readonly (readonly [text: string, rule: string])[] = [
  ["%1 = input float32[2]\n%2 = add float32[2] %1", "2 inputs"],
  ["%1 = input float32[2]\n%2 = input int32[2]\n%3 = add float32[2] %1, %2", "operands have one type"],
  ["%1 = input float32[2]\n%2 = input float32[3]\n%3 = add float32[2] %1, %2", "operands have one shape"],
  ["%1 = input int32[2]\n%2 = exp int32[2] %1", "exp does not take int32"],
  ["%1 = input float32[2]\n%2 = and float32[2] %1, %1", "and does not take float32"],
  ["%1 = input float32[2]\n%2 = lt float32[2] %1, %1", "result 0 is bool"],
  ["%1 = input float32[2]\n%2 = exp float32[3] %1", "result 0 has shape [2]"],
  ["%1 = input float32[2]\n%2 = where float32[2] %1, %1, %1", "the condition is bool"],
  ["%1 = input float32[2]\n%2 = cast float32[2] %1", "a cast changes the type"],
  ["%1 = input float32[2]\n%2 = bitcast int64[2] %1", "a bitcast keeps the size"],
  ["%1 = input float32[2, 3]\n%2 = reduce_sum float32[1, 3] %1 axes=[2]", "axes exist and ascend"],
  ["%1 = input float32[2, 3]\n%2 = reduce_sum float32[2, 3] %1 axes=[1]", "result 0 has shape [2, 1]"],
  ["%1 = input float32[2, 3]\n%2 = argmax int32[2, 1] %1 axes=[1]", "result 0 is int64"],
  ['%1 = input float32[2]\n%2 = scan float32[2] %1 kind="sum" axis=1 reverse=false', "the axis exists"],
  [
    "%1 = input float32[2, 3]\n%2 = input float32[2, 3]\n%3 = dot float32[2, 2] %1, %2 batch=[[],[]] contract=[[1],[0]]",
    "paired axes have one size",
  ],
  ["%1 = input float32[2, 3]\n%2 = reshape float32[5] %1 shape=[5]", "a reshape keeps all elements"],
  ["%1 = input float32[2, 3]\n%2 = permute float32[2, 2] %1 axes=[0,0]", "axes are a permutation"],
  ["%1 = input float32[2]\n%2 = expand float32[4] %1 shape=[4]", "only axes of size 1 stretch"],
  ["%1 = input float32[4]\n%2 = slice float32[3] %1 start=[0] step=[2] size=[3]", "a slice stays inside"],
  [
    "%1 = input float32[4]\n%2 = pad float32[5] %1, %1 low=[1] high=[0] interior=[0]",
    "the filler is a 0-d value of the type",
  ],
  [
    "%1 = input float32[4, 2]\n%2 = input float32[4, 3]\n%3 = concat float32[8, 2] %1, %2 axis=0",
    "parts agree in the other axes",
  ],
  ["%1 = input float32[4]\n%2 = window float32[3, 2] %1 size=[2] stride=[0] dilation=[1]", "windows fit"],
  ["%1 = input float32[4]\n%2 = input float32[2]\n%3 = gather float32[2] %1, %2 axes=[0]", "one integer index"],
  ['%1 = input float32[4]\n%2 = input int64[2]\n%3 = scatter float32[4] %1, %1, %2 axes=[0] mode="add"', "updates fit"],
  ["%1 = input float32[4]\n%2 = sort (float32[4], int32[4]) %1 axis=0 descending=false count=4", "result 1 is int64"],
  ['%1 = input float32[2, 3]\n%2 = routine (float32[2, 3], int32[]) %1 name="cholesky"', "the matrix is square"],
  ['%1 = input float32[2, 3]\n%2 = routine (float32[2, 3], float32[]) %1 name="reflect"', "result 1 has shape [2]"],
  ['%1 = input int32[2, 2]\n%2 = routine (int32[2, 2], int32[]) %1 name="cholesky"', "takes float32 or float64"],
  ['%1 = input float32[17]\n%2 = routine (float32[17], float32[17]) %1, %1, %1, %1 name="fft"', "small prime factors"],
  ['%1 = input float32[2]\n%2 = routine (float32[2]) %1 name="guess"', "no routine is named guess"],
  ["%1 = input float32[4]\n%2 = pick float32[4] %1 index=1", "the input has this result"],
  [
    "%1 = input float32[4]\n%2 = sort (float32[4], int64[4]) %1 axis=0 descending=false count=4\n%3 = exp float32[4] %2",
    "taken apart by pick",
  ],
  ["%1 = input int64[4] grad", "only floats require grad"],
  ["%1 = input float32[-4]", "sizes are whole and not negative"],
];

describe("the verifier of tensor graphs", () => {
  test.each(wrong)("refuses %j: %s", (text, rule) => {
    const count = text.split("\n").length;
    expect(() => verifyGraph(parseGraph(`${text}\nreturn %${count}`), { primitive: true })).toThrow(rule);
  });

  test("names the node that is wrong", () => {
    const text = "%1 = input float32[2]\n%2 = neg float32[2] %1\n%3 = exp float32[3] %2\nreturn %3";
    expect(() => verifyGraph(parseGraph(text), { primitive: true })).toThrow("%2 = exp float32[3] %1");
  });

  test("refuses composites and markers after decomposition alone", () => {
    const roots = parseGraph('%1 = input float32[2]\n%2 = call float32[2] %1 name="relu" attrs={}\nreturn %2');
    verifyGraph(roots, { primitive: false });
    expect(() => verifyGraph(roots, { primitive: true })).toThrow("only primitives remain");
  });

  test("refuses inputs that are younger than their user", () => {
    const [x] = parseGraph("%1 = input float32[2]\nreturn %1");
    const user = makeNode({ op: "neg", inputs: [x!], attrs: {}, dtype: "float32", shape: [2], requiresGrad: false });
    const young = makeNode({ op: "exp", inputs: [x!], attrs: {}, dtype: "float32", shape: [2], requiresGrad: false });
    expect(() => verifyGraph([{ ...user, inputs: [young] }], { primitive: true })).toThrow("older");
  });
});

const nodes = "%1 = input float32[2, 3]\n";
const wrongRegions: readonly (readonly [text: string, rule: string])[] = [
  [
    `${nodes}region loops [2, 3]\n%2 = exp float32[2, 3] %1\nstore %2\nregion loops [2, 3]\n%2 = exp float32[2, 3] %1\nstore %2\nreturn %2`,
    "a node is a member once",
  ],
  [
    `${nodes}%3 = neg float32[2, 3] %2\nregion loops [2, 3]\n%2 = exp float32[2, 3] %1\nstore %2\nreturn %3`,
    "a result is an input or stored",
  ],
  [
    `${nodes}region loops [2, 3]\n%3 = neg float32[2, 3] %2\nstore %3\nregion loops [2, 1] reduced [1]\n%2 = reduce_sum float32[2, 1] %1 axes=[1]\nstore %2\nreturn %3`,
    "result 0 has shape",
  ],
  [
    `${nodes}%3 = expand float32[2, 3] %2 shape=[2,3]\nregion loops [2, 3]\n%4 = neg float32[2, 3] %3\nstore %4\nregion loops [2, 3] reduced [1]\n%2 = reduce_sum float32[2, 1] %1 axes=[1]\nstore %2\nreturn %4`,
    "what is read was stored before",
  ],
  [
    `${nodes}region loops [2, 3] reduced [0]\n%2 = reduce_sum float32[2, 1] %1 axes=[1]\nstore %2\nreturn %2`,
    "reductions run over the reduced axes",
  ],
  [`${nodes}region loops [3, 2]\n%2 = exp float32[2, 3] %1\nstore %2\nreturn %2`, "the domain's or a row's shape"],
  [`${nodes}region contract [2, 3]\n%2 = exp float32[2, 3] %1\nstore %2\nreturn %2`, "the anchor comes first"],
  [`${nodes}region loops [2, 3]\n%2 = exp float32[2, 3] %1\nstore\nreturn %1`, "a region stores something"],
  [`${nodes}region loops [2, 3]\n%2 = exp float32[2, 3] %1\nstore %2, %2\nreturn %2`, "a value is stored once"],
];

describe("the verifier of kernel graphs", () => {
  test.each(wrongRegions)("refuses %j: %s", (text, rule) => {
    expect(() => verifyKernelGraph(parseKernelGraph(text))).toThrow(rule);
  });
});
