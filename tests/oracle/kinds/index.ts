/** Which kind of case each file holds. */
import { autogradSemantics } from "./autograd-semantics.ts";
import { broadcasting } from "./broadcasting.ts";
import { data } from "./data.ts";
import { distributions } from "./distributions.ts";
import { initUtils } from "./init-utils.ts";
import type { CaseKind } from "./kind.ts";
import { modules } from "./modules.ts";
import { ops } from "./ops.ts";
import { optim } from "./optim.ts";
import { printing } from "./printing.ts";
import { programs } from "./programs.ts";
import { promotion } from "./promotion.ts";
import { ptFiles } from "./pt-files.ts";
import { random } from "./random.ts";
import { schedulers } from "./schedulers.ts";

const KIND_OF_FILE: Record<string, CaseKind> = {
  autograd_semantics: autogradSemantics,
  broadcasting,
  data,
  distributions,
  init_utils: initUtils,
  modules,
  optim,
  printing,
  programs,
  promotion,
  pt_files: ptFiles,
  random,
  schedulers,
};

/** @throws Error for a file of an unknown kind */
export function kindOf(fileName: string): CaseKind {
  const kind = fileName.startsWith("ops_") ? ops : KIND_OF_FILE[fileName];
  if (kind === undefined) throw new Error(`no kind of case is known for the file ${fileName}`);
  return kind;
}
