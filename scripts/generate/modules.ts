/** The text of the generated modules. */
import { comment, fullComment, shortComment } from "./document.ts";
import type { Entries, Entry, FunctionPlace } from "./entries.ts";
import { UnusableOperator, type PublicOperator } from "./operator.ts";
import { callForms, isReserved, type ExtraOption } from "./overloads.ts";
import { publicParameters, resultType, tupleType, type PublicParameter } from "./signature-types.ts";

export interface Generated {
  readonly text: string;
  readonly names: readonly string[];
  /** What is wrong with operators that were left out. */
  readonly problems: readonly string[];
}

const header =
  "// Written by scripts/generate-declarations.ts (npm run generate) from the operator definitions in ir/ops. Not to be edited.\n";
const typeImports = (): string =>
  'import type { DeviceLike } from "../devices.ts";\nimport type { DTypeLike } from "../dtype.ts";\nimport type { NamedTensors, Operand, Scalar } from "../operator-types.ts";\n';

const isTensorType = ({ type }: PublicParameter): boolean => /\b(Tensor|Operand)\b/.test(type);

/** Keywords that every function of a kind takes. */
function extraOptions(
  operator: PublicOperator,
  parameters: readonly PublicParameter[],
  place: FunctionPlace | "Tensor",
): ExtraOption[] {
  const extras: ExtraOption[] = [];
  const creates = !parameters.some(isTensorType) || /_like$|^new_/.test(operator.name.split(".")[0]!);
  if (creates)
    extras.push(
      { name: "device", type: "DeviceLike | null" },
      { name: "requires_grad", type: "boolean" },
      { name: "pin_memory", type: "boolean" },
      { name: "layout", type: "unknown" },
    );
  if (place !== "Tensor" && place !== "nn.functional" && operator.view !== true) {
    const { results } = operator;
    extras.push({
      name: "out",
      type: `${results === undefined ? resultType(operator) : tupleType(results.length)} | null`,
    });
  }
  return extras;
}

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
      let parameters = publicParameters(operator);
      const extras = extraOptions(operator, parameters, place);
      resultType(operator);
      if (place === "Tensor") {
        const [self, ...rest] = parameters;
        if (self === undefined || !/^(Tensor|Operand)$/.test(self.type) || self.keywordOnly)
          throw new UnusableOperator(
            operator.name,
            `a method's first parameter must be a Tensor in "${operator.signature}"`,
          );
        parameters = rest;
      }
      callForms(operator.name, parameters, extras).forEach((text, i) => {
        if (!seen.has(text)) forms.push({ operator, parameters: text, first: i === 0 });
        seen.add(text);
      });
    } catch (error) {
      if (!(error instanceof UnusableOperator)) throw error;
      problems.push(error.message);
    }
  }
  return forms;
}

const docLines = ({ operator, first }: CallForm, called: string, receiver: boolean): string[] =>
  first ? fullComment(operator, called, receiver) : shortComment(operator);

/** `frontend/generated/<namespace>.ts`: the functions of a namespace. */
export function functionsModule(entries: Entries, place: FunctionPlace, skip: ReadonlySet<string>): Generated {
  const problems: string[] = [];
  const names: string[] = [];
  let body = "";
  for (const entry of sorted(entries)) {
    if (skip.has(entry.name)) continue;
    const forms = formsOf(entry, place, problems);
    if (forms.length === 0) continue;
    names.push(entry.name);
    const [only] = forms;
    const value = `/* @__PURE__ */ functionOf(${JSON.stringify(entry.registered)}) as`;
    const local = isReserved(entry.name) ? `${entry.name}_` : entry.name;
    body += comment(fullComment(only!.operator, entry.name, false), "");
    body += `${local === entry.name ? "export " : ""}const ${local} = ${value} {\n`;
    for (const form of forms)
      body += `${comment(docLines(form, entry.name, false), "  ")}  (${form.parameters}): ${resultType(form.operator)};\n`;
    body += "};\n";
    // A reserved word may name an export, but not a constant.
    if (local !== entry.name) body += `export { ${local} as ${entry.name} };\n`;
    body += "\n";
  }
  const imports =
    names.length === 0
      ? ""
      : `import { functionOf } from "../call.ts";\n${typeImports()}import type { Tensor } from "../tensor.ts";\n`;
  return {
    text: `${header}${usedImports(imports, body)}\n${body}${names.length === 0 ? "export {};\n" : ""}`,
    names,
    problems,
  };
}

/** `frontend/generated/tensor-methods.ts`: the methods, merged into the class. */
export function methodsModule(plain: Entries, inplace: Entries, skip: ReadonlySet<string>): Generated {
  const problems: string[] = [];
  const names: string[] = [];
  let members = "";
  const write = (entry: Entry, result: (operator: PublicOperator) => string): void => {
    if (skip.has(entry.name)) return;
    const forms = formsOf(entry, "Tensor", problems);
    if (forms.length > 0) names.push(entry.name);
    for (const form of forms)
      members += `${comment(docLines(form, entry.name, true), "    ")}    ${entry.name}(${form.parameters}): ${result(form.operator)};\n`;
  };
  for (const entry of sorted(plain)) write(entry, resultType);
  for (const entry of sorted(inplace)) if (!plain.has(entry.name)) write(entry, () => "this");
  // ".js": the declarations that are built keep this name as it stands, and both spellings find the class.
  const body = `declare module "../tensor.js" {\n  interface Tensor {\n${members}  }\n}\n`;
  return { text: `${header}${usedImports(typeImports(), body)}export {};\n\n${body}`, names, problems };
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
