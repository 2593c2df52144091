/** The tensors of a random program, each beside the eager model's. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { elementCount, type Shape } from "../../ir/shape.ts";
import { Choices } from "./choices.ts";
import { Eager, type EagerType } from "./eager.ts";

export interface Pair {
  readonly tensor: Tensor;
  readonly eager: Eager;
  /** How it came to be, for the failing program's listing. */
  readonly name: string;
  /** Reads before it was made: a value that nobody asked for is kept for two of them. */
  readonly madeAt: number;
}

const types = { float32: torch.float32, int64: torch.int64 } as const;

export class TensorPool {
  readonly listing: string[] = [];
  protected readonly pool: Pair[] = [];
  protected readonly device: string;
  /** A size that many tensors have; the same program runs for several. */
  protected readonly size: number;
  protected c = new Choices([]);
  private reads = 0;

  constructor(device: string, size: number) {
    this.device = device;
    this.size = size;
  }

  protected any(): Pair {
    const back = this.c.below(this.pool.length);
    return this.pool[this.pool.length - 1 - (this.c.oneIn(2) ? back : Math.min(back, this.c.below(3)))]!;
  }
  protected axis({ eager }: Pair): number {
    return this.c.below(eager.shape.length);
  }
  protected keep(text: string, tensor: Tensor, eager: Eager): void {
    const name = `t${this.pool.length}`;
    this.listing.push(`const ${name} = ${text};`);
    this.pool.push({ tensor, eager, name, madeAt: this.reads });
  }
  /** A tensor that broadcasts to the shape, of the same type. */
  protected partner({ eager }: Pair): Pair | null {
    const fits = (shape: Shape): boolean =>
      shape.length <= eager.shape.length &&
      shape.every((size, i) => size === 1 || size === eager.shape[eager.shape.length - shape.length + i]);
    const candidates = this.pool.filter((pair) => pair.eager.dtype === eager.dtype && fits(pair.eager.shape));
    return candidates.length === 0 ? null : this.c.pick(candidates.reverse());
  }

  /** Writes to x what is computed of y, unless that is refused, as it has to be where y is partly the same memory. */
  protected written(x: Pair, y: Pair, write: () => void): boolean {
    const refused = readsPartly(x, y);
    try {
      write();
    } catch (error) {
      if (refused && error instanceof torch.CressetError && error.code === "out/overlap") return false;
      throw error;
    }
    if (refused) throw this.failure(`${y.name} is partly the same memory`);
    return true;
  }

  protected create(shape: Shape): void {
    const dtype: EagerType = this.c.pick(["float32", "int64"]);
    const start = this.c.below(7) - 3;
    const values = Array.from({ length: elementCount(shape) }, (_, i) => start + (i % 11));
    const flat = torch.tensor(values, { dtype: types[dtype], device: this.device });
    this.keep(
      `torch.tensor(${dtype}, [${shape.join()}], from ${start})`,
      flat.reshape([...shape]),
      new Eager(dtype, values, shape),
    );
  }

  protected read({ tensor, eager, name, madeAt }: Pair): void {
    // An array shares memory with its tensor: later writes have to reach it, too.
    const shared = this.c.oneIn(4);
    this.listing.push(shared ? `${name}.numpy()` : `${name}.tolist()`);
    let actual: number[];
    try {
      const contents = shared ? tensor.numpy() : flattened(tensor.tolist());
      actual = Array.from(contents as Iterable<number | bigint>, Number);
    } catch (error) {
      // A value that nobody asked for, computed from what has been overwritten since, is kept for two flushes.
      if (error instanceof torch.ReadError && error.code === "read/retired" && this.reads - madeAt > 2) return;
      throw this.failure(`${name} cannot be read: ${String(error)}`);
    }
    this.reads++;
    const expected = eager.values();
    const wrong = expected.findIndex((value, i) => value !== actual[i]);
    if (wrong >= 0 || actual.length !== expected.length) {
      throw this.failure(`${name} is [${actual.join()}], not [${expected.join()}]`);
    }
  }
  /** Something was read, so that time has passed for what nobody asks for. */
  protected noteRead(): void {
    this.reads++;
  }
  protected failure(text: string): Error {
    return new Error(`${this.device}, size ${this.size}: ${text}\n${this.listing.join("\n")}`);
  }
}

function readsPartly(x: Pair, y: Pair): boolean {
  const [own, other] = [x.eager.span, y.eager.span];
  if (x.tensor === y.tensor || x.eager.data !== y.eager.data || own === null || other === null) return false;
  if (own.start === other.start && own.end === other.end) return x.tensor.stride().join() !== y.tensor.stride().join();
  return own.start < other.end && other.start < own.end;
}

function flattened(values: unknown): unknown[] {
  return Array.isArray(values) ? values.flatMap(flattened) : [values];
}
