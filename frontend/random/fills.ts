/** Draws in place, as methods of Tensor: those that layers start with. The others are in rare-fills.ts. */
import type { Node } from "../../ir/graph.ts";
import type { Shape } from "../../ir/shape.ts";
import { signature } from "../arguments.ts";
import { assign, withSite } from "../call.ts";
import { checkInplace } from "../inplace-checks.ts";
import { Tensor } from "../tensor.ts";
import { generatorOf, inMemoryOrder, normalNode, orderOfMemory, uniformNode } from "./draws.ts";
import type { Generator } from "./generator.ts";

declare module "../tensor.ts" {
  interface Tensor {
    /**
     * Fills with uniform values in [from, to).
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.uniform_.html
     */
    uniform_(from?: number | RandomFill, to?: number | RandomFill, options?: RandomFill): this;
    /**
     * Fills with normal values.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.normal_.html
     */
    normal_(mean?: number | RandomFill, std?: number | RandomFill, options?: RandomFill): this;
  }
}
export interface RandomFill {
  readonly generator?: Generator | null;
  readonly [parameter: string]: unknown;
}

/** Positional or named numbers of an in-place draw. @throws ArgumentError for an option that it does not have */
function fillArguments(
  operator: string,
  names: readonly string[],
  defaults: readonly unknown[],
  args: readonly unknown[],
): { values: unknown[]; generator: Generator } {
  const bound = signature<unknown[]>()(`${names.map((name) => `${name}?`).join(", ")}, *, generator?`).bind(
    operator,
    args,
  ) as Readonly<Record<string, unknown>>;
  return {
    // None says something where nothing is the default: random_(from, None) goes up to the largest number.
    values: names.map((name, i) => bound[name] ?? defaults[i] ?? bound[name]),
    generator: generatorOf({ generator: bound["generator"] as Generator | null }),
  };
}

/** Where the drawn values go: sizes and axes from the outermost in memory to the innermost (null: row by row). */
export interface Place {
  readonly shape: Shape;
  readonly order: readonly number[] | null;
}
/** What draws the new contents, in order of memory, from the values of the named parameters. */
export type Fill = (self: Tensor, values: unknown[], generator: Generator, place: Place) => Node;
export type Fills = Readonly<
  Record<string, readonly [names: readonly string[], defaults: readonly unknown[], fill: Fill]>
>;

/** Gives Tensor these methods. */
export function addFills(fills: Fills): void {
  for (const [name, [names, defaults, fill]] of Object.entries(fills)) {
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...args: unknown[]): Tensor {
        return withSite(() => {
          checkInplace(this, name);
          const { values, generator } = fillArguments(name, names, defaults, args);
          const order = orderOfMemory(this);
          const contents = inMemoryOrder(this.shape, order, (shape) => fill(this, values, generator, { shape, order }));
          assign(this, contents, name);
          return this;
        });
      },
    });
  }
}

addFills({
  uniform_: [
    ["from", "to"],
    [0, 1],
    (self, [from, to], generator, { shape }) =>
      uniformNode(shape, self.dtype.name, self.storage_.device, generator, from as number, to as number),
  ],
  normal_: [
    ["mean", "std"],
    [0, 1],
    (self, [mean, std], generator, { shape }) =>
      normalNode(
        shape,
        self.dtype.name,
        self.storage_.device,
        generator,
        mean as number,
        std as number,
        self.is_contiguous(),
      ),
  ],
});
