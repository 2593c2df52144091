/** What `torch.set_printoptions` sets, and the checks that PyTorch leaves out: a wrong option fails at once, not at the next print. */
import { ArgumentError } from "../../ir/errors.ts";
import { during } from "../scope.ts";

export interface PrintOptions {
  /** Digits after the point. */
  readonly precision: number;
  /** A tensor with more elements than this is summarised; Infinity: never. */
  readonly threshold: number;
  /** Elements (rows, matrices, ...) kept at either end of a summarised dimension. */
  readonly edgeitems: number;
  /** Columns after which a row of elements continues on the next line. */
  readonly linewidth: number;
  /** true: always scientific; false: never; null: chosen from the values. */
  readonly sci_mode: boolean | null;
}

export type PrintProfile = "default" | "short" | "full";

/** Absent, undefined or null leaves an option as it is; except `sci_mode`, which goes back to null, as in PyTorch. */
export type PrintOptionChanges = {
  readonly [Name in keyof PrintOptions]?: PrintOptions[Name] | null | undefined;
} & { readonly profile?: PrintProfile | null | undefined };

export const printProfiles: Readonly<Record<PrintProfile, Omit<PrintOptions, "sci_mode">>> = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80 },
};

export const defaultPrintOptions: PrintOptions = { ...printProfiles.default, sci_mode: null };

export class PrintOptionsError extends ArgumentError {
  constructor(option: string, got: unknown, rule: string) {
    super(`printing/${option}`, `set_printoptions: ${option} must be ${rule}, got ${describe(got)}.`);
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

type NumberOption = Exclude<keyof PrintOptions, "sci_mode">;

const atLeast = (least: number) => (value: number) => Number.isInteger(value) && value >= least;
const numberRules: Readonly<Record<NumberOption, { rule: string; holds: (value: number) => boolean }>> = {
  precision: { rule: "a whole number from 0 to 1000", holds: (value) => atLeast(0)(value) && value <= 1000 },
  threshold: { rule: "a number of elements, 0 or more (Infinity to print all)", holds: (value) => value >= 0 },
  edgeitems: { rule: "a whole number, 0 or more", holds: atLeast(0) },
  linewidth: {
    rule: "a whole number of columns, 1 or more",
    holds: (value) => value === Infinity || atLeast(1)(value),
  },
};
const numberOptions = Object.keys(numberRules) as NumberOption[];
const knownNames: readonly string[] = [...numberOptions, "sci_mode", "profile"];

/**
 * The options after `set_printoptions(changes)`: the profile first, then single options over it.
 * @throws PrintOptionsError when an option is unknown or its value makes no sense
 */
export function changePrintOptions(current: PrintOptions, changes: PrintOptionChanges): PrintOptions {
  for (const name of Object.keys(changes)) {
    if (!knownNames.includes(name)) throw new PrintOptionsError("option", name, `one of ${knownNames.join(", ")}`);
  }
  const { profile, sci_mode } = changes;
  if (profile != null && !Object.hasOwn(printProfiles, profile)) {
    throw new PrintOptionsError("profile", profile, '"default", "short" or "full"');
  }
  if (sci_mode != null && typeof sci_mode !== "boolean") {
    throw new PrintOptionsError("sci_mode", sci_mode, "true, false or null (chosen from the values)");
  }
  const base = profile == null ? current : printProfiles[profile];
  const pick = (name: NumberOption): number => {
    const value = changes[name];
    if (value == null) return base[name];
    const { rule, holds } = numberRules[name];
    if (typeof value !== "number" || !holds(value)) throw new PrintOptionsError(name, value, rule);
    return value;
  };
  return {
    precision: pick("precision"),
    threshold: pick("threshold"),
    edgeitems: pick("edgeitems"),
    linewidth: pick("linewidth"),
    sci_mode: sci_mode ?? null,
  };
}

/** The one current setting behind `torch.set_printoptions`, `get_printoptions` and `printoptions`. */
export class PrintSettings {
  #current: PrintOptions = defaultPrintOptions;

  get_printoptions(): PrintOptions {
    return { ...this.#current };
  }

  set_printoptions(changes: PrintOptionChanges = {}): void {
    this.#current = changePrintOptions(this.#current, changes);
  }

  /** Runs `body` under changed options and then puts the old ones back, also when it throws or its promise rejects. */
  printoptions<Result>(changes: PrintOptionChanges, body: () => Result): Result {
    const before = this.#current;
    this.set_printoptions(changes);
    return during(body, () => {
      this.#current = before;
    });
  }
}

export const printSettings = new PrintSettings();
