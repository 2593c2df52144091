/** What the debugging flags switch on: checks, dumps and the page of pictures. Nothing here runs while they are off. */
import { emitKernel } from "../codegen/js/emit-kernel.ts";
import { CressetError, IrError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { leafSteps, type Program } from "../ir/program.ts";
import { printGraph, printKernel, printKernelGraph, printProgram } from "../ir/text/index.ts";
import { verifyGraph, verifyKernel, verifyKernelGraph, verifyProgram } from "../ir/verify/index.ts";
import { observeRewrites } from "../passes/rewrite.ts";
import { Visualisation } from "../passes/visualise.ts";
import type { DeviceName } from "../runtime/device.ts";
import { useTools, withFlags, type DebugFlags, type Stage } from "./debug.ts";
import { put } from "./watch-runs.ts";

/** Lets flags have their effect. */
export const useDebugTools = (): void => useTools({ watch, putDevice });

/** Sets flags while `run` runs (an asynchronous one: until its promise settles). */
export function debugging<T>(changes: Partial<DebugFlags>, run: () => T): T {
  useDebugTools();
  return withFlags(changes, run);
}

function watch(pass: string, stage: Stage, { debug, verify, viz }: DebugFlags): void {
  if (verify) verifyStage(pass, stage);
  if (debug >= 5 && stage.level !== "kernels") put(`\n# after ${pass}\n${textOf(stage)}`);
  if (debug >= 3 && stage.level === "kernels") put(`\n# groups\n${textOf(stage)}`);
  const isDone = stage.level === "program" && stage.placed;
  if (debug >= 4 && isDone) putSource(stage.program, stage.device);
  if (debug >= 6) observeRewrites((before, after) => put(rewriteText(before, after)));
  if (viz !== null) draw(pass, stage, viz);
  if (debug >= 6 && isDone) observeRewrites(null);
}

/** Text that parses back. */
function textOf(stage: Stage): string {
  switch (stage.level) {
    case "graph":
      return printGraph(stage.roots);
    case "kernels":
      return printKernelGraph(stage.graph);
    case "loops":
      return stage.kernels.map((kernel) => printKernel(kernel)).join("\n");
    case "program":
      return printProgram(stage.program);
  }
}

/** @throws IrError naming the pass that left the IR broken */
function verifyStage(pass: string, stage: Stage): void {
  try {
    if (stage.level === "graph") verifyGraph(stage.roots, stage);
    else if (stage.level === "kernels") verifyKernelGraph(stage.graph);
    else if (stage.level === "loops") stage.kernels.forEach(verifyKernel);
    else verifyProgram(stage.program, stage);
  } catch (error) {
    if (!(error instanceof CressetError)) throw error;
    throw new IrError("ir/verify", `after the pass "${pass}": ${error.message}`);
  }
}

const lastLine = (node: Node): string => printGraph([node]).trimEnd().split("\n").at(-2)!;
const rewriteText = (before: Node, after: Node): string => `# rewrite\n  ${lastLine(before)}\n  ${lastLine(after)}`;

/** JavaScript and WGSL as generated; WebAssembly as the loop IR that its code says in other words. */
function putSource(program: Program, device: DeviceName): void {
  const kernels = leafSteps(program.steps).flatMap((step) => (step.kind === "kernel" ? [step.kernel] : []));
  for (const kernel of kernels) {
    if (device === "cpu") put(`\n# source\n${printKernel(kernel)}`);
    else if (device === "cpu:js") {
      const { parameters, body } = emitKernel(kernel);
      put(`\n# source\nfunction ${kernel.name}(${parameters.join(", ")}) {\n${body}\n}`);
    }
  }
  if (device !== "webgpu") return;
  void import("./webgpu.ts").then(({ emitKernel: emitShader }) => {
    for (const kernel of kernels) {
      const { dispatches, argumentCount, scratchBytes } = emitShader(kernel);
      const heaps = new Array<number>(argumentCount + scratchBytes.length).fill(0);
      for (const dispatch of dispatches) put(`\n# source\n${dispatch.source(heaps)}`);
    }
  });
}

function putDevice(name: DeviceName): void {
  put(`# device ${name}`);
}

// ---- VIZ

interface FileSystem {
  writeFileSync(path: string, text: string): void;
}
interface NodeProcess {
  getBuiltinModule?(name: "node:fs"): FileSystem;
  once?(event: "exit", run: () => void): void;
}
const pages = new Map<string, Visualisation>();

/** Pages are written when the process ends, which only Node can tell. */
function draw(pass: string, stage: Stage, path: string): void {
  const host = (globalThis as { process?: NodeProcess }).process;
  let page = pages.get(path);
  if (page === undefined) {
    const drawing = new Visualisation();
    pages.set(path, (page = drawing));
    host?.once?.("exit", () => host.getBuiltinModule?.("node:fs").writeFileSync(path, drawing.page()));
  }
  if (stage.level === "graph") page.graph(pass, stage.roots);
  else if (stage.level === "kernels") page.kernels(pass, stage.graph);
  else page.text(pass, textOf(stage));
}
