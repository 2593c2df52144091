/** `torch.nn.utils.rnn`: sequences of different lengths, padded or packed. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html */
import "../../../ir/ops/joining.ts";
import { ArgumentError, ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { withSite } from "../../call.ts";
import { fromHost, full } from "../../creation.ts";
import { currentDevice } from "../../devices.ts";
import { hostContentsOf } from "../../host-contents.ts";
import { Tensor } from "../../tensor.ts";
import { op } from "../op.ts";

type MaybeTensor = Tensor | null;
type Lengths = Tensor | readonly number[];

/** Integers of a tensor or a list. */
const integersOf = (values: Lengths): number[] =>
  values instanceof Tensor
    ? Array.from((hostContentsOf(values) ?? values.readSync_()) as ArrayLike<number | bigint>, Number)
    : [...values];
const onCpu = (values: readonly number[]): Tensor => fromHost(values, [values.length], "int64", currentDevice("cpu"));
const beside = (values: readonly number[], tensor: Tensor): Tensor =>
  fromHost(values, [values.length], "int64", tensor.storage_.device);

const packed = signature<
  [data: Tensor, batch_sizes: MaybeTensor, sorted_indices: MaybeTensor, unsorted_indices: MaybeTensor]
>()("data, batch_sizes?, sorted_indices?, unsorted_indices?");

/** The elements of all sequences by time: first the first ones of every sequence, longest sequence first. */
export class PackedSequence implements Iterable<MaybeTensor> {
  readonly data: Tensor;
  /** How many sequences reach each time; on the CPU. */
  readonly batch_sizes: Tensor;
  /** Which sequence stands at each place, longest first; null if they were given in that order. */
  readonly sorted_indices: MaybeTensor;
  readonly unsorted_indices: MaybeTensor;
  /** @internal */ readonly batchSizes_: readonly number[];

  constructor(...args: CallOf<typeof packed>) {
    const { data, batch_sizes, sorted_indices, unsorted_indices } = packed.bind("PackedSequence", args);
    if (!batch_sizes)
      throw new ArgumentError(
        "packed-sequence/batch-sizes",
        "PackedSequence: missing the batch sizes.",
        "pack_padded_sequence and pack_sequence make packed sequences.",
      );
    this.data = data;
    this.batch_sizes = batch_sizes;
    this.sorted_indices = sorted_indices ?? null;
    this.batchSizes_ = integersOf(batch_sizes);
    this.unsorted_indices = unsorted_indices ?? invert_permutation(this.sorted_indices);
  }
  /** @internal Where each sequence stands; null if they were given in that order. */
  get places_(): readonly number[] | null {
    return this.unsorted_indices === null ? null : integersOf(this.unsorted_indices);
  }
  /** The same with its data (and indices) converted or moved. */
  to(...args: Parameters<Tensor["to"]>): PackedSequence {
    const data = this.data.to(...args);
    const moved = (indices: MaybeTensor): MaybeTensor => (indices === null ? null : indices.to(data.device));
    return new PackedSequence(data, this.batch_sizes, moved(this.sorted_indices), moved(this.unsorted_indices));
  }
  cpu(): PackedSequence {
    return this.to("cpu");
  }
  cuda(): PackedSequence {
    return this.to("cuda");
  }
  get is_cuda(): boolean {
    return this.data.device.type === "webgpu";
  }
  *[Symbol.iterator](): IterableIterator<MaybeTensor> {
    yield this.data;
    yield this.batch_sizes;
    yield this.sorted_indices;
    yield this.unsorted_indices;
  }
}

function inverse(permutation: readonly number[]): number[] {
  const places = new Array<number>(permutation.length);
  permutation.forEach((from, to) => (places[from] = to));
  return places;
}
/** The permutation that undoes another. */
export const invert_permutation = (permutation: MaybeTensor): MaybeTensor =>
  permutation === null ? null : beside(inverse(integersOf(permutation)), permutation);

const timeFirst = (input: Tensor, batchFirst: boolean): Tensor => (batchFirst ? op("transpose", input, 0, 1) : input);

const pack = signature<[lengths: Lengths, batch_first: boolean, enforce_sorted: boolean]>()(
  "lengths, batch_first?, enforce_sorted?",
);

/** Packs [T, B, *] (or [B, T, *]). https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html */
export function pack_padded_sequence(input: Tensor, ...args: CallOf<typeof pack>): PackedSequence {
  return withSite(() => {
    const { lengths: given, batch_first = false, enforce_sorted = true } = pack.bind("pack_padded_sequence", args);
    const lengths = integersOf(given);
    const padded = timeFirst(input, batch_first);
    const [time, batch] = padded.shape as readonly [number, number, ...number[]];
    if (lengths.length !== batch)
      throw new ValueError(
        "pack/lengths",
        `pack_padded_sequence: Expected \`len(lengths)\` to be equal to batch_size, but got ${lengths.length} (batch_size=${batch}).`,
      );
    if (lengths.some((length) => length <= 0))
      throw new ValueError(
        "pack/empty",
        "pack_padded_sequence: Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0.",
      );
    const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]!);
    if (enforce_sorted && lengths.some((length, i) => i > 0 && length > lengths[i - 1]!))
      throw new ValueError(
        "pack/order",
        "pack_padded_sequence: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True.",
        "Pass { enforce_sorted: false } if you do not need ONNX exportability.",
      );
    const longest = lengths[order[0]!]!;
    if (longest > time)
      throw new ValueError(
        "pack/time",
        `pack_padded_sequence: a length of ${longest} exceeds the input's ${time} time steps.`,
      );
    const batchSizes: number[] = [];
    const rows: number[] = [];
    for (let t = 0; t < longest; t++) {
      const count = lengths.filter((length) => length > t).length;
      batchSizes.push(count);
      for (let b = 0; b < count; b++) rows.push(t * batch + order[b]!);
    }
    const data = op(
      "index_select",
      op("reshape", padded, [time * batch, ...padded.shape.slice(2)]),
      0,
      beside(rows, input),
    );
    return new PackedSequence(data, onCpu(batchSizes), enforce_sorted ? null : beside(order, input));
  });
}

