/** What `x.max(1)` and its like return: results by position and by name. */
import { formatNamedResult } from "./printing/index.ts";
import type { Tensor } from "./tensor.ts";

export class NamedResults extends Array<Tensor> {
  readonly #operator: string;
  readonly #names: readonly string[];

  constructor(operator: string, tensors: readonly Tensor[], names: readonly string[]) {
    super();
    this.push(...tensors);
    this.#operator = operator;
    this.#names = names;
    names.forEach((name, i) => Object.defineProperty(this, name, { value: tensors[i], enumerable: false }));
  }
  /** What is mapped or sliced is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** @internal The same names for what stands in the places of the results. */
  mapped(change: (item: unknown, place: number) => unknown): NamedResults {
    return new NamedResults(this.#operator, this.map(change) as Tensor[], this.#names);
  }

  /** PyTorch's `repr`: `torch.return_types.max(\nvalues=tensor(...),\nindices=tensor(...))`. */
  async reprAsync(): Promise<string> {
    const texts = await Promise.all(this.map((tensor) => tensor.reprAsync()));
    return formatNamedResult(
      this.#operator,
      this.#names.map((name, i) => [name, texts[i]!]),
    );
  }
  async print(): Promise<void> {
    console.log(await this.reprAsync()); // oxlint-disable-line no-console -- what it is for
  }
}
