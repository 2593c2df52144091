/** The public declarations of a TypeScript project, as an editor shows them: names, results and documentation. */
import { API, ModifierFlags, SymbolFlags, type Project, type Symbol } from "typescript/unstable/sync";

export interface Declaration {
  /** `torch.linalg.qr`, `Tensor.sum`. */
  readonly name: string;
  /** With the pages and errors of its tags. */
  readonly documentation: string;
  /** What its call forms give; empty where it is no function. */
  readonly results: readonly string[];
}

const MODULES = SymbolFlags.ValueModule | SymbolFlags.NamespaceModule;

/** What `file` exports, in its namespaces too, and the members of the class Tensor. */
export function publicDeclarations(config: string, file: string): Declaration[] {
  const api = new API();
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const module = project?.program.getSourceFile(file);
    if (project === undefined || module === undefined) throw new Error(`${config} has no ${file}`);
    const exported = project.checker.getSymbolAtLocation(module)!;
    return [...exportsOf(project, exported, "torch", new Set()), ...membersOfTensor(project, exported)];
  } finally {
    api.close();
  }
}

function exportsOf(project: Project, module: Symbol, at: string, seen: Set<number>): Declaration[] {
  return project.checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = target(project, exported);
    const name = `${at}.${exported.name}`;
    if ((symbol.flags & SymbolFlags.Value) === 0) return [];
    if ((symbol.flags & MODULES) === 0) return [declarationOf(project, symbol, name)];
    if (seen.has(symbol.id)) return [];
    seen.add(symbol.id);
    return exportsOf(project, symbol, name, seen);
  });
}

const target = ({ checker }: Project, symbol: Symbol): Symbol =>
  (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

function membersOfTensor(project: Project, exported: Symbol): Declaration[] {
  const { checker } = project;
  const tensor = target(project, checker.getMemberInModuleExports(exported, "Tensor")!);
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(tensor))
    .filter((member) => !member.name.startsWith("__@") && !isPrivate(project, member))
    .map((member) => declarationOf(project, member, `Tensor.${member.name}`));
}

function isPrivate(project: Project, { valueDeclaration }: Symbol): boolean {
  const node = valueDeclaration?.resolve(project) as { readonly modifierFlags?: ModifierFlags } | undefined;
  return ((node?.modifierFlags ?? 0) & ModifierFlags.Private) !== 0;
}

function declarationOf({ checker }: Project, symbol: Symbol, name: string): Declaration {
  const tags = checker.getJsDocTagsOfSymbol(symbol).map((tag) => `@${tag.name} ${JSON.stringify(tag.text)}`);
  const type = checker.getTypeOfSymbol(symbol);
  const signatures = type === undefined ? [] : checker.getSignaturesOfType(type, 0);
  return {
    name,
    documentation: [checker.getDocumentationCommentOfSymbol(symbol), ...tags].join("\n").trim(),
    results: signatures.map((signature) => checker.typeToString(checker.getReturnTypeOfSignature(signature)!)),
  };
}
