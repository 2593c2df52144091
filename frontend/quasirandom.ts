/** `torch.quasirandom`, also as `cresset/quasirandom`: points that fill a cube evenly. */
import { ValueError } from "../ir/errors.ts";
import { CpuGenerator, fillRandint } from "../runtime/random/index.ts";
import { scrambled, sobolBits, sobolDimensions, SobolWalk, type Scrambled } from "../runtime/random/sobol.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { callableClass } from "./callable-class.ts";
import { dtypeOption, finish, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { fillTyped } from "./elements.ts";
import { drawn } from "./random/draws.ts";
import { default_generator } from "./random/generator.ts";
import { settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

const engine =
  signature<[dimension: number, scramble: boolean, seed: number | bigint | null]>()("dimension, scramble?, seed?");
type DrawOptions = [out: Tensor | null, dtype: FactoryOptions["dtype"]];
const drawSignature = signature<[n: number, ...DrawOptions]>()("n?, out?, dtype?");
const drawBase2Signature = signature<[m: number, ...DrawOptions]>()("m, out?, dtype?");

class SobolSequence {
  static readonly MAXBIT = sobolBits;
  /** PyTorch ships numbers for 21201. */
  static readonly MAXDIM = sobolDimensions;
  readonly dimension: number;
  readonly scramble: boolean;
  readonly seed: number | bigint | null;
  private readonly walk: SobolWalk;

  constructor(...args: CallOf<typeof engine>) {
    const { dimension, scramble = false, seed = null } = engine.bind("SobolEngine", args);
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > sobolDimensions)
      withSite(() => {
        throw new ValueError(
          "sobol/dimension",
          `SobolEngine: Supported range of dimensionality for SobolEngine is [1, ${sobolDimensions}], got ${dimension}.`,
        );
      });
    this.dimension = dimension;
    this.scramble = scramble;
    this.seed = seed;
    this.walk = new SobolWalk(dimension, scramble ? (directions) => this.scrambling(directions) : null);
  }
  private scrambling(directions: Int32Array): Scrambled {
    const bits = (count: number): BigInt64Array => new BigInt64Array(count);
    const shiftBits = bits(this.dimension * sobolBits);
    const matrixBits = bits(this.dimension * sobolBits * sobolBits);
    const generator = this.seed === null ? default_generator.cpu_ : new CpuGenerator();
    if (this.seed !== null) generator.manual_seed(this.seed);
    for (const target of [shiftBits, matrixBits]) fillRandint(target, generator, 0, 2, "int64");
    return scrambled(directions, shiftBits, matrixBits);
  }

  /** Points that have been passed. */
  get num_generated(): number {
    return this.walk.generated;
  }
  /** The next n points: [n, dimension]. */
  draw(...args: CallOf<typeof drawSignature>): Tensor {
    return withSite(() => {
      const { n = 1, ...options } = drawSignature.bind("draw", args);
      return this.drawn(n, options);
    });
  }
  private drawn(
    n: number,
    { out, dtype }: { readonly out?: Tensor | null | undefined; readonly dtype?: FactoryOptions["dtype"] },
  ): Tensor {
    if (this.num_generated + n > 2 ** sobolBits)
      throw new ValueError(
        "sobol/exhausted",
        `draw: the sequence has 2**${sobolBits} points, of which ${this.num_generated} are gone.`,
      );
    const type = dtypeOption({ dtype, out: out ?? undefined }, settings.defaultDType, "draw");
    const device = currentDevice();
    // Again at each replay of a compiled function.
    const points = drawn([n, this.dimension], type, device, (target) => fillTyped(target, type, this.walk.next(n)));
    return finish(Tensor.ofNode(points, device), { out: out ?? undefined });
  }
  /** The next 2 ** m points, after which their number must be a power of 2. */
  draw_base2(...args: CallOf<typeof drawBase2Signature>): Tensor {
    return withSite(() => {
      const { m, ...options } = drawBase2Signature.bind("draw_base2", args);
      const total = this.num_generated + 2 ** m;
      if (!Number.isInteger(Math.log2(total)))
        throw new ValueError(
          "sobol/base2",
          `draw_base2: The balance properties of Sobol' points require n to be a power of 2. ${this.num_generated} points have been previously generated, then: n=${this.num_generated}+2**${m}=${total}.`,
          "Use draw() where that does not matter.",
        );
      return this.drawn(2 ** m, options);
    });
  }
  /** Back to the first point. */
  reset(): this {
    this.walk.reset();
    return this;
  }
  /** Passes n points. */
  fast_forward(n: number): this {
    this.walk.skip(n);
    return this;
  }
  toString(): string {
    const parts = [`dimension=${this.dimension}`];
    if (this.scramble) parts.push("scramble=True");
    if (this.seed !== null) parts.push(`seed=${this.seed}`);
    return `SobolEngine(${parts.join(", ")})`;
  }
}

/**
 * Points of Sobol's sequence, PyTorch's, scrambled ones too; for up to 1111 dimensions. `new` may be left out.
 * https://docs.pytorch.org/docs/stable/generated/torch.quasirandom.SobolEngine.html
 */
export const SobolEngine = /* @__PURE__ */ callableClass(SobolSequence);
export type SobolEngine = SobolSequence;
