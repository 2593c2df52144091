/**
 * Takes documentation and samples out of operator definitions, so that they do not reach users' bundles: the `doc` and
 * `samples` properties of `defineOp` calls, and the texts in tables and arguments that only those properties used.
 * A plugin for esbuild, and a function for compiled folders.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  parse,
  type AnyNode,
  type ArrayExpression,
  type Expression,
  type Node,
  type ObjectExpression,
  type Pattern,
  type Property,
} from "acorn";
import { transform, type Plugin } from "esbuild";
import MagicString from "magic-string";
import { descendants } from "./class-names.ts";

const strippedKeys: ReadonlySet<string> = new Set(["doc", "samples"]);

interface Range {
  readonly start: number;
  readonly end: number;
}

/** in: JavaScript. out: the same without documentation; equal to the input where there was none. */
export function stripDocumentation(code: string): string {
  if (!code.includes("defineOp")) return code;
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const text = new MagicString(code);
  const nodes = [...descendants(program)];
  const removed = nodes.flatMap((node) => removeProperties(node, text));
  if (removed.length === 0) return code;
  const rest = new Remaining(nodes, removed, text);
  for (const node of nodes) {
    if (node.type === "ForOfStatement" && node.left.type === "VariableDeclaration") {
      const pattern = node.left.declarations[0]!.id;
      const table = tableOf(node.right, nodes, rest);
      if (table !== null) blankColumns(pattern, table, node.body, rest);
    }
    if (node.type === "FunctionDeclaration" && node.id !== null)
      blankArguments(node.id.name, node.params, node.body, nodes, rest);
    if (
      node.type === "VariableDeclarator" &&
      node.id.type === "Identifier" &&
      node.init?.type === "ArrowFunctionExpression"
    ) {
      blankArguments(node.id.name, node.init.params, node.init.body, nodes, rest);
    }
  }
  return text.toString();
}

const keyOf = (property: Property): string | null =>
  property.computed
    ? null
    : property.key.type === "Identifier"
      ? property.key.name
      : property.key.type === "Literal"
        ? String(property.key.value)
        : null;

/** Removes the properties of one `defineOp` call, with a comma each. */
function removeProperties(node: AnyNode, text: MagicString): Range[] {
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.callee.name !== "defineOp") return [];
  const object = node.arguments[0];
  if (object?.type !== "ObjectExpression") return [];
  const doomed = (property: ObjectExpression["properties"][number]): property is Property =>
    property.type === "Property" && strippedKeys.has(keyOf(property) ?? "");
  const { properties } = object;
  const ranges: Range[] = [];
  properties.forEach((property, i) => {
    if (!doomed(property)) return;
    const next = properties[i + 1];
    const end = next === undefined ? property.end : next.start;
    text.remove(property.start, end);
    ranges.push({ start: property.start, end });
  });
  return ranges;
}

/** What is left of a module while texts are taken out of it. */
class Remaining {
  private readonly places = new Map<string, number[]>();
  private readonly text: MagicString;
  private readonly removed: readonly Range[];
  constructor(nodes: readonly AnyNode[], removed: readonly Range[], text: MagicString) {
    this.text = text;
    this.removed = removed;
    for (const node of nodes) {
      if (node.type !== "Identifier" || this.isRemoved(node)) continue;
      const places = this.places.get(node.name);
      if (places === undefined) this.places.set(node.name, [node.start]);
      else places.push(node.start);
    }
  }
  private isRemoved(node: Range): boolean {
    return this.removed.some((range) => node.start >= range.start && node.end <= range.end);
  }
  /** How often a name occurs. */
  count(name: string, within?: Range): number {
    const places = this.places.get(name) ?? [];
    return places.filter((at) => within === undefined || (at >= within.start && at < within.end)).length;
  }
  /** Texts become 0, which keeps the places of what follows. */
  blank(node: Node | null | undefined): void {
    const value = node as AnyNode | null | undefined;
    const isText = (value?.type === "Literal" && typeof value.value === "string") || value?.type === "TemplateLiteral";
    if (isText && !this.isRemoved(value)) this.text.overwrite(value.start, value.end, "0");
  }
}

/** The rows that a loop runs over: an array written there, or a constant that nothing else uses. */
function tableOf(iterated: Expression, nodes: readonly AnyNode[], rest: Remaining): ArrayExpression | null {
  if (iterated.type === "ArrayExpression") return iterated;
  if (iterated.type !== "Identifier" || rest.count(iterated.name) !== 2) return null;
  const declarator = nodes.find(
    (node) => node.type === "VariableDeclarator" && node.id.type === "Identifier" && node.id.name === iterated.name,
  );
  return declarator?.type === "VariableDeclarator" && declarator.init?.type === "ArrayExpression"
    ? declarator.init
    : null;
}

/** `for (const [name, summary] of rows)`, `for (const { name, summary } of rows)`: texts that the body does not use. */
function blankColumns(pattern: Pattern, table: ArrayExpression, body: Range, rest: Remaining): void {
  const unused = (name: Pattern | null): boolean => name?.type === "Identifier" && rest.count(name.name, body) === 0;
  if (pattern.type === "ArrayPattern") {
    pattern.elements.forEach((name, column) => {
      if (!unused(name)) return;
      for (const row of table.elements) if (row?.type === "ArrayExpression") rest.blank(row.elements[column]);
    });
  }
  if (pattern.type === "ObjectPattern") {
    for (const property of pattern.properties) {
      if (property.type !== "Property" || !unused(property.value)) continue;
      for (const row of table.elements) {
        if (row?.type !== "ObjectExpression") continue;
        const cell = row.properties.find(
          (candidate) => candidate.type === "Property" && keyOf(candidate) === keyOf(property as unknown as Property),
        );
        if (cell?.type === "Property") rest.blank(cell.value);
      }
    }
  }
}

/** Texts given for parameters that a function of this module no longer uses. */
function blankArguments(
  name: string,
  parameters: readonly Pattern[],
  body: Range,
  nodes: readonly AnyNode[],
  rest: Remaining,
): void {
  const unused = parameters.map(
    (parameter) => parameter.type === "Identifier" && rest.count(parameter.name, body) === 0,
  );
  if (!unused.includes(true)) return;
  for (const node of nodes) {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.callee.name !== name) continue;
    if (node.arguments.some((argument) => argument.type === "SpreadElement")) continue;
    unused.forEach((is, i) => is && rest.blank(node.arguments[i]));
  }
}

/** Strips the operator families of this checkout while bundling it from source. */
export const stripDocumentationPlugin: Plugin = {
  name: "strip-documentation",
  setup(build) {
    build.onLoad({ filter: /[/\\]ir[/\\](ops|complex)[/\\].*\.ts$/ }, async ({ path: file }) => {
      const { code } = await transform(readFileSync(file, "utf8"), { loader: "ts", target: "es2023" });
      return { contents: stripDocumentation(code), loader: "js" };
    });
  },
};

/** Strips every compiled module below a folder. */
export function stripFolder(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const file = path.join(folder, name);
    const code = readFileSync(file, "utf8");
    const stripped = stripDocumentation(code);
    if (stripped !== code) writeFileSync(file, stripped);
  }
}
