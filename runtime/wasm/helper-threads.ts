/**
 * Threads that help with the parts of kernels (codegen/wasm/team.ts): worker_threads in Node, Web Workers in browsers.
 * A helper runs the source below, which needs no module of ours and never returns to its event loop: whatever it learns,
 * modules included, it finds in shared memory.
 */
import { emitHelperModule, hostModule, team, threadFunctionsSource } from "../../codegen/wasm/index.ts";
import type { Worker as NodeWorker } from "node:worker_threads";

const helperSource = `
function help({ memory, helper, thread, team, host }, functions) {
  const link = (bytes) => {
    const module = new WebAssembly.Module(bytes);
    const imports = { memory };
    for (const { name, kind } of WebAssembly.Module.imports(module))
      if (kind === "function") imports[name] = functions[name] ?? (() => { throw new Error("a helper has no " + name); });
    return new WebAssembly.Instance(module, { [host]: imports }).exports;
  };
  const { next, done } = link(helper);
  const words = new Int32Array(memory.buffer, 0, team.end / 4);
  const modules = new Map();
  let id = 0;
  let work;
  const load = () => {
    const record = Atomics.load(words, team.record / 4) >>> 0;
    const { buffer } = memory;
    // Where another thread has enlarged the memory just now, this one learns it a little later.
    if (record === 0 || record + 8 > buffer.byteLength) return;
    const head = new Int32Array(buffer, record, 2);
    const [found, length] = head;
    if (!modules.has(found)) {
      if (record + 8 + length > buffer.byteLength) return;
      const bytes = new Uint8Array(length);
      bytes.set(new Uint8Array(buffer, record + 8, length));
      // The record may have been replaced or given up meanwhile, when its job was over.
      if (head[0] !== found || Atomics.load(words, team.record / 4) >>> 0 !== record) return;
      modules.set(found, link(bytes).work);
      if (modules.size > 256) modules.delete(modules.keys().next().value);
    }
    id = found;
    work = modules.get(found);
  };
  Atomics.sub(words, team.asleep / 4, 1);
  Atomics.add(words, team.up / 4, 1);
  for (;;) {
    const part = next(id, thread);
    if (part < 0) load();
    else {
      work(words[team.table / 4], words[team.step / 4], thread, part, part + 1);
      done();
    }
  }
}
`;

interface HelperData {
  readonly memory: WebAssembly.Memory;
  readonly helper: Uint8Array<ArrayBuffer>;
  readonly thread: number;
  readonly team: typeof team;
  readonly host: string;
}

/** Why threads cannot share memory here, and the cure; null when they can. */
export function whyNotShared(): string | null {
  const scope: { readonly crossOriginIsolated?: boolean } = globalThis;
  if (typeof SharedArrayBuffer !== "undefined" && scope.crossOriginIsolated !== false) return null;
  return (
    "threads need shared memory, which a page has only when it is cross-origin isolated (crossOriginIsolated is " +
    "false). Serve it with the headers Cross-Origin-Opener-Policy: same-origin and " +
    "Cross-Origin-Embedder-Policy: require-corp."
  );
}

/** Whether this thread may sleep in Atomics.wait: all may, except a browser's main one. */
export function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts helper number `thread`. It does not keep the process alive. `failed` hears why it is gone. */
export function startHelper(memory: WebAssembly.Memory, thread: number, failed: (reason: unknown) => void): void {
  const data: HelperData = { memory, helper: emitHelperModule(hostModule), thread, team, host: hostModule };
  const functions = threadFunctionsSource();
  const threads = typeof process === "object" ? process.getBuiltinModule?.("node:worker_threads") : undefined;
  if (threads !== undefined) {
    const source = `${helperSource}help(require("node:worker_threads").workerData, ${functions});`;
    // Nothing that this process was started with (loaders above all) is for the helper.
    const worker: NodeWorker = new threads.Worker(source, { eval: true, workerData: data, execArgv: [], env: {} });
    worker.on("error", failed);
    worker.unref();
    return;
  }
  const source = `${helperSource}onmessage = ({ data }) => help(data, ${functions});`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = (event) => failed(event.message || "the worker could not be loaded");
  worker.postMessage(data);
}
