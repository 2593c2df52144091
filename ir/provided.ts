/**
 * A place for what few programs need: rules of rare primitives, passes for rare graphs. A module of frontend/ provides
 * it, which is imported by whatever makes such programs, so that a page without them does not hold it.
 */
import { IrError } from "./errors.ts";

export class Provided<T> {
  private given: T | null = null;
  private readonly provider: string;

  /** `provider`: the module of frontend/ that provides it. */
  constructor(provider: string) {
    this.provider = provider;
  }

  provide(value: T): void {
    this.given = value;
  }

  get orNull(): T | null {
    return this.given;
  }

  get value(): T {
    if (this.given === null) throw new IrError("ir/not-provided", `frontend/${this.provider}.ts has not been imported`);
    return this.given;
  }
}
