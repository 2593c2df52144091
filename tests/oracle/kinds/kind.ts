/**
 * What a kind of case is: how its cases are named, and which checks each of them yields. A check is independent of every
 * other; it makes its own tensors when it runs.
 */
import { type Adapter } from "../adapter.ts";
import type { RecordedError } from "../format.ts";
import { isNotImplemented } from "../not-implemented.ts";
import { misrefusal } from "../refusal.ts";

export interface Check {
  label: string;
  /** The function, `torch.add`, or method, `Tensor.add_`, of which this is a call. */
  callee?: string;
  /** null when the library gives PyTorch's answer, else why not. May throw, which is a failure too. */
  run(): Promise<string | null>;
}

export interface RunContext {
  adapter: Adapter;
  /** The calls of an operator case to make ("function", "method", ...); empty for all of them. */
  callKinds: ReadonlySet<string>;
  /** Where the case files stand. */
  directory: string;
}

export interface CaseKind {
  /** What the case is counted under. */
  operator(record: unknown): string;
  checks(record: unknown, context: RunContext): Iterable<Check>;
}

/** Takes a parsed case for what its file says it is: the one place where a case gets its type, unchecked. */
export function defineKind<Case>(kind: {
  operator(record: Case): string;
  checks(record: Case, context: RunContext): Iterable<Check>;
}): CaseKind {
  return kind;
}

/** null when `action` throws what PyTorch did, at the call or when its result is read. */
export async function mustRefuse(
  adapter: Adapter,
  recorded: RecordedError,
  action: () => unknown,
): Promise<string | null> {
  try {
    await readAll(adapter, await action());
  } catch (error) {
    // What PyTorch itself says to be absent is to be refused by the class of the same name.
    if (isNotImplemented(error) && recorded.type !== "NotImplementedError") throw error;
    return misrefusal(error, recorded);
  }
  return `did not throw (${recorded.type}: ${recorded.message.slice(0, 80)})`;
}

async function readAll(adapter: Adapter, value: unknown): Promise<void> {
  if (Array.isArray(value)) for (const part of value) await readAll(adapter, part);
  else if (adapter.isTensor(value)) await adapter.read(value);
}
