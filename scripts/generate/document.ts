/** Documentation comments, from what an operator states about itself. */
import { elementTypes } from "./element-types.ts";
import type { Entry } from "./entries.ts";
import type { PublicOperator } from "./operator.ts";

/** The page of PyTorch's documentation for a name such as `torch.nn.functional.relu`. */
export function documentationPage(source: string): string {
  const root = "https://docs.pytorch.org/docs/stable";
  const special = /^torch\.special\.\w+$/.test(source);
  return special ? `${root}/special.html#${source}` : `${root}/generated/${source}.html`;
}

/** `ShapeError [cat/sizes]`: the errors that are written out in an operator's own rule. */
export function knownErrors({ name, record }: PublicOperator): string[] {
  const base = name.split(".")[0]!;
  const found = new Set<string>();
  for (const [, kind, code] of record.toString().matchAll(/new (\w+Error)\(\s*["'`]([^"'`]+)["'`]/g)) {
    const written = code!.replaceAll("${name}", base);
    if (!written.includes("$")) found.add(`${kind} [${written}]`);
  }
  return [...found];
}

const parametersOf = (signature: string): string =>
  signature
    .slice(signature.indexOf("("), signature.lastIndexOf(")") + 1)
    .replaceAll(/([(, ])[\w|[\]?.'-]+ (?=[\w$])/g, "$1");

/** Lines of a full comment. `receiver`: the first parameter is what the method is called on. */
export function fullComment(operator: PublicOperator, { name, form }: Entry, receiver: boolean): string[] {
  const { doc, signature } = operator;
  const parameters = parametersOf(signature);
  const lines = [doc.summary];
  if (form === "in place" || form === "in place async")
    lines.push("In place: the result becomes the tensor's contents.");
  if (form === "async" || form === "in place async")
    lines.push("The result's shape depends on data: this form works on every device.");
  if (operator.view && form === "plain")
    lines.push(
      `The result shares memory with the input${typeof operator.view === "function" ? " where nothing is computed" : ""}.`,
    );
  lines.push("", `\`${name}${receiver ? parameters.replace(/^\(\w+(, )?/, "(") : parameters}\``);
  if (doc.shape !== "") lines.push("", `Shape: \`${doc.shape}\``);
  const types = elementTypes(operator);
  if (types !== null) lines.push("", `Types: ${types}`);
  if (operator.gradient === "none") lines.push("", "Not differentiable.");
  const errors = knownErrors(operator);
  if (errors.length > 0) lines.push("", ...errors.map((error) => `@throws ${error}`));
  lines.push("", `@see ${documentationPage(doc.source)}`);
  return lines;
}

/** The comment of a further call form. */
export const shortComment = (operator: PublicOperator): string[] => [operator.doc.summary];

export function comment(lines: readonly string[], indent: string): string {
  const safe = lines.map((line) => line.replaceAll("*/", "*\\/"));
  if (safe.length === 1) return `${indent}/** ${safe[0]} */\n`;
  return `${indent}/**\n${safe.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("")}${indent} */\n`;
}
