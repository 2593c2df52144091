/**
 * One check's comparisons. What is to be compared is collected first and read afterwards, all at once, so that a lazy
 * library may compute it in one go. The verdict is the first difference in the order of collection.
 */
import { hasMethod, member, type Adapter } from "./adapter.ts";
import { FLOAT32_TOLERANCE, compareTensor, isClose, type CompareMode, type ReadTensor } from "./compare.ts";
import {
  elementsOf,
  floatOf,
  isTagged,
  isTensorNode,
  memberNamesOf,
  membersOf,
  type DictNode,
  type TensorNode,
  type Tolerance,
  type Tree,
} from "./format.ts";
import { isNotImplemented, messageOf } from "./not-implemented.ts";

export interface CompareOptions {
  tolerance?: Tolerance | undefined;
  /** One a leaf, in the order of the recorded tree. */
  modes?: readonly CompareMode[] | undefined;
  /** Every leaf's mode where `modes` says nothing. */
  mode?: CompareMode;
}

type Judge = () => Promise<string | null>;

export class Comparison {
  readonly #adapter: Adapter;
  readonly #judges: Judge[] = [];

  constructor(adapter: Adapter) {
    this.#adapter = adapter;
  }

  /** The actual value must be what was recorded. `where` opens the reason of a difference. */
  expect(actual: unknown, recorded: Tree, options: CompareOptions = {}, where = ""): this {
    this.#tree(actual, recorded, options, where, { next: 0 });
    return this;
  }

  /** A gradient must be what was recorded; no gradient and a gradient of zeros are the same. */
  expectGradient(actual: unknown, recorded: TensorNode | null, tolerance: Tolerance | undefined, where: string): this {
    if (actual === null || actual === undefined) {
      const isZero = recorded === null || elementsOf(recorded).every((x: number | bigint) => Number(x) === 0);
      this.#add(where, isZero ? null : "no gradient");
    } else {
      this.#read(where, actual, (got) => {
        if (recorded !== null) return compareTensor(got, recorded, tolerance);
        return Array.from(got.data, Number).every((x) => x === 0) ? null : "a gradient, expected none";
      });
    }
    return this;
  }

  /** null when everything agrees. */
  async verdict(): Promise<string | null> {
    const reasons = await Promise.all(this.#judges.map((judge) => judge()));
    return reasons.find((reason) => reason !== null) ?? null;
  }

  #add(where: string, reason: string | null): void {
    if (reason !== null) this.#judges.push(async () => at(where, reason));
  }

  #read(where: string, actual: unknown, judge: (got: ReadTensor) => string | null): void {
    this.#judges.push(async () => {
      let got: ReadTensor;
      try {
        got = await this.#adapter.read(actual);
      } catch (error) {
        if (isNotImplemented(error)) throw error;
        return at(where, `unreadable result: ${messageOf(error)}`);
      }
      const reason = judge(got);
      return reason === null ? null : at(where, reason);
    });
  }

  #tree(actual: unknown, recorded: Tree, options: CompareOptions, where: string, leaf: { next: number }): void {
    const parts = membersOf(recorded);
    if (parts !== null) {
      if (isTagged(recorded) && recorded.$ === "set") return;
      const names = memberNamesOf(recorded);
      const actuals = listOf(actual, names);
      if (actuals === null || actuals.length !== parts.length) {
        this.#add(where, `${actuals === null ? "not a list" : `${actuals.length} results`}, expected ${parts.length}`);
        return;
      }
      parts.forEach((part, i) => this.#tree(actuals[i], part, options, join(where, names?.[i] ?? String(i)), leaf));
      return;
    }
    if (isTagged(recorded) && (recorded.$ === "dict" || recorded.$ === "ordered_dict")) {
      for (const [key, value] of recorded.v) {
        this.#tree(entry(actual, key), value, options, join(where, keyText(key)), leaf);
      }
      return;
    }
    const mode = options.modes?.[leaf.next] ?? options.mode ?? "close";
    leaf.next++;
    if (isTensorNode(recorded)) {
      this.#read(where, actual, (got) => compareTensor(got, recorded, options.tolerance, mode));
    } else if (mode !== "meta") {
      this.#add(where, this.#scalar(actual, recorded as Exclude<Tree, Tree[]>, options.tolerance ?? FLOAT32_TOLERANCE));
    }
  }

  #scalar(actual: unknown, recorded: Exclude<Tree, Tree[]>, tolerance: Tolerance): string | null {
    if (recorded === null) return actual === null || actual === undefined ? null : "a value, expected None";
    const differs = (expected: unknown) => `${String(actual)}, expected ${String(expected)}`;
    if (typeof recorded === "boolean") return actual === recorded ? null : differs(recorded);
    if (typeof recorded === "string") return String(actual) === recorded ? null : differs(recorded);
    if (typeof recorded === "number") {
      const exact = Number.isInteger(recorded);
      return isClose(numberOf(actual), recorded, exact ? [0, 0] : tolerance) ? null : differs(recorded);
    }
    switch (recorded.$) {
      case "float":
        return isClose(numberOf(actual), floatOf(recorded), tolerance) ? null : differs(floatOf(recorded));
      case "int":
        return (typeof actual === "bigint" || Number.isInteger(actual)) &&
          BigInt(actual as number) === BigInt(recorded.v)
          ? null
          : differs(recorded.v);
      case "complex": {
        const wanted = recorded.v.map((part) => (isTagged(part) && part.$ === "float" ? floatOf(part) : Number(part)));
        const got = [numberOf(member(actual, "real")), numberOf(member(actual, "imag"))];
        return wanted.every((part, i) => isClose(got[i]!, part, tolerance)) ? null : differs(wanted.join(" + j"));
      }
      case "dtype": {
        const name = this.#adapter.dtypeName(actual);
        return name === recorded.v ? null : `dtype ${name}, expected ${recorded.v}`;
      }
      default:
        return null;
    }
  }
}

