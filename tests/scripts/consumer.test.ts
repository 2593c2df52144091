/** The built package, packed and installed, as another project with a strict configuration sees it. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as source from "../../frontend/index.ts";
import { buildPackage } from "../../scripts/build-package.ts";
import { publicDeclarations, type Declaration } from "../support/declarations.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(path.join(tmpdir(), "cresset-consumer-"));
const library = path.join(project, "node_modules/cresset");

function tsc(...args: readonly string[]): string {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], { cwd: root, encoding: "utf8" });
  return stdout + stderr;
}

/** What npm would publish, unpacked where npm would install it. */
async function installPacked(): Promise<void> {
  const unpacked = path.join(project, "unpacked");
  await buildPackage(path.join(unpacked, "dist"));
  for (const file of ["package.json", "CHANGELOG.md", "README.md", "LICENSE"])
    cpSync(path.join(root, file), path.join(unpacked, file));
  const npm = (...args: readonly string[]): string =>
    execFileSync("npm", args, { cwd: unpacked, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [{ filename }] = JSON.parse(npm("pack", "--ignore-scripts", "--json")) as [{ filename: string }];
  mkdirSync(library, { recursive: true });
  execFileSync("tar", ["-xzf", path.join(unpacked, filename), "--strip-components=1", "-C", library]);
}

function run(file: string, ...options: readonly string[]): string {
  // In a process of its own: here, "cresset" is this checkout's source.
  const env = { ...process.env, CRESSET_CODE_CACHE: path.join(project, "cache") };
  const { stdout, stderr } = spawnSync(process.execPath, [...options, file], { cwd: project, encoding: "utf8", env });
  expect(stderr).toBe("");
  return stdout;
}

/** Where each exported class is found: `torch.nn.Linear`. */
const classPlaces = (namespace: object, at = "torch"): string[] =>
  Object.entries(namespace).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === "function") return /^[A-Z]/.test(key) ? [`${at}.${key}`] : [];
    const isNamespace = Object.prototype.toString.call(value) === "[object Module]";
    return isNamespace ? classPlaces(value as object, `${at}.${key}`) : [];
  });
const nameAt = (torch: object, place: string): unknown =>
  place
    .split(".")
    .slice(1)
    .reduce<Record<string, unknown>>((at, key) => at[key] as never, torch as never)["name"];

/** What gives tensors, other than by what it is passed: modes, scopes and functions of functions do not count. */
const isOperator = ({ name, results }: Declaration): boolean =>
  results.some((result) => /\b(Tensor|NamedTensors)\b|^this$/.test(result)) &&
  !/^torch\.(autograd|func|safetensors|no_grad|enable_grad|set_grad_enabled|inference_mode|(random\.)?fork_rng)\b/.test(
    name,
  );

const program = `
import * as torch from "cresset";
import { relu, type Tensor, var as variance } from "cresset";
const x: torch.Tensor = torch.tensor([[1, 2, 3], [4, 6, 5]]);
const y: Tensor = relu(x).sum(1, { keepdim: true });
const { values, indices } = x.max(1);
const [first, position] = x.max({ dim: 1, keepdim: true });
const z: Tensor = values.add(indices).add(first, { alpha: 2 }).mul(position);
const same: Tensor = variance(y).add(z).clamp_({ min: 0 });
// @ts-expect-error -- misspelt
() => x.sum({ dims: 1 });
// @ts-expect-error -- not a method
() => x.summ();
console.log(JSON.stringify(same.tolist()));
`;

/** What a small page imports. */
const page = `
import { DeviceError, NotImplementedError, svd, tensor } from "cresset/core";
import * as nn from "cresset/nn";
import * as functional from "cresset/nn/functional";
import { SGD } from "cresset/optim";
const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
const x = tensor([[1, 2], [3, 4]]);
const loss = functional.mse_loss(model(x), model(x).detach().add(1));
const optimizer = new SGD(model.parameters(), { lr: 0.1 });
loss.backward();
optimizer.step();
const singular: number = svd(x)[1].at(0).item() as number;
const refused: string[] = [];
for (const absent of [() => x.svd(), () => tensor(1, { device: "cpu:js" })]) {
  try {
    absent();
  } catch (error) {
    if (error instanceof NotImplementedError || error instanceof DeviceError) refused.push(error.code);
  }
}
console.log(JSON.stringify([loss.item(), Math.round(singular * 1000), refused]));
`;

