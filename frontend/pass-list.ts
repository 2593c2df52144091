/** A compiler as a flat list of named passes, each of which takes what the one before it leaves. */
import { observePass, type Stage } from "./debug.ts";

/** One pass, and how what it leaves is shown to who watches the compiler (frontend/debug.ts). */
export interface Pass<Taken, Left, Context> {
  run(taken: Taken, context: Context): Left;
  show(left: Left, context: Context): Stage;
}

export class PassList<First, Last, Context> {
  readonly names: readonly string[];
  /** Runs the passes in order. */
  readonly run: (first: First, context: Context) => Last;

  private constructor(names: readonly string[], run: (first: First, context: Context) => Last) {
    this.names = names;
    this.run = run;
  }

  static start<First, Context>(name: string, pass: Pass<First, First, Context>): PassList<First, First, Context> {
    return new PassList<First, First, Context>([], (first) => first).then(name, pass);
  }

  /** The list with one more pass. */
  then<Left>(name: string, pass: Pass<Last, Left, Context>): PassList<First, Left, Context> {
    return new PassList([...this.names, name], (first, context) => {
      const left = pass.run(this.run(first, context), context);
      observePass(name, pass.show(left, context));
      return left;
    });
  }
}
