/** The text of the generated modules. */
import { comment, fullComment, shortComment } from "./document.ts";
import type { Entries, Entry, Form, FunctionPlace } from "./entries.ts";
import type { Family } from "./families.ts";
import { UnusableOperator, type PublicOperator } from "./operator.ts";
import { callForms, isReserved, type ExtraOption } from "./overloads.ts";
import { publicParameters, resultType, tupleType, type PublicParameter } from "./signature-types.ts";

/** The parts of the compiler that families need. */
type Parts = ReadonlyMap<Family, readonly string[]>;

export interface Generated {
  readonly text: string;
  readonly names: readonly string[];
  /** What is wrong with operators that were left out. */
  readonly problems: readonly string[];
}

const header =
  "// Written by scripts/generate-declarations.ts (npm run generate) from the operator definitions in ir/ops. Not to be edited.\n";
const typeImports = (frontend: string): string =>
  `import type { DeviceLike } from "${frontend}/devices.ts";\nimport type { DTypeLike } from "${frontend}/dtype.ts";\nimport type { layout, memory_format } from "${frontend}/formats.ts";\nimport type { NamedTensors, Operand, Scalar } from "${frontend}/operator-types.ts";\n`;

const isTensorType = ({ type }: PublicParameter): boolean => /\b(Tensor|Operand)\b/.test(type);

/** Keywords that every function of a kind takes. */
function extraOptions(
  operator: PublicOperator,
  parameters: readonly PublicParameter[],
  place: FunctionPlace | "Tensor",
  form: Form,
): ExtraOption[] {
  const extras: ExtraOption[] = [];
  const creates = !parameters.some(isTensorType) || /_like$|^new_/.test(operator.name.split(".")[0]!);
  if (creates) {
    extras.push({ name: "device", type: "DeviceLike | null" }, { name: "requires_grad", type: "boolean" });
    extras.push({ name: "pin_memory", type: "boolean" }, { name: "layout", type: "layout | null" });
  }
  if (place !== "Tensor" && place !== "nn.functional" && !operator.view && !isInplace(form)) {
    const { results } = operator;
    const type = results === undefined ? resultType(operator) : tupleType(results.length);
    extras.push({ name: "out", type: `${type} | null` });
  }
  return extras;
}

const isInplace = (form: Form): boolean => form === "in place" || form === "in place async";

interface CallForm {
  readonly operator: PublicOperator;
  readonly parameters: string;
  readonly first: boolean;
}

/** Call forms of all operators behind a name, each once. */
function formsOf(entry: Entry, place: FunctionPlace | "Tensor", problems: string[]): CallForm[] {
  const forms: CallForm[] = [];
  const seen = new Set<string>();
  for (const operator of entry.operators) {
    try {
      formsOfOne(operator, entry.form, place).forEach((parameters, i) => {
        if (!seen.has(parameters)) forms.push({ operator, parameters, first: i === 0 });
        seen.add(parameters);
      });
    } catch (error) {
      if (!(error instanceof UnusableOperator)) throw error;
      problems.push(error.message);
    }
  }
  // What an operator is usually called by, before what names its arguments.
  return [...forms.filter(({ first }) => first), ...forms.filter(({ first }) => !first)];
}

/** @throws UnusableOperator */
function formsOfOne(operator: PublicOperator, form: Form, place: FunctionPlace | "Tensor"): string[] {
  const parameters = publicParameters(operator);
  const extras = extraOptions(operator, parameters, place, form);
  resultType(operator);
  if (place !== "Tensor" && !isInplace(form)) return callForms(operator.name, parameters, extras);
  const [self, ...others] = parameters;
  if (self === undefined || !/^(Tensor|Operand)$/.test(self.type) || self.keywordOnly) {
    const what = isInplace(form) ? "an in-place form" : "a method";
    throw new UnusableOperator(operator.name, `${what}'s first parameter must be a Tensor in "${operator.signature}"`);
  }
  const rest = callForms(operator.name, others, extras);
  return place === "Tensor" ? rest : rest.map((text) => `${self.name}: Tensor${text === "" ? "" : `, ${text}`}`);
}

const docLines = ({ operator, first }: CallForm, entry: Entry, receiver: boolean): string[] =>
  first ? fullComment(operator, entry, receiver) : shortComment(operator);

/** What makes the function behind an entry. */
const makers = {
  plain: "functionOf",
  "in place": "inplaceFunctionOf",
  async: "asyncFunctionOf",
  "in place async": "asyncInplaceFunctionOf",
} as const satisfies Record<Form, string>;

/** `self`: the type of what an in-place form gives back. */
function resultOf(form: Form, operator: PublicOperator, self: string): string {
  const result = isInplace(form) ? self : resultType(operator);
  return form.endsWith("async") ? `Promise<${result}>` : result;
}

/**
 * `frontend/generated/<namespace>/<family>.ts` with the functions of one family of operators, which they import, and
 * `frontend/generated/<namespace>.ts` with the functions of all: bundlers leave out those that are not used.
 */
