/** Random programs of tensor calls, run by the library and by the eager model side by side. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { elementCount } from "../../ir/shape.ts";
import { Choices } from "./choices.ts";
import type { Eager } from "./eager.ts";
import { TensorPool, type Pair } from "./tensor-pool.ts";

const maximumElements = 600;
const maximumRank = 4;

export class TensorProgram extends TensorPool {
  /** @throws when a tensor does not hold what the model holds */
  run(program: readonly (readonly number[])[]): void {
    this.c = new Choices([]);
    this.create([this.size, 3]);
    for (const instruction of program) {
      this.c = new Choices(instruction);
      try {
        this.c.pick(this.rules)();
      } catch (error) {
        throw error instanceof torch.CressetError ? this.failure(error.message) : error;
      }
    }
    for (const pair of this.pool) this.read(pair);
  }

  private readonly rules: readonly (() => void)[] = [
    () => this.unary(this.any()),
    () => this.binary(this.any()),
    () => this.inplace(this.any()),
    () => this.inplace(this.any()),
    () => this.inplace(this.any()),
    () => this.slice(this.any()),
    () => this.permute(this.any()),
    () => this.reshape(this.any()),
    () => this.select(this.any()),
    () => this.squeezes(this.any()),
    () => this.expand(this.any()),
    () => this.assign(this.any()),
    () => this.assign(this.any()),
    () => this.assignTensor(this.any()),
    () => this.assignMasked(this.any()),
    () => this.assignRows(this.any()),
    () => this.writeOut(this.any()),
    () => this.writeArray(this.any()),
    () => this.strided(this.any()),
    () => this.become(this.any()),
    () => this.become(this.any()),
    () => this.create(this.c.pick([[this.size], [this.size, 4], [2, this.size], [], [this.size, 2, 3], [5]])),
    () => this.odd(this.any()),
    () => this.reduce(this.any()),
    () => this.join(this.any()),
    () => this.clone(this.any()),
    () => this.read(this.any()),
    () => this.mask(this.any()),
  ];

  // ---- computation

  private unary(x: Pair): void {
    if (this.c.below(2) === 0)
      this.keep(
        `${x.name}.neg()`,
        x.tensor.neg(),
        x.eager.map((v) => -v + 0),
      );
    else this.keep(`${x.name}.abs()`, x.tensor.abs(), x.eager.map(Math.abs));
  }
  private binary(x: Pair): void {
    const y = this.partner(x);
    const name = this.c.pick(["add", "sub", "maximum", "mul"] as const);
    const f = scalarFunctions[name];
    if (y === null || name === "mul" || this.c.oneIn(3)) {
      const number = this.c.below(3) - 1;
      if (name === "maximum") return;
      this.keep(
        `${x.name}.${name}(${number})`,
        x.tensor[name](number),
        x.eager.map((v) => f(v, number)),
      );
      return;
    }
    const eager = x.eager.elementwise(x.eager.zip(y.eager, f), y.eager);
    this.keep(`${x.name}.${name}(${y.name})`, x.tensor[name](y.tensor), eager);
  }
  private reduce(x: Pair): void {
    if (x.eager.dtype !== "int64" || x.eager.shape.length === 0) return;
    const axis = this.axis(x);
    this.keep(`${x.name}.sum(${axis})`, x.tensor.sum(axis), x.eager.sum(axis));
  }
  private join(x: Pair): void {
    if (x.eager.shape.length === 0 || elementCount(x.eager.shape) * 2 > maximumElements) return;
    const values = x.eager.values();
    const joined = x.eager.fresh([2, ...x.eager.shape], [...values, ...values]);
    this.keep(`torch.stack([${x.name}, ${x.name}])`, torch.stack([x.tensor, x.tensor]), joined);
  }
  private clone(x: Pair): void {
    if (this.c.below(2) === 0)
      this.keep(
        `${x.name}.clone()`,
        x.tensor.clone(),
        x.eager.map((v) => v),
      );
    else this.keep(`${x.name}.detach()`, x.tensor.detach(), x.eager);
  }
  private mask(x: Pair): void {
    const bound = this.c.below(5) - 2;
    const eager = x.eager.map((v) => (v > bound ? v : bound));
    this.keep(
      `torch.where(${x.name} > ${bound}, ${x.name}, ${bound})`,
      torch.where(x.tensor.gt(bound), x.tensor, bound),
      eager,
    );
  }

  // ---- views

  private slice(x: Pair): void {
    if (x.eager.shape.length === 0) return;
    const axis = this.axis(x);
    const full = x.eager.shape[axis]!;
    const start = this.c.below(full + 1);
    const step = this.c.pick([1, 2, 3]);
    const stop = start + this.c.below(full - start + 1);
    const size = Math.ceil((stop - start) / step);
    const index = [...new Array<string>(axis).fill(":"), `${start}:${stop}:${step}`].join(", ");
    this.keep(`${x.name}.at("${index}")`, x.tensor.at(index), x.eager.slice(axis, start, size, step));
  }
  private select(x: Pair): void {
    if (x.eager.shape.length === 0) return;
    const axis = this.axis(x);
    if (x.eager.shape[axis] === 0) return;
    const index = this.c.below(x.eager.shape[axis]!);
    this.keep(`${x.name}.select(${axis}, ${index})`, x.tensor.select(axis, index), x.eager.select(axis, index));
  }
  private permute(x: Pair): void {
    const axes = x.eager.shape.map((_, i) => i);
    for (let i = axes.length - 1; i > 0; i--) {
      const j = this.c.below(i + 1);
      [axes[i], axes[j]] = [axes[j]!, axes[i]!];
    }
    this.keep(`${x.name}.permute([${axes.join()}])`, x.tensor.permute(axes), x.eager.permute(axes));
  }
  private reshape(x: Pair): void {
    const count = elementCount(x.eager.shape);
    const shape: number[] = [];
    let rest = count;
    while (rest > 1 && shape.length < 3) {
      const divisor = this.c.pick([rest, 2, 3, 4, 5].filter((d) => rest % d === 0));
      shape.push(divisor);
      rest /= divisor;
    }
    if (rest !== 1) shape.push(rest);
    this.keep(`${x.name}.reshape([${shape.join()}])`, x.tensor.reshape(shape), x.eager.reshape(shape));
  }
  private squeezes(x: Pair): void {
    const rank = x.eager.shape.length;
    if (this.c.below(2) === 0 && rank < maximumRank) {
      const axis = this.c.below(rank + 1);
      this.keep(`${x.name}.unsqueeze(${axis})`, x.tensor.unsqueeze(axis), x.eager.unsqueeze(axis));
    } else if (rank > 0) {
      const axis = this.axis(x);
      this.keep(`${x.name}.squeeze(${axis})`, x.tensor.squeeze(axis), x.eager.squeeze(axis));
    }
  }
  private expand(x: Pair): void {
    const shape = x.eager.shape.map((size) => (size === 1 ? this.c.pick([3, 2, 1]) : size));
    if (shape.length < maximumRank && this.c.below(2) === 0) shape.unshift(2);
    if (elementCount(shape) > maximumElements) return;
    this.keep(`${x.name}.expand([${shape.join()}])`, x.tensor.expand(shape), x.eager.expand(shape));
  }
  private odd(x: Pair): void {
    const { shape } = x.eager;
    if (shape.length === 2 && this.c.below(2) === 0) {
      this.keep(`${x.name}.diagonal()`, x.tensor.diagonal(), x.eager.diagonal());
    } else if (shape.length > 0 && shape.length < maximumRank) {
      const axis = this.axis(x);
      const size = Math.min(shape[axis]!, 2);
      const step = this.c.pick([1, 2]);
      if (size === 0) return;
      this.keep(
        `${x.name}.unfold(${axis}, ${size}, ${step})`,
        x.tensor.unfold(axis, size, step),
        x.eager.unfold(axis, size, step),
      );
    }
  }

  // ---- writes

  private inplace(x: Pair): void {
    if (x.eager.overlaps) return;
    const name = this.c.pick(["add_", "mul_", "copy_", "sub_", "fill_", "neg_", "zero_"] as const);
    const number = this.c.below(5) - 2;
    const values = x.eager.values();
    const same = (f: (v: number) => number, text: string, run: () => Tensor): void => {
      this.listing.push(`${x.name}.${name}(${text});`);
      run();
      x.eager.write(values.map(f));
    };
    switch (name) {
      case "fill_":
        return same(
          () => number,
          String(number),
          () => x.tensor.fill_(number),
        );
      case "zero_":
        return same(
          () => 0,
          "",
          () => x.tensor.zero_(),
        );
      case "neg_":
        return same(
          (v) => -v + 0,
          "",
          () => x.tensor.neg_(),
        );
      case "mul_":
        return same(
          (v) => v * this.sign(number),
          String(this.sign(number)),
          () => x.tensor.mul_(this.sign(number)),
        );
      default:
    }
    const y = this.c.oneIn(3) ? null : this.partner(x);
    const f = {
      add_: (v: number, w: number) => v + w,
      sub_: (v: number, w: number) => v - w,
      copy_: (_: number, w: number) => w,
    }[name];
    if (y === null) {
      if (name !== "copy_")
        same(
          (v) => f(v, number),
          String(number),
          () => x.tensor[name](number),
        );
      return;
    }
    const written = x.eager.zip(y.eager, f);
    this.listing.push(`${x.name}.${name}(${y.name});`);
    const write = (): Tensor => (name === "copy_" ? x.tensor.copy_(y.tensor) : x.tensor[name](y.tensor));
    if (this.written(x, y, write)) x.eager.write(written);
  }
  /** Keeps values small. */
  private sign(number: number): number {
    return number > 0 ? -1 : number === 0 ? 0 : 1;
  }
  private assign(x: Pair): void {
    if (x.eager.shape.length === 0 || x.eager.overlaps) return;
    const axis = this.axis(x);
    const full = x.eager.shape[axis]!;
    if (full === 0) return;
    const start = this.c.below(full);
    const step = this.c.pick([1, 2]);
    const target = x.eager.slice(axis, start, Math.ceil((full - start) / step), step);
    const index = [...new Array<string>(axis).fill(":"), `${start}::${step}`].join(", ");
    const number = this.c.below(9);
    this.listing.push(`${x.name}.set_at("${index}", ${number});`);
    x.tensor.set_at(index, number);
    target.write(target.values().map(() => number));
  }
  /** A slice takes another tensor, which may be part of the same memory. */
  private assignTensor(x: Pair): void {
    if (x.eager.shape.length === 0 || x.eager.overlaps) return;
    const axis = this.axis(x);
    const full = x.eager.shape[axis]!;
    if (full === 0) return;
    const start = this.c.below(full);
    const target = x.eager.slice(axis, start, full - start, 1);
    const y = this.partner({ ...x, eager: target });
    if (y === null) return;
    const index = [...new Array<string>(axis).fill(":"), `${start}:`].join(", ");
    const written = target.zip(y.eager, (_, w) => w);
    this.listing.push(`${x.name}.set_at("${index}", ${y.name});`);
    const write = (): Tensor => x.tensor.set_at(index, y.tensor);
    const part = { ...x, tensor: x.tensor.at(index), eager: target };
    // What is broadcast may be part of what it is written to.
    const isWhole = elementCount(y.eager.shape) === elementCount(target.shape);
    if (!isWhole) write();
    else if (!this.written(part, { ...y, tensor: y.tensor.expand([...target.shape]) }, write)) return;
    target.write(written);
  }
  private assignMasked(x: Pair): void {
    if (x.eager.overlaps) return;
    const bound = this.c.below(5) - 2;
    const number = this.c.below(9);
    const written = x.eager.values().map((v) => (v > bound ? number : v));
    this.listing.push(`${x.name}.set_at([${x.name} > ${bound}], ${number});`);
    x.tensor.set_at([x.tensor.gt(bound)], number);
    x.eager.write(written);
  }
  private assignRows(x: Pair): void {
    const rows = x.eager.shape[0] ?? 0;
    if (rows === 0 || x.eager.overlaps) return;
    const chosen = [this.c.below(rows), this.c.below(rows)];
    const number = this.c.below(9);
    this.listing.push(`${x.name}.set_at([[${chosen.join()}]], ${number});`);
    x.tensor.set_at([chosen], number);
    for (const row of chosen) {
      const target = x.eager.select(0, row);
      target.write(target.values().map(() => number));
    }
  }
  /** The result may be one of the arguments. */
  private writeOut(x: Pair): void {
    const candidates = this.pool.filter(
      ({ eager }) => eager.dtype === x.eager.dtype && eager.shape.join() === x.eager.shape.join() && !eager.overlaps,
    );
    if (candidates.length === 0) return;
    const out = this.c.pick(candidates);
    // What does not lie densely PyTorch computes in whatever order.
    if (out.eager.data === x.eager.data && (out.eager.span === null || x.eager.span === null)) return;
    const number = this.c.below(5) - 2;
    const written = x.eager.values().map((v) => v + number);
    this.listing.push(`torch.add(${x.name}, ${number}, { out: ${out.name} });`);
    if (this.written(out, x, () => torch.add(x.tensor, number, { out: out.tensor }))) out.eager.write(written);
  }
  /** A write from outside, through the array that shares the memory. */
  private writeArray(x: Pair): void {
    const count = elementCount(x.eager.shape);
    if (count === 0 || !x.tensor.is_contiguous() || x.eager.overlaps) return;
    this.noteRead();
    const array = x.tensor.numpy() as Float32Array | BigInt64Array;
    const place = this.c.below(count);
    const number = this.c.below(9);
    this.listing.push(`${x.name}.numpy()[${place}] = ${number};`);
    array[place] = x.eager.dtype === "int64" ? BigInt(number) : number;
    x.eager.write(x.eager.values().with(place, number));
  }
  private strided(x: Pair): void {
    const { eager, tensor } = x;
    if (eager.data.length < 6 || eager.offset + 5 >= eager.data.length) return;
    const [shape, strides] = [
      [2, 3],
      this.c.pick([
        [3, 1],
        [1, 2],
        [2, 1],
      ]),
    ];
    this.keep(
      `${x.name}.as_strided([${shape.join()}], [${strides.join()}])`,
      tensor.as_strided(shape, strides),
      eager.view(shape, strides),
    );
  }

  // ---- tensors that become something else, of which views stay what they are

  private become(x: Pair): void {
    const rank = x.eager.shape.length;
    const kind = this.c.pick(["transpose_", "unsqueeze_", "squeeze_", "resize_", "set_", "data"] as const);
    if (kind === "set_" || kind === "data") return this.becomeOther(x, kind);
    if (kind === "unsqueeze_") {
      if (rank === maximumRank) return;
      const axis = this.c.below(rank + 1);
      return this.became(x, `unsqueeze_(${axis})`, x.tensor.unsqueeze_(axis), x.eager.unsqueeze(axis));
    }
    if (rank === 0) return;
    const axis = this.axis(x);
    if (kind === "squeeze_") return this.became(x, `squeeze_(${axis})`, x.tensor.squeeze_(axis), x.eager.squeeze(axis));
    if (kind === "resize_") {
      // Only of what lies in a row are the elements that stay the first ones both of the tensor and of its memory.
      if (!x.tensor.is_contiguous()) return;
      const size = this.c.below(elementCount(x.eager.shape) + 1);
      return this.became(x, `resize_(${size})`, x.tensor.resize_(size), x.eager.view([size], [1]));
    }
    const other = this.axis(x);
    const axes = x.eager.shape.map((_, i) => (i === axis ? other : i === other ? axis : i));
    this.became(x, `transpose_(${axis}, ${other})`, x.tensor.transpose_(axis, other), x.eager.permute(axes));
  }
  private becomeOther(x: Pair, kind: "set_" | "data"): void {
    const y = this.c.pick(this.pool.filter(({ eager }) => eager.dtype === x.eager.dtype));
    if (kind === "set_") return this.became(x, `set_(${y.name})`, x.tensor.set_(y.tensor), y.eager);
    x.tensor.data = y.tensor;
    this.became(x, `data = ${y.name}`, x.tensor, y.eager);
  }
  /** The object has several names where an operator gave it back as it was: all of them become that. */
  private became(x: Pair, text: string, tensor: Tensor, eager: Eager): void {
    this.listing.push(`${x.name}.${text};`);
    this.pool.forEach((pair, i) => {
      if (pair.tensor === tensor) this.pool[i] = { ...pair, eager };
    });
  }
}

const scalarFunctions = {
  add: (x: number, y: number): number => x + y,
  sub: (x: number, y: number): number => x - y,
  mul: (x: number, y: number): number => x * y,
  maximum: Math.max,
};