const pad = signature<[batch_first: boolean, padding_value: number, total_length: number | null]>()(
  "batch_first?, padding_value?, total_length?",
);

/**
 * The opposite of packing: [padded, lengths].
 *
 * Shape: `packed -> [T, N, *] or [N, T, *], int64[N]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html
 */
export function pad_packed_sequence(
  sequence: PackedSequence,
  ...args: CallOf<typeof pad>
): [padded: Tensor, lengths: Tensor] {
  return withSite(() => {
    const { batch_first = false, padding_value = 0, total_length } = pad.bind("pad_packed_sequence", args);
    const { data, batchSizes_: sizes, places_: places } = sequence;
    const longest = sizes.length;
    const time = total_length ?? longest;
    if (time < longest)
      throw new ValueError(
        "pad/total-length",
        `pad_packed_sequence: Expected total_length to be at least the length of the longest sequence in input, but got total_length=${time} and max sequence length being ${longest}.`,
      );
    const batch = sizes[0] ?? 0;
    const starts: number[] = [];
    sizes.reduce((start, size) => (starts.push(start), start + size), 0);
    const placeOf = (b: number): number => places?.[b] ?? b;
    // One more row holds the padding.
    const padding = data.shape[0]!;
    const rows = Array.from({ length: time * batch }, (_, i) => {
      const [t, place] = [Math.floor(i / batch), placeOf(i % batch)];
      return t < longest && place < sizes[t]! ? starts[t]! + place : padding;
    });
    const filler = full([1, ...data.shape.slice(1)], padding_value, { dtype: data.dtype, device: data.device });
    const padded = op("reshape", op("index_select", op("cat", [data, filler]), 0, beside(rows, data)), [
      time,
      batch,
      ...data.shape.slice(1),
    ]);
    const lengths = Array.from({ length: batch }, (_, b) => sizes.filter((size) => placeOf(b) < size).length);
    return [timeFirst(padded, batch_first), onCpu(lengths)];
  });
}

const padList = signature<[batch_first: boolean, padding_value: number, padding_side: "left" | "right"]>()(
  "batch_first?, padding_value?, padding_side?",
);

/**
 * Stacks sequences, each padded to the longest.
 *
 * Shape: `N of [L_i, *] -> [T, N, *] or [N, T, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
 */
export function pad_sequence(sequences: readonly Tensor[] | Tensor, ...args: CallOf<typeof padList>): Tensor {
  return withSite(() => {
    const { batch_first = false, padding_value = 0, padding_side = "right" } = padList.bind("pad_sequence", args);
    const list = [...sequences];
    const longest = Math.max(0, ...list.map((sequence) => sequence.shape[0]!));
    const padded = list.map((sequence) => {
      const missing = longest - sequence.shape[0]!;
      if (missing === 0) return sequence;
      const filler = full([missing, ...sequence.shape.slice(1)], padding_value, {
        dtype: sequence.dtype,
        device: sequence.device,
      });
      return op("cat", padding_side === "right" ? [sequence, filler] : [filler, sequence]);
    });
    return op("stack", padded, batch_first ? 0 : 1);
  });
}

const packList = signature<[enforce_sorted: boolean]>()("enforce_sorted?");
/** Packs a list of sequences. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html */
export function pack_sequence(sequences: readonly Tensor[], ...args: CallOf<typeof packList>): PackedSequence {
  const { enforce_sorted = true } = packList.bind("pack_sequence", args);
  return pack_padded_sequence(
    pad_sequence(sequences),
    sequences.map((sequence) => sequence.shape[0]!),
    { enforce_sorted },
  );
}

const unpadList = signature<[lengths: Lengths, batch_first: boolean]>()("lengths, batch_first?");
/**
 * The sequences of a padded tensor.
 *
 * Shape: `[T, N, *] or [N, T, *] -> N of [L_i, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html
 */
export function unpad_sequence(padded_sequences: Tensor, ...args: CallOf<typeof unpadList>): Tensor[] {
  return withSite(() => {
    const { lengths, batch_first = false } = unpadList.bind("unpad_sequence", args);
    return integersOf(lengths).map((length, i) =>
      op("narrow", op("select", padded_sequences, batch_first ? 0 : 1, i), 0, 0, length),
    );
  });
}
/**
 * The sequences of a packed one.
 *
 * Shape: `packed -> N of [L_i, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html
 */
export function unpack_sequence(packed_sequences: PackedSequence): Tensor[] {
  const [padded, lengths] = pad_packed_sequence(packed_sequences, { batch_first: true });
  return unpad_sequence(padded, lengths, { batch_first: true });
}