export function functionModules(
  namespace: string,
  entries: Entries,
  place: FunctionPlace,
  skip: ReadonlySet<string>,
  families: ReadonlyMap<PublicOperator, Family>,
  parts: Parts,
): ReadonlyMap<string, Generated> {
  const byFamily = new Map<Family, Map<string, Entry>>();
  for (const entry of entries.values()) {
    const family = families.get(entry.operators[0]!)!;
    byFamily.set(family, (byFamily.get(family) ?? new Map<string, Entry>()).set(entry.name, entry));
  }
  const modules = new Map<string, Generated>();
  let index = "";
  const names: string[] = [];
  for (const [family, own] of byFamily) {
    const defining = [...own.values()].flatMap(({ operators }) => operators.map((operator) => families.get(operator)!));
    const generated = functionsModule(own, place, skip, [...new Set(defining)], parts);
    if (generated.names.length === 0 && generated.problems.length === 0) continue;
    const file = `${family.replaceAll("/", "-")}.ts`;
    modules.set(`${namespace}/${file}`, generated);
    names.push(...generated.names);
    if (generated.names.length > 0) index += `export * from "./${namespace}/${file}";\n`;
  }
  const text = `${header}${index === "" ? "export {};\n" : index}`;
  return modules.set(`${namespace}.ts`, { text, names, problems: [] });
}

/** The functions of a namespace that some families of operators define. */
export function functionsModule(
  entries: Entries,
  place: FunctionPlace,
  skip: ReadonlySet<string>,
  families: readonly Family[] = [],
  parts: Parts = new Map(),
): Generated {
  const problems: string[] = [];
  const names: string[] = [];
  let body = "";
  for (const entry of sorted(entries)) {
    if (skip.has(entry.name)) continue;
    const forms = formsOf(entry, place, problems);
    if (forms.length === 0) continue;
    names.push(entry.name);
    const [only] = forms;
    const value = `/* @__PURE__ */ ${makers[entry.form]}(${JSON.stringify(entry.registered)}) as`;
    // A reserved word may name an export, but not a constant.
    const reserved = isReserved(entry.name);
    body += comment(fullComment(only!.operator, entry, false), "");
    body += `${reserved ? "" : "export "}const ${entry.name}${reserved ? "$" : ""} = ${value} {\n`;
    for (const form of forms) {
      body += comment(docLines(form, entry, false), "  ");
      body += `  (${form.parameters}): ${resultOf(entry.form, form.operator, "Tensor")};\n`;
    }
    body += "};\n";
    if (reserved) body += `export { ${entry.name}$ as ${entry.name} };\n`;
    body += "\n";
  }
  const imports =
    names.length === 0
      ? ""
      : `import { ${Object.values(makers).join(", ")} } from "../../call.ts";\n${typeImports("../..")}import type { Tensor } from "../../tensor.ts";\n`;
  const needed = new Set(families.flatMap((family) => parts.get(family) ?? []));
  const defining = [
    ...families.map((family) => `import "../../../ir/ops/${family}.ts";\n`),
    ...[...needed].map((part) => `import "../../${part}.ts";\n`),
  ].join("");
  return {
    text: `${header}${defining}${usedImports(imports, body)}\n${body}${names.length === 0 ? "export {};\n" : ""}`,
    names,
    problems,
  };
}

/** `frontend/generated/tensor-methods.ts`: the methods, merged into the class. */
export function methodsModule(entries: Entries, skip: ReadonlySet<string>): Generated {
  const problems: string[] = [];
  const names: string[] = [];
  let members = "";
  for (const entry of sorted(entries)) {
    if (skip.has(entry.name)) continue;
    const forms = formsOf(entry, "Tensor", problems);
    if (forms.length > 0) names.push(entry.name);
    for (const form of forms) {
      members += comment(docLines(form, entry, true), "    ");
      members += `    ${entry.name}(${form.parameters}): ${resultOf(entry.form, form.operator, "this")};\n`;
    }
  }
  // ".js": the declarations that are built keep this name as it stands, and both spellings find the class.
  const body = `declare module "../tensor.js" {\n  interface Tensor {\n${members}  }\n}\n`;
  return { text: `${header}${usedImports(typeImports(".."), body)}export {};\n\n${body}`, names, problems };
}

/**
 * `frontend/generated/absent-methods.ts`: the methods of families that not every page has, those first that are a
 * function of `torch` too.
 */
export function absentMethodsModule(
  methods: Entries,
  functions: Entries,
  isAbsent: (operator: PublicOperator) => boolean,
  skip: ReadonlySet<string>,
): Generated {
  const absent = sorted(methods).filter(({ name, operators }) => !skip.has(name) && operators.some(isAbsent));
  const list = (isFunction: boolean): string =>
    absent
      .map(({ name }) => name)
      .filter((name) => functions.has(name) === isFunction)
      .join(" ");
  const text = `${header}export const withFunctions = "${list(true)}";\nexport const methodsOnly = "${list(false)}";\n`;
  return { text, names: absent.map(({ name }) => name), problems: [] };
}

const sorted = (entries: Entries): Entry[] => [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Import lines with only the names that occur. */
function usedImports(imports: string, body: string): string {
  const uncommented = body.replaceAll(/\/\*\*[^]*?\*\//g, "");
  return imports.replaceAll(
    /^import (type )?\{ ([^}]*) \} from (.*)$\n/gm,
    (_, type: string | undefined, list: string, from: string) => {
      const used = list.split(", ").filter((name) => new RegExp(`\\b${name}\\b`).test(uncommented));
      return used.length === 0 ? "" : `import ${type ?? ""}{ ${used.join(", ")} } from ${from}\n`;
    },
  );
}
