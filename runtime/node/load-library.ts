/**
 * How the package starts in Node: its code is a text, so that V8 can be given what it made of it in an earlier process,
 * as Python keeps `.pyc` files. Reading two megabytes of JavaScript, and compiling what a first result needs, takes
 * longer than all the rest of a start.
 *
 * The first process to end leaves V8's code in the user's folder for caches. `CRESSET_CODE_CACHE` names another folder,
 * or is `0` for none; so does Node's `NODE_DISABLE_COMPILE_CACHE`.
 */
import type * as nodeFiles from "node:fs";
import type * as nodePath from "node:path";
import type * as nodeVm from "node:vm";
import { hashString } from "../../ir/hash.ts";
import { cacheFolder } from "./cache-folder.ts";

/**
 * Gives the library's exports, in the order of their names. It takes `url` for its own place, and loads what is no part
 * of it by `load`: scripts' own `import()` is an experiment in Node.
 */
type Library = (url: string, load: Load) => readonly unknown[];
type Load = (name: string) => Promise<unknown>;

/** How many versions of the code stay: of the library, of Node and of its options. */
const versionsKept = 8;
/** Milliseconds: a day. */
const rewrittenAfter = 86_400_000;
const ending = ".code";

/** `code`: an expression, the library as a function. `digest`: of the code, in letters that a file's name may have. */
export function loadLibrary(code: string, digest: string, url: string, load: Load): readonly unknown[] {
  const vm: typeof nodeVm | undefined = builtin("node:vm");
  // In a realm of its own (a test runner's), the library's arrays have to be that realm's.
  if (vm === undefined || vm.runInThisContext("Object") !== Object) return evaluate(code, url)(url, load);
  const cache = CodeCache.open(digest);
  const cachedData = cache?.read();
  const script = new vm.Script(code, { filename: url, ...(cachedData !== undefined && { cachedData }) });
  if (cache !== null && (cachedData === undefined || script.cachedDataRejected === true))
    process.once("exit", () => cache.write(() => script.createCachedData()));
  return (script.runInThisContext() as Library)(url, load);
}

// Where a host lacks one (Deno and Bun may), there is no cache.
function builtin<Module>(name: string): Module | undefined {
  return process.getBuiltinModule?.(name) as Module | undefined;
}

const evaluate = (code: string, url: string): Library =>
  // oxlint-disable-next-line no-implied-eval -- the library's own code
  (new Function(`return ${code}\n//# sourceURL=${url}`) as () => Library)();

/** One file, of one version of the library, under one version of Node with one set of options. */
class CodeCache {
  private readonly files: typeof nodeFiles;
  private readonly path: typeof nodePath;
  private readonly folder: string;
  private readonly file: string;
  /** When the file was written, in milliseconds. */
  private written = 0;
  private constructor(folder: string, digest: string) {
    this.files = process.getBuiltinModule("node:fs");
    this.path = process.getBuiltinModule("node:path");
    const { arch, env, execArgv, version } = process;
    // V8's code is only good for its version and options, and V8 refuses any other. Programs of `node -e` are no option.
    const given = execArgv.filter((argument) => argument.startsWith("--"));
    const options = (hashString([...given, env["NODE_OPTIONS"] ?? ""].join(" ")) >>> 0).toString(36);
    this.folder = folder;
    this.file = this.path.join(folder, `${digest}-${version}-${arch}-${options}${ending}`);
  }

  /** Null where none is wanted, or nobody knows where it would be. */
  static open(digest: string): CodeCache | null {
    const { env } = process;
    const named = env["CRESSET_CODE_CACHE"];
    if (named === "0" || env["NODE_DISABLE_COMPILE_CACHE"] === "1") return null;
    try {
      return new CodeCache(named !== undefined && named !== "" ? named : cacheFolder(), digest);
    } catch {
      return null;
    }
  }

  /** What this user's earlier processes left; what somebody else left is not run. */
  read(): Buffer | undefined {
    const { files } = this;
    let file: number | undefined;
    try {
      file = files.openSync(this.file, "r");
      const { mtimeMs, uid } = files.fstatSync(file);
      this.written = mtimeMs;
      const user = process.getuid?.();
      return user === undefined || user === uid ? files.readFileSync(file) : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) files.closeSync(file);
    }
  }

  /**
   * As a whole, by another name first: another process may be reading, or writing the same. What V8 refuses is not
   * written anew by each process: some set options while they run, and what they leave is no good to anybody.
   */
  write(code: () => Buffer): void {
    const { file, files } = this;
    if (Date.now() - this.written < rewrittenAfter) return;
    const part = `${file}.${process.pid}`;
    try {
      files.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      files.writeFileSync(part, code(), { mode: 0o600 });
      files.renameSync(part, file);
      this.removeOld();
    } catch {
      // A folder that may not be written, a full disk: the next process compiles again.
    }
  }

  private removeOld(): void {
    const versions = this.files
      .readdirSync(this.folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => this.path.join(this.folder, name))
      .map((file) => ({ file, time: this.files.statSync(file).mtimeMs }))
      .sort((a, b) => b.time - a.time);
    for (const { file } of versions.slice(versionsKept)) this.files.rmSync(file, { force: true });
  }
}
