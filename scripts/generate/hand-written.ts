/**
 * Names that people wrote themselves, which win over generated ones: exports of the public modules, members of Tensor.
 * Read from the text, because the modules cannot be imported before the generated ones exist.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Names that a module exports, those of `export *` included; generated modules count for nothing. */
export function exportedNames(file: string, seen = new Set<string>()): Set<string> {
  const names = new Set<string>();
  if (seen.has(file) || file.includes(`${path.sep}generated${path.sep}`) || !existsSync(file)) return names;
  seen.add(file);
  const text = withoutComments(readFileSync(file, "utf8"));
  for (const [, name] of text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|enum|namespace) (\w+)/gm,
  ))
    names.add(name!);
  for (const [, list] of text.matchAll(/^export \{([^}]*)\}/gm)) {
    for (const item of list!.split(",")) {
      const name = item
        .trim()
        .split(/\s+as\s+/)
        .at(-1)!;
      if (name !== "" && !item.trim().startsWith("type ")) names.add(name);
    }
  }
  for (const [, name] of text.matchAll(/^export \* as (\w+) from/gm)) names.add(name!);
  for (const [, from] of text.matchAll(/^export \* from "(\.[^"]+)"/gm)) {
    for (const name of exportedNames(path.resolve(path.dirname(file), from!), seen)) names.add(name);
  }
  return names;
}

/** Members of Tensor: in its class, and in `declare module` blocks of other hand-written files. */
export function tensorMembers(frontend: string): Set<string> {
  const names = new Set<string>();
  for (const name of readdirSync(frontend, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || name.startsWith(`generated${path.sep}`)) continue;
    const text = readFileSync(path.join(frontend, name), "utf8");
    const heads =
      name === "tensor.ts" ? /^export class Tensor\b[^{]*\{/gm : /^ *(?:export )?interface Tensor\b[^{]*\{/gm;
    const plain = withoutComments(text);
    for (const head of plain.matchAll(heads))
      for (const member of memberNames(plain, head.index + head[0].length)) names.add(member);
  }
  return names;
}

/** Names at the first level of a body that starts at `from`. */
function memberNames(text: string, from: number): string[] {
  const names: string[] = [];
  let depth = 1;
  let line = "";
  for (let i = from; i < text.length && depth > 0; i++) {
    const character = text[i]!;
    if (depth === 1) line += character;
    if ("{([".includes(character)) depth++;
    else if ("})]".includes(character)) depth--;
    if (depth !== 1 || !"\n;}".includes(character)) continue;
    const found =
      /^\s*(?:(?:private|public|protected|static|readonly|override|async|get|set) )*\*?(\w+)\s*[?!]?\s*[(<:=;[]/.exec(
        line,
      );
    if (found !== null) names.push(found[1]!);
    line = "";
  }
  return names;
}

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[^]*?\*\//g, (found) => found.replaceAll(/[^\n]/g, " ")).replaceAll(/^\s*\/\/.*$/gm, "");
