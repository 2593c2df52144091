/** Comparisons of whole tensors that answer with a boolean: they read, so each has an `...Async` twin. */
import { ArgumentError, ReadError } from "../ir/errors.ts";
import { sameShape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator, withSite } from "./call.ts";
import { Tensor } from "./tensor.ts";

export interface ClosenessOptions {
  readonly rtol?: number | undefined;
  readonly atol?: number | undefined;
  /** Whether NaN is close to NaN. */
  readonly equal_nan?: boolean | undefined;
}

/** One truth value: whether all elements of a bool tensor are true. */
const all = (verdict: Tensor): Tensor => callOperator("all", [verdict]) as Tensor;

function answer(name: string, verdict: Tensor): boolean {
  if (!verdict.storage_.device.synchronous)
    throw new ReadError(
      "read/sync",
      `${name}: its answer takes a promise on ${verdict.storage_.device.name}.`,
      `Use the ...Async twin: await torch.${name}Async(...).`,
    );
  return verdict.item() === true;
}

const pair = signature<[input: Tensor, other: Tensor]>()("input, other");

/** null when the shapes decide. @throws ArgumentError when one is no Tensor */
function equality(args: readonly unknown[]): Tensor | null {
  const { input, other } = pair.bind("equal", args);
  for (const tensor of [input, other])
    if (!(tensor instanceof Tensor))
      throw new ArgumentError("equal/argument", `equal: arguments must be Tensors, got ${typeof tensor}.`);
  if (!sameShape(input.shape, other.shape)) return null;
  return all(callOperator("eq", [input, other]) as Tensor);
}

const closeness = (args: readonly unknown[]): Tensor => all(callOperator("isclose", args) as Tensor);

/** Whether both have the same shape and elements, in the type that both promote to. https://docs.pytorch.org/docs/stable/generated/torch.equal.html */
export function equal(...args: CallOf<typeof pair>): boolean {
  return withSite(() => {
    const verdict = equality(args);
    return verdict !== null && answer("equal", verdict);
  });
}
/** The same on every device, as a promise. https://docs.pytorch.org/docs/stable/generated/torch.equal.html */
export async function equalAsync(...args: CallOf<typeof pair>): Promise<boolean> {
  const verdict = withSite(() => equality(args));
  return verdict !== null && (await verdict.itemAsync()) === true;
}

interface ClosePair extends ClosenessOptions {
  readonly input: Tensor;
  readonly other: Tensor;
}
/** Whether all elements are close: |input - other| <= atol + rtol * |other|. https://docs.pytorch.org/docs/stable/generated/torch.allclose.html */
export function allclose(input: Tensor, other: Tensor, options?: ClosenessOptions): boolean;
export function allclose(input: Tensor, other: Tensor, rtol: number, atol?: number, equal_nan?: boolean): boolean;
export function allclose(named: ClosePair): boolean;
export function allclose(...args: readonly unknown[]): boolean {
  return withSite(() => answer("allclose", closeness(args)));
}
/** The same on every device, as a promise. https://docs.pytorch.org/docs/stable/generated/torch.allclose.html */
export function allcloseAsync(input: Tensor, other: Tensor, options?: ClosenessOptions): Promise<boolean>;
export function allcloseAsync(
  input: Tensor,
  other: Tensor,
  rtol: number,
  atol?: number,
  equal_nan?: boolean,
): Promise<boolean>;
export function allcloseAsync(named: ClosePair): Promise<boolean>;
export async function allcloseAsync(...args: readonly unknown[]): Promise<boolean> {
  return (await withSite(() => closeness(args)).itemAsync()) === true;
}

declare module "./tensor.ts" {
  interface Tensor {
    /** Whether both have the same shape and elements. */
    equal(other: Tensor): boolean;
    /** The same on every device, as a promise. https://docs.pytorch.org/docs/stable/generated/torch.equal.html */
    equalAsync(other: Tensor): Promise<boolean>;
    /** Whether all elements are close. */
    allclose(other: Tensor, options?: ClosenessOptions): boolean;
    allclose(other: Tensor, rtol: number, atol?: number, equal_nan?: boolean): boolean;
    /** The same on every device, as a promise. https://docs.pytorch.org/docs/stable/generated/torch.allclose.html */
    allcloseAsync(other: Tensor, options?: ClosenessOptions): Promise<boolean>;
    /** Whether the one value is not zero. */
    is_nonzero(): boolean;
    /**
     * The same on every device, as a promise.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.is_nonzero.html
     */
    is_nonzeroAsync(): Promise<boolean>;
  }
}

type Free = (input: Tensor, ...args: never[]) => unknown;
/** Functions whose first argument is the tensor, as methods. */
export function asMethods(functions: Readonly<Record<string, Free>>): void {
  for (const [name, free] of Object.entries(functions)) {
    const value = function (this: Tensor, ...args: never[]): unknown {
      return free(this, ...args);
    };
    Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
  }
}
const unnamed = (other: unknown): Tensor => (isPlainObject(other) ? (other["other"] as Tensor) : (other as Tensor));
asMethods({
  equal: (input, other) => equal(input, unnamed(other)),
  equalAsync: (input, other) => equalAsync(input, unnamed(other)),
  allclose,
  allcloseAsync,
});
