/** Arguments as the function gets them while it is recorded: lists and the like are copies, with stand-ins for tensors. */
import { NamedResults } from "../named-results.ts";
import { Tensor } from "../tensor.ts";
import { isModule } from "../nn/module-internals.ts";
import type { ArgumentNames, CallArguments } from "./arguments.ts";
import { absent, put, type Change, type HeldObjects } from "./held.ts";
import { kindOf } from "./holders.ts";

export class ArgumentCopies {
  private readonly given: CallArguments;
  private readonly originals: readonly object[];
  private readonly copies: readonly object[];
  private readonly standIn: (tensor: Tensor) => Tensor;

  /** What the function does to copies is looked at when it has returned, and to objects that it gets as they are. */
  constructor(
    args: readonly unknown[],
    given: CallArguments,
    nameOf: ArgumentNames,
    held: HeldObjects,
    standIn: (tensor: Tensor) => Tensor,
  ) {
    this.given = given;
    this.originals = given.containers;
    this.standIn = standIn;
    this.copies = this.originals.map((original) =>
      original instanceof Map
        ? new Map<unknown, unknown>()
        : Array.isArray(original)
          ? []
          : (Object.create(Object.getPrototypeOf(original) as object | null) as object),
    );
    const names = new Map<unknown, string>(args.map((arg, i) => [arg, nameOf(`[${i}]`)]));
    const watch = (value: unknown): void => {
      if (this.placeFor(value) < 0 && !isModule(value) && kindOf(value) !== null && !(value instanceof NamedResults))
        held.use(names.get(value)!, value as object);
    };
    args.forEach(watch);
    this.originals.forEach((original, i) => {
      const kind = kindOf(original)!;
      const [name, copy] = [names.get(original)!, this.copies[i]!];
      for (const key of kind.keys(original)) {
        const item = kind.get(original, key);
        if (!names.has(item)) names.set(item, kind.name(name, key));
        watch(item);
        kind.set(copy, key, this.of(item));
      }
      held.use(name, copy, true);
    });
  }

  /** An argument, or what is in one, for the function. */
  of(value: unknown): unknown {
    if (value instanceof Tensor) return this.given.placeOf(value) < 0 ? value : this.standIn(value);
    if (value instanceof NamedResults) return value.mapped((item) => this.of(item));
    const place = this.placeFor(value);
    return place < 0 ? value : this.copies[place]!;
  }
  private placeFor(original: unknown): number {
    return this.originals.indexOf(original as object);
  }

  /** The number of the argument that an object is a copy of. */
  placeOf(copy: unknown): number | undefined {
    const place = this.copies.indexOf(copy as object);
    return place < 0 ? undefined : place;
  }

  /** The argument that an object is a copy of, or the object itself. */
  originalOf(value: unknown): unknown {
    const place = this.placeOf(value);
    return place === undefined ? value : this.originals[place];
  }

  /** What the function has changed is changed in the arguments themselves. `own`: in the place of what it was given */
  settle(changes: readonly Change[], own: (value: unknown) => unknown): void {
    for (const { held, key, is } of changes)
      put(held.kind, this.originalOf(held.owner) as object, key, is === absent ? absent : own(is));
  }
}
