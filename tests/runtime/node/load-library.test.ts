/** The package's start in Node, in processes of their own: V8's code is kept where one ends, for the next. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "cresset-load-"));
const cache = path.join(folder, "cache");
const loader = path.join(folder, "loader.cjs");

/** A library of two exports, and what V8 said to the code that it was given for it. */
const program = `
const vm = require("node:vm");
const said = [];
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    said.push(options.cachedData === undefined ? "none" : this.cachedDataRejected ? "refused" : "taken");
  }
};
const { loadLibrary } = require("./loader.cjs");
const code = '(function (url, load) { "use strict"; const twice = (x) => 2 * x; return [twice(21), url, load("node:path")]; })';
const [number, url, path] = loadLibrary(code, "0123", "file:///library.js", (name) => import(name));
path.then(({ join }) => console.log(JSON.stringify([number, url, typeof join, said])));
`;

function start(env: Readonly<Record<string, string>> = {}, options: readonly string[] = [], before = ""): unknown {
  const file = path.join(folder, "program.cjs");
  writeFileSync(file, before + program);
  const { stdout, stderr } = spawnSync(process.execPath, [...options, file], {
    encoding: "utf8",
    env: { ...process.env, CRESSET_CODE_CACHE: cache, NODE_DISABLE_COMPILE_CACHE: "", ...env },
  });
  expect(stderr).toBe("");
  const [number, url, join, said] = JSON.parse(stdout) as [number, string, string, string[]];
  expect([number, url, join]).toEqual([42, "file:///library.js", "function"]);
  return said[0];
}
const kept = (): string[] => readdirSync(cache).map((name) => path.join(cache, name));

describe("the library's start in Node", () => {
  beforeAll(async () => {
    await build({
      entryPoints: [fileURLToPath(new URL("../../../runtime/node/load-library.ts", import.meta.url))],
      outfile: loader,
      bundle: true,
      format: "cjs",
      platform: "node",
    });
  });
  beforeEach(() => rmSync(cache, { recursive: true, force: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("takes what an earlier process compiled", () => {
    expect([start(), start(), start()]).toEqual(["none", "taken", "taken"]);
    expect(kept()).toHaveLength(1);
    // Windows tells no more of a mode than whether a file may be written.
    expect(statSync(kept()[0]!).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);
  });

  it("keeps code for other options apart", () => {
    expect([start(), start({}, ["--no-opt"]), start(), start({}, ["--no-opt"])]).toEqual([
      "none",
      "none",
      "taken",
      "taken",
    ]);
    expect(kept()).toHaveLength(2);
    const programs = ["1", "2"].map((text) => [
      "-e",
      `${text}; require(${JSON.stringify(path.join(folder, "program.cjs"))})`,
    ]);
    for (const options of programs)
      spawnSync(process.execPath, options, { env: { ...process.env, CRESSET_CODE_CACHE: cache } });
    expect(kept()).toHaveLength(2);
  });

  it("compiles where what is kept is no good, and keeps that from the next day on", () => {
    start();
    const [file] = kept();
    writeFileSync(file!, "nothing that V8 knows");
    expect([start(), start()]).toEqual(["refused", "refused"]);
    const before = Date.now() / 1000 - 2 * 86_400;
    utimesSync(file!, before, before);
    expect([start(), start()]).toEqual(["refused", "taken"]);
  });

  it("does not run what another user left", () => {
    start();
    expect(start({}, [], "process.getuid = () => 123456;")).toBe("none");
    expect(start()).toBe("taken");
  });

  it.each([{ CRESSET_CODE_CACHE: "0" }, { NODE_DISABLE_COMPILE_CACHE: "1" }])("keeps nothing with %o", (env) => {
    mkdirSync(cache);
    expect([start(env), start(env)]).toEqual(["none", "none"]);
    expect(kept()).toEqual([]);
  });

  it("does without a folder that cannot be written", () => {
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    const env = { CRESSET_CODE_CACHE: path.join(file, "cache") };
    expect([start(env), start(env)]).toEqual(["none", "none"]);
  });

  it("keeps eight versions, and leaves other files alone", () => {
    mkdirSync(cache);
    for (let i = 0; i < 10; i++) {
      const file = path.join(cache, `${i}.code`);
      writeFileSync(file, "");
      utimesSync(file, i, i);
    }
    writeFileSync(path.join(cache, "schedules.json"), "{}");
    expect([start(), start()]).toEqual(["none", "taken"]);
    const names = kept().map((file) => path.basename(file));
    expect(names).toHaveLength(9);
    expect(names).toEqual(expect.arrayContaining(["schedules.json", "9.code", "3.code"]));
  });

  it("makes its values in the realm that it is loaded in", () => {
    const file = path.join(folder, "realm.cjs");
    writeFileSync(
      file,
      `const vm = require("node:vm");
       const { readFileSync } = require("node:fs");
       const source = readFileSync(${JSON.stringify(loader)}, "utf8");
       const inside = "(() => { const module = { exports: {} };" + source +
         "; return module.exports.loadLibrary('(function () { return [[], 1]; })', 'x', 'file:///x.js')[0] instanceof Array; })()";
       console.log(vm.runInNewContext(inside, { process }), vm.runInNewContext(inside, { process: {} }));`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    expect([stdout, stderr]).toEqual(["true true\n", ""]);
  });
});
