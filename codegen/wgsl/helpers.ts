/**
 * WGSL functions that kernels call. Each is declared once with what it calls; a shader gets those that it uses.
 * Names end in `_x4` for the form on four lanes.
 */
import { lanewiseSource, type Helper } from "./helper.ts";
import { floatHelpers } from "./helpers-float.ts";
import { int64Helpers } from "./helpers-int64.ts";
import { integerHelpers } from "./helpers-integer.ts";
import { mathHelpers } from "./helpers-math.ts";
import { scalar, type Width } from "./types.ts";

const helpers: ReadonlyMap<string, Helper> = new Map<string, Helper>(
  [integerHelpers, floatHelpers, int64Helpers, mathHelpers].flatMap((table) => Object.entries<Helper>(table)),
);

export type HelperName =
  keyof typeof integerHelpers | keyof typeof floatHelpers | keyof typeof int64Helpers | keyof typeof mathHelpers;

/** The helper functions of one shader, in an order in which each is declared before it is called. */
export class HelperSet {
  private readonly sources = new Map<string, string>();

  /** Makes sure that the function is there, and returns the name to call. */
  use(name: HelperName, width: Width): string {
    return this.add(name, width);
  }

  private add(name: string, width: Width): string {
    const called = name + width.suffix;
    if (this.sources.has(called)) return called;
    const helper = helpers.get(name)!;
    if (helper.lanewise !== undefined && width.lanes > 1) {
      const one = this.add(name, scalar);
      this.sources.set(called, lanewiseSource(one, helper.lanewise));
      return called;
    }
    for (const other of helper.uses ?? []) this.add(other, width);
    this.sources.set(called, helper.source(width));
    return called;
  }

  text(): string {
    return [...this.sources.values()].join("\n");
  }
}
