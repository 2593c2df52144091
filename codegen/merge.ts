/** Puts independent kernels into one, so that an optimizer's update of many parameters is one launch. */
import type { Expr, LoopKernel, Stmt } from "../ir/loop.ts";
import type { LoweredKernel } from "./lower/kernel-builder.ts";

/** The same kernel with every name prefixed, parameters renamed by the given tables. */
function renamed(kernel: LoopKernel, prefix: string, parameters: ReadonlyMap<string, string>): LoopKernel {
  const name = (text: string): string => parameters.get(text) ?? prefix + text;
  const inExpr = (expr: Expr): Expr => {
    switch (expr.op) {
      case "const":
        return expr;
      case "var":
      case "param":
        return { ...expr, name: name(expr.name) };
      case "load":
        return { ...expr, buffer: name(expr.buffer), index: inExpr(expr.index) };
      default:
        return { ...expr, args: expr.args.map(inExpr) };
    }
  };
  const inStmt = (s: Stmt): Stmt => {
    switch (s.kind) {
      case "let":
      case "declare":
      case "assign":
        return { ...s, name: name(s.name), value: inExpr(s.value) };
      case "store":
        return { ...s, buffer: name(s.buffer), index: inExpr(s.index), value: inExpr(s.value) };
      case "for":
        return { ...s, name: name(s.name), start: inExpr(s.start), end: inExpr(s.end), body: s.body.map(inStmt) };
      case "if":
        return { ...s, condition: inExpr(s.condition), then: s.then.map(inStmt), else: s.else.map(inStmt) };
      case "while":
        return { ...s, condition: inExpr(s.condition), body: s.body.map(inStmt) };
      case "fence":
        return { ...s, counter: inExpr(s.counter) };
      case "barrier":
        return s;
    }
  };
  return {
    ...kernel,
    buffers: kernel.buffers.map((b) => ({ ...b, name: name(b.name) })),
    numbers: kernel.numbers.map((n) => ({ ...n, name: name(n.name) })),
    body: kernel.body.map(inStmt),
  };
}

export function mergeKernels(parts: readonly LoweredKernel[], name: string): LoweredKernel {
  if (parts.length === 1) return parts[0]!;
  const buffers = new Map<unknown, { name: string; param: LoopKernel["buffers"][number] }>();
  const numbers = new Map<unknown, { name: string; param: LoopKernel["numbers"][number] }>();
  const locals: LoopKernel["buffers"][number][] = [];
  const body: Stmt[] = [];
  parts.forEach((part, i) => {
    const parameters = new Map<string, string>();
    part.arguments.forEach((node, k) => {
      const param = part.kernel.buffers[k]!;
      const known = buffers.get(node);
      if (known !== undefined) {
        parameters.set(param.name, known.name);
        if (known.param.access !== param.access)
          buffers.set(node, { ...known, param: { ...known.param, access: "readwrite" } });
      } else {
        const fresh = `b${buffers.size}`;
        parameters.set(param.name, fresh);
        buffers.set(node, { name: fresh, param: { ...param, name: fresh } });
      }
    });
    part.scalars.forEach((node, k) => {
      const param = part.kernel.numbers[k]!;
      const known = numbers.get(node) ?? { name: `n${numbers.size}`, param: { ...param, name: `n${numbers.size}` } };
      numbers.set(node, known);
      parameters.set(param.name, known.name);
    });
    const copy = renamed(part.kernel, `p${i}_`, parameters);
    locals.push(...copy.buffers.slice(part.arguments.length));
    body.push(...copy.body);
  });
  return {
    kernel: {
      name,
      buffers: [...[...buffers.values()].map((b) => b.param), ...locals],
      numbers: [...numbers.values()].map((n) => n.param),
      body,
      workgroupSize: parts[0]!.kernel.workgroupSize,
    },
    arguments: [...buffers.keys()] as LoweredKernel["arguments"],
    scalars: [...numbers.keys()] as LoweredKernel["scalars"],
  };
}