/** NaN for anything that is not a number, so that it matches no expected number. A boolean is not a number. */
function numberOf(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : NaN;
}

function at(where: string, reason: string): string {
  return where === "" ? reason : `${where}: ${reason}`;
}

function join(where: string, part: string): string {
  return where === "" ? part : `${where}.${part}`;
}

function keyText(key: Tree): string {
  return typeof key === "string" || typeof key === "number" ? String(key) : JSON.stringify(key);
}

/** A result of several parts as an array: an array, an object with the recorded names, or anything iterable. */
export function listOf(actual: unknown, names: readonly string[] | undefined): unknown[] | null {
  if (Array.isArray(actual)) return actual as unknown[];
  if (names !== undefined && actual !== null && typeof actual === "object" && names.every((name) => name in actual)) {
    return names.map((name) => member(actual, name));
  }
  if (typeof actual === "string" || !hasMethod(actual, Symbol.iterator)) return null;
  return [...(actual as Iterable<unknown>)];
}

/** The live results that stand where the recorded tree has its leaves, in order. */
export function liveLeaves(actual: unknown, recorded: Tree, leaves: unknown[] = []): unknown[] {
  const parts = membersOf(recorded);
  if (parts !== null) {
    const actuals = listOf(actual, memberNamesOf(recorded)) ?? [];
    parts.forEach((part, i) => liveLeaves(actuals[i], part, leaves));
  } else if (isDict(recorded)) {
    for (const [key, value] of recorded.v) liveLeaves(entry(actual, key), value, leaves);
  } else leaves.push(actual);
  return leaves;
}

function isDict(tree: Tree): tree is DictNode {
  return isTagged(tree) && (tree.$ === "dict" || tree.$ === "ordered_dict");
}

/** `actual[key]` of a Map or a plain object; a tuple key is matched by its members. */
export function entry(actual: unknown, key: Tree): unknown {
  if (!(actual instanceof Map)) return member(actual, keyText(key));
  const parts = membersOf(key);
  for (const [candidate, value] of actual as Map<unknown, unknown>) {
    if (parts === null) {
      if (candidate === key || String(candidate) === keyText(key)) return value;
    } else if (Array.isArray(candidate) && candidate.every((part, i) => part === parts[i])) return value;
  }
  return undefined;
}
