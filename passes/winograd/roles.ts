/** Which dots are convolutions of 3x3 filters, or the gradients of their filters: found by how windows move. */
import type { Node, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/shape.ts";
import { linearAccess } from "../../ir/views.ts";

export type Dot = Node & NodeOf<"dot">;
type Side = 0 | 1;

export const taps = 3;
/** Results of a tile along an axis. */
export const outputs = 2;

/** An operand whose axes have roles. */
export interface Operand {
  readonly node: Node;
  /** What stands beside each other. */
  readonly batch: readonly number[];
  /** Channels of images, and of filters. */
  readonly channels: readonly number[];
}

/** Windows of an image. */
export interface Image extends Operand {
  /** Down and across the window. */
  readonly window: readonly [number, number];
  /** Where the window is: down and across the results. */
  readonly places: readonly [number, number];
}

export interface Filters extends Operand {
  readonly window: readonly [number, number];
  readonly filters: readonly number[];
}

/** What the results' gradients are: as many channels as there are filters. */
export interface Results extends Operand {
  readonly places: readonly [number, number];
}

export interface Convolution {
  readonly kind: "convolution";
  /** The image is the left operand, so that its axes come first in the result. */
  readonly isImageFirst: boolean;
  readonly image: Image;
  readonly filters: Filters;
}

export interface FilterGradient {
  readonly kind: "filter gradient";
  readonly dot: Dot;
  readonly imageSide: Side;
  readonly image: Image;
  readonly results: Results;
}

export const sizesOf = ({ node }: Operand, axes: readonly number[]): number[] => axes.map((axis) => node.shape[axis]!);
export const countOf = (operand: Operand, axes: readonly number[]): number => elementCount(sizesOf(operand, axes));

export const findConvolution = (dot: Dot): Convolution | FilterGradient | null =>
  asConvolution(dot, 0) ?? asConvolution(dot, 1) ?? asFilterGradient(dot, 0) ?? asFilterGradient(dot, 1);

const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

export function freeAxes({ attrs: { batch, contract }, inputs }: Dot, side: Side): number[] {
  return inputs[side]!.shape.map((_, axis) => axis).filter(
    (axis) => !batch[side].includes(axis) && !contract[side].includes(axis),
  );
}

/** For each of the places an axis of `among` along which a window of three moves as it does; null without two. */
function windowOf(
  node: Node,
  places: readonly number[],
  among: readonly number[],
): { readonly window: [number, number]; readonly places: [number, number] } | null {
  const { strides } = linearAccess(node);
  const pairs = places.flatMap((place) => {
    const isTap = (axis: number): boolean => strides[axis] === strides[place] && node.shape[axis] === taps;
    const tap = strides[place] === 0 ? undefined : among.find(isTap);
    return tap !== undefined && node.shape[place]! % outputs === 0 ? [{ place, tap }] : [];
  });
  const [down, across] = pairs;
  if (pairs.length !== 2 || down!.tap === across!.tap) return null;
  return { window: [down!.tap, across!.tap], places: [down!.place, across!.place] };
}

/** Results are free, the window is contracted. */
function asConvolution(dot: Dot, side: Side): Convolution | null {
  const { batch, contract } = dot.attrs;
  const other = otherSide(side);
  const [node, partner] = [dot.inputs[side]!, dot.inputs[other]!];
  const free = freeAxes(dot, side);
  const found = free.length === 2 ? windowOf(node, free, contract[side]) : null;
  if (found === null) return null;
  const { strides } = linearAccess(partner);
  // All images have the same filters.
  if (batch[other].some((axis) => strides[axis] !== 0 && partner.shape[axis] !== 1)) return null;
  const isTap = found.window.map((axis) => contract[side].indexOf(axis));
  const channels = (of: Side): number[] => contract[of].filter((_, i) => !isTap.includes(i));
  const window = isTap.map((i) => contract[other][i]!) as [number, number];
  return {
    kind: "convolution",
    isImageFirst: side === 0,
    image: { node, batch: batch[side], channels: channels(side), ...found },
    filters: { node: partner, batch: batch[other], channels: channels(other), window, filters: freeAxes(dot, other) },
  };
}

/** The window is free, results are contracted. */
function asFilterGradient(dot: Dot, side: Side): FilterGradient | null {
  const { batch, contract } = dot.attrs;
  const other = otherSide(side);
  const [node, partner] = [dot.inputs[side]!, dot.inputs[other]!];
  if (batch[side].some((axis) => node.shape[axis] !== 1)) return null;
  const free = freeAxes(dot, side);
  const found = windowOf(node, contract[side], free);
  if (found === null) return null;
  const isPlace = found.places.map((axis) => contract[side].indexOf(axis));
  const beside = (of: Side): number[] => [...contract[of].filter((_, i) => !isPlace.includes(i)), ...batch[of]];
  const places = isPlace.map((i) => contract[other][i]!) as [number, number];
  const channels = free.filter((axis) => !found.window.includes(axis));
  return {
    kind: "filter gradient",
    dot,
    imageSide: side,
    image: { node, batch: beside(side), channels, ...found },
    results: { node: partner, batch: beside(other), channels: freeAxes(dot, other), places },
  };
}
