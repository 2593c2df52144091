import { parse, type AnyNode, type Node } from "acorn";

/**
 * Gives classes back the names that users see. esbuild writes a class that mentions itself as `X = class _X`; inside,
 * and as the name it says it has, it becomes X again. Every place in the text stays where it was, for source maps.
 */
export function restoreClassNames(code: string): string {
  const characters = [...code];
  for (const node of descendants(parse(code, { ecmaVersion: "latest", sourceType: "module" }))) {
    if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier") continue;
    const { name } = node.id;
    if (node.init?.type !== "ClassExpression" || node.init.id?.name !== `_${name}`) continue;
    for (const inner of descendants(node.init)) {
      if (inner.type === "Identifier" && inner.name === `_${name}`) characters[inner.start] = " ";
    }
  }
  return characters.join("");
}

/** Every node below and including this one. */
export function* descendants(root: Node): Generator<AnyNode> {
  const stack: Node[] = [root];
  while (stack.length > 0) {
    const node = stack.pop()!;
    yield node as AnyNode;
    for (const value of Object.values(node) as unknown[]) {
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (typeof item === "object" && item !== null && "type" in item) stack.push(item as Node);
      }
    }
  }
}
