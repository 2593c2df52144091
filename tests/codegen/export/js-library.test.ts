import "../../../frontend/special-functions.ts";
import { describe, expect, test } from "vitest";
import { calledFunctions, libraryNames, librarySource, type LibraryName } from "../../../codegen/export/js-library.ts";
import { hostFunctions } from "../../../codegen/wasm/index.ts";
import { library } from "../../../runtime/js/library.ts";

type AnyFunction = (...args: (number | bigint)[]) => number | bigint;
const originals: Readonly<Record<string, unknown>> = { ...hostFunctions(), ...library };

const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  Infinity,
  -Infinity,
  NaN,
  1e-25,
  -1e-25,
  1e-12,
  3,
  7.25,
  10,
  11,
  28.5,
  70000,
  65519,
  65520,
  1e300,
  2 ** 31,
  -(2 ** 63),
  2 ** 52 + 0.5,
];
const ramp = Array.from({ length: 600 }, (_, i) => (i - 300) / 17);
const whole = [0, 1, 31743, 31744, 31745, 32768, 64513, 65535, 12345, -1, 127, 128, 255, 256, -129, 2 ** 31 - 1];
const wide = [0n, 1n, -1n, 2n ** 62n, -(2n ** 63n), 123456789012n];

function argumentsFor(name: LibraryName): (number | bigint)[][] {
  if (name === "bitcast_i64_f64") return wide.map((value) => [value]);
  if (/^(load|bitcast_i32|narrow_u?int|imul)/.test(name))
    return whole.map((value, i) => [value, whole[(i * 7) % whole.length]!]);
  const values = [...special, ...ramp];
  return values.flatMap((a) => [0, -0, 0.3, -3.7, Infinity, NaN].map((b) => [a, b]));
}

/** The exported text as functions of a module of its own. */
async function load(names: readonly string[]): Promise<Record<string, AnyFunction>> {
  const text = `${librarySource(names)}\nexport { ${names.join(", ")} };`;
  return (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`)) as Record<
    string,
    AnyFunction
  >;
}

describe("the functions of exported modules", () => {
  test("give the library's bits", async () => {
    const exported = await load(libraryNames);
    for (const name of libraryNames) {
      const original = originals[name] as AnyFunction;
      for (const args of argumentsFor(name))
        expect([name, args, exported[name]!(...args)]).toEqual([name, args, original(...args)]);
    }
  });

  test("each stand with nothing but what they need", async () => {
    for (const name of libraryNames) {
      const exported = await load([name]);
      expect(() => exported[name]!(...argumentsFor(name)[0]!)).not.toThrow();
    }
  });

  test("are found in a kernel's text by their calls", () => {
    expect(calledFunctions("b1[i] = fround(exp(b0[i]) + lexp(min[2]));")).toEqual(new Set(["fround", "exp"]));
  });
});