describe("the built package", () => {
  beforeAll(async () => {
    await installPacked();
    const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      symlinkSync(path.join(root, "node_modules", name), path.join(project, "node_modules", name), "junction");
    }
    writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(project, "main.ts"), program);
    writeFileSync(path.join(project, "page.ts"), page);
    cpSync(path.join(root, "tests/types"), path.join(project, "types"), { recursive: true });
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it.each(["nodenext", "bundler"])("has declarations that a strict project can use, resolved by %s", (resolution) => {
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023", "esnext.disposable", "dom"],
      types: [],
      module: resolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution: resolution,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      rewriteRelativeImportExtensions: true,
      rootDir: ".",
      outDir: "out",
    };
    writeFileSync(
      path.join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["main.ts", "page.ts", "types"] }),
    );
    expect(tsc("-p", project)).toBe("");
  });

  describe("has documentation that an editor shows", () => {
    let declarations: readonly Declaration[] = [];
    beforeAll(() => {
      declarations = publicDeclarations(
        path.join(project, "tsconfig.json"),
        path.join(library, "dist/frontend/index.d.ts"),
      );
    });

    it("of every function, class, constant and member of Tensor", () => {
      expect(declarations.length).toBeGreaterThan(1900);
      expect(declarations.filter(({ documentation }) => documentation === "").map(({ name }) => name)).toEqual([]);
    });

    it("with the shapes and PyTorch's page of every operator", () => {
      const operators = declarations.filter(isOperator);
      expect(operators.length).toBeGreaterThan(1200);
      const lacking = (text: string): string[] =>
        operators.filter(({ documentation }) => !documentation.includes(text)).map(({ name }) => name);
      expect(lacking("Shape: ")).toEqual([]);
      expect(lacking("https://docs.pytorch.org/docs/")).toEqual([]);
    });

    it("without the members of Tensor that are the library's own", () => {
      const own = declarations.filter(
        ({ documentation, name }) => /@internal/.test(documentation) || name === "Tensor.node_",
      );
      expect(own).toEqual([]);
    });
  });

  const expected = [
    [62.5, 66.5],
    [57.5, 59.5],
  ];
  /** In Node all entries are one file, in which nothing is absent. */
  const everything = [1, 5465, []];
  const whatIsUsed = [1, 5465, ["page/absent-method", "device/absent"]];
  it("runs", () => {
    expect(JSON.parse(run("out/main.js"))).toEqual(expected);
    expect(JSON.parse(run("out/page.js"))).toEqual(everything);
  });

  it.each([
    { platform: "node", taken: whatIsUsed },
    { platform: "browser", taken: whatIsUsed },
    // With conditions of one's own, esbuild does not take what is made for bundlers, but what Node loads.
    { platform: "node", conditions: ["own"], taken: everything },
  ] as const)("runs in a bundle for $platform", async ({ platform, taken, ...options }) => {
    writeFileSync(
      path.join(project, "out/methods.js"),
      `import "cresset/methods";\nimport "cresset/cpu-js";\n${readFileSync(path.join(project, "out/page.js"), "utf8")}`,
    );
    const programs = { main: expected, page: taken, methods: everything };
    for (const [file, printed] of Object.entries(programs)) {
      const outfile = path.join(project, `${file}-${platform}.mjs`);
      await build({
        entryPoints: [path.join(project, `out/${file}.js`)],
        outfile,
        bundle: true,
        minify: true,
        format: "esm",
        platform,
        ...("conditions" in options && { conditions: [...options.conditions] }),
        external: ["webgpu", "node:*"],
      });
      expect(JSON.parse(run(outfile))).toEqual(printed);
    }
  });

  it("is loaded from one file in Node, in which classes keep their names", () => {
    const places = classPlaces(source);
    expect(places.length).toBeGreaterThan(150);
    writeFileSync(
      path.join(project, "names.mjs"),
      `import * as torch from "cresset";
       const nameAt = ${nameAt.toString()};
       const names = ${JSON.stringify(places)}.map((place) => nameAt(torch, place));
       console.log(JSON.stringify({ at: import.meta.resolve("cresset"), names }));`,
    );
    const { at, names } = JSON.parse(run("names.mjs")) as { at: string; names: string[] };
    expect(at).toMatch(/dist\/node\/index\.js$/);
    expect(names).toEqual(places.map((place) => nameAt(source, place)));
  });

  it("names the user's line in errors, in Node and in a bundler's modules alike", () => {
    const wrong = `
try {
  torch.ones(2, 3).matmul(torch.ones(2, 3));
} catch (error) {
  console.log(error.constructor.name, error.message.split("\\n").at(-1).trim());
}`;
    writeFileSync(path.join(project, "wrong.mjs"), `import * as torch from "cresset";${wrong}`);
    const modules = "./node_modules/cresset/dist/frontend/index.js";
    writeFileSync(path.join(project, "wrong-modules.mjs"), `import * as torch from "${modules}";${wrong}`);
    for (const file of ["wrong.mjs", "wrong-modules.mjs"])
      expect(run(file)).toBe(`ShapeError at ${path.join(project, file)}:3:20\n`);
  });

  it("has source maps that lead to its modules", () => {
    const folder = path.join(library, "dist/node");
    const sources = readdirSync(folder)
      .filter((name) => name.endsWith(".js.map"))
      .flatMap((name) => (JSON.parse(readFileSync(path.join(folder, name), "utf8")) as { sources: string[] }).sources);
    expect(sources).toContain("../frontend/tensor.js");
  });
});
