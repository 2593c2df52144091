/** Short Python snippets with the value of `r` or the error, ported by hand; a snippet without a port is counted. */
import type { Adapter } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import type { RecordedError, Tolerance, Tree } from "../format.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { backward } from "../semantics/backward.ts";
import { modules } from "../semantics/modules.ts";
import { rules } from "../semantics/rules.ts";
import { storage } from "../semantics/storage.ts";
import type { Snippet, Torch } from "../semantics/types.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface SnippetCase {
  name: string;
  /** The Python text, for whoever compares a port with it. */
  code: string;
  out?: Tree;
  error?: RecordedError;
  tol?: Tolerance;
}

const PORTS: Record<string, Snippet | undefined> = { ...backward, ...storage, ...rules, ...modules };

export const autogradSemantics = defineKind<SnippetCase>({
  operator: () => "autograd semantics",
  *checks(record, { adapter }) {
    yield { label: record.name, run: () => check(adapter, record) };
  },
});

async function check(adapter: Adapter, record: SnippetCase): Promise<string | null> {
  const snippet = PORTS[record.name];
  if (snippet === undefined) throw new NotImplementedHere(`the snippet "${record.name}" has no port`);
  const run = async (): Promise<unknown> => snippet(adapter.torch as Torch);
  if (record.error !== undefined) return mustRefuse(adapter, record.error, run);
  return new Comparison(adapter).expect(await run(), record.out ?? null, { tolerance: record.tol }).verdict();
}
