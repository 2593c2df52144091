import { expect, test } from "vitest";
import { splitSums } from "../../../codegen/schedule/split-sums.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

const elements = 5003;
const kernel = (body: string): LoopKernel =>
  parseKernel(`kernel k(b0: read float32[${elements}], b1: write float32[2]) workgroup 64\n${body}`);

/** A sum in blocks of 64, its rest, and a result; `of` is what is added of element `at`. */
const sum = (name: string, of: (at: string) => string): string => `  var ${name}: f64 = 0:f64
  serial ${name}_block = 0 .. 4992 step 64
    var ${name}_part: f32 = 0:f32
    let ${name}_stop: i32 = (${name}_block + 64)
    serial ${name}_i = ${name}_block .. ${name}_stop
      ${name}_part = (${name}_part + ${of(`b0[${name}_i]`)})
    ${name} = (${name} + cast<f64>(${name}_part))
  serial ${name}_rest = 4992 .. ${elements}
    ${name} = (${name} + cast<f64>(${of(`b0[${name}_rest]`)}))
`;
const oneSum = `${sum("total", (x) => x)}  b1[0] = cast<f32>(total)\n`;
const squaresAroundMean = `${sum("total", (x) => x)}  let mean: f32 = div(cast<f32>(total), 5003:f32)
${sum("square", (x) => `mul((${x} - mean), (${x} - mean))`)}  b1[0] = mean
  b1[1] = cast<f32>(square)
`;

const input = Float32Array.from({ length: elements }, (_, i) => Math.sin(i) + 0.3);

function runWhole(code: LoopKernel, data = input): Float32Array {
  const output = new Float32Array(2);
  runKernel(code, [data, output]);
  return output;
}

/** Runs the stages one after the other, their parts in the given order. */
function runStages(
  code: LoopKernel,
  order: (parts: number[]) => number[],
  data = input,
): { output: Float32Array; jobs: number } {
  const { stages, bytesOf } = splitSums(code, 100)!;
  const output = new Float32Array(2);
  // Every word holds a value of one kind: the views need not lie in one memory here.
  const words = bytesOf(new Map()) / 8;
  const shared = new Map<string, Float32Array | Float64Array>();
  const view = (name: string): Float32Array | Float64Array => {
    const made = shared.get(name) ?? (name.endsWith("f64") ? new Float64Array(words) : new Float32Array(2 * words));
    shared.set(name, made);
    return made;
  };
  let jobs = 0;
  for (const { kernel: stage, jobOf } of stages) {
    const arrays = [data, output, ...stage.buffers.slice(2).map(({ name }) => view(name))];
    if (jobOf === null) {
      runKernel(stage, arrays);
      continue;
    }
    const { parts } = jobOf(new Map());
    jobs++;
    const numbers = Array.from({ length: parts }, (_, part) => part);
    for (const part of order(numbers)) runKernel(stage, arrays, [part, part + 1, parts]);
  }
  return { output, jobs };
}

test.each([
  ["one sum", oneSum, 1],
  ["a sum that rests on another", squaresAroundMean, 2],
])("parts in any order give the bits of the whole: %s", (_, body, jobs) => {
  const expected = runWhole(kernel(body));
  expect(runStages(kernel(body), (parts) => parts)).toEqual({ output: expected, jobs });
  expect(runStages(kernel(body), (parts) => parts.reverse())).toEqual({ output: expected, jobs });
  // Without one of the parts something is missing.
  expect(runStages(kernel(body), (parts) => parts.slice(1)).output).not.toEqual(expected);
});

test.each(["max", "min", "mul"])("a long %s in vectors has blocks, which are parts", (operation) => {
  const count = 40_001;
  const start = { max: "-inf", min: "inf", mul: "1" }[operation];
  const data = Float32Array.from({ length: count }, (_, i) => 1 + Math.sin(i * 7) / 1000);
  const body = `  var most: f32 = ${start}:f32
  serial i = 0 .. ${count}
    most = ${operation}(most, b0[i])
  b1[0] = most
`;
  const code = vectorise(
    parseKernel(`kernel k(b0: read float32[${count}], b1: write float32[2]) workgroup 64\n${body}`),
  );
  const expected = runWhole(code, data);
  const ofNumbers = { max: Math.max, min: Math.min }[operation];
  expect(expected[0]).toBe(ofNumbers === undefined ? expected[0] : ofNumbers(...data));
  expect(runStages(code, (parts) => parts.reverse(), data)).toEqual({ output: expected, jobs: 1 });
  data[30_000] = Number.NaN;
  expect(runStages(code, (parts) => parts, data).output[0]).toBeNaN();
});

test("a loop that reads its sum is left alone", () => {
  const running = `  var total: f64 = 0:f64
  serial i = 0 .. 5000 step 50
    let x: f64 = exp(cast<f64>(b0[i]))
    total = (total + exp(exp(exp((x + total)))))
  b1[0] = cast<f32>(total)
`;
  expect(splitSums(kernel(running), 1)).toBeNull();
});

test("a loop that does little in each turn is left alone", () => {
  const short = `  var total: f64 = 0:f64
  serial i = 0 .. ${elements}
    total = (total + cast<f64>(b0[i]))
  b1[0] = cast<f32>(total)
`;
  expect(splitSums(kernel(short), 1)).toBeNull();
});

test("a loop that keeps values in scratch memory is left alone", () => {
  expect(splitSums(kernel(`  scratch s0: float32[4]\n${oneSum}`), 1)).toBeNull();
});
