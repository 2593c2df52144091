/** Short-time Fourier transforms: of windows that slide over a signal, and back. */
import { formatShape } from "../../shape.ts";
import type { GraphBuilder } from "../../builder.ts";
import { complexOf, isComplex, isFloat } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import { isNode, type Node } from "../../graph.ts";
import { defineOp, operator, recordOperator } from "../../operator.ts";
import { describe, refuseComplex } from "../support.ts";
import { resized, scaled, transformed } from "./lines.ts";

interface Frames {
  readonly name: string;
  readonly size: number;
  readonly hop: number;
  readonly windowSize: number;
}

function framesOf(name: string, n_fft: number, hop: number | null, windowSize: number | null): Frames {
  const frames = { name, size: n_fft, hop: hop ?? Math.floor(n_fft / 4), windowSize: windowSize ?? n_fft };
  if (n_fft <= 0) throw new ArgumentError(`${name}/n_fft`, `${name}: expected n_fft > 0, but got n_fft=${n_fft}.`);
  if (frames.hop <= 0)
    throw new ArgumentError(`${name}/hop`, `${name}: expected hop_length > 0, but got hop_length=${frames.hop}.`);
  if (frames.windowSize <= 0 || frames.windowSize > n_fft)
    throw new ArgumentError(
      `${name}/win_length`,
      `${name}: expected 0 < win_length <= n_fft, but got win_length=${frames.windowSize}.`,
    );
  return frames;
}

/** The window, ones where none is given, in the middle of a frame. */
function windowOf(
  g: GraphBuilder,
  { name, size, windowSize }: Frames,
  window: Node | null,
  dtype: Node["dtype"],
): Node {
  if (window !== null && (window.shape.length !== 1 || window.shape[0] !== windowSize))
    throw new ShapeError(
      `${name}/window`,
      `${name}: expected a 1D window tensor of size equal to win_length=${windowSize}, but got window with size ${formatShape(window.shape)}: ${describe(window)}.`,
    );
  const given = window === null ? g.full([windowSize], 1, dtype) : g.cast(window, dtype);
  const left = Math.floor((size - windowSize) / 2);
  return g.pad(given, [left], [size - windowSize - left], 0);
}

const signature = "int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True";

defineOp({
  name: "stft",
  signature:
    `stft(Tensor input, ${signature}, 'constant'|'reflect'|'replicate'|'circular' pad_mode='reflect', bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor` as "stft(Tensor input, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, 'constant'|'reflect'|'replicate'|'circular' pad_mode='reflect', bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The Fourier transforms of windows that slide over a signal.",
    shape: "[*, L] -> [*, n_fft / 2 + 1 or n_fft, frames]",
    source: "torch.stft",
  },
  // Frame by frame.
  layout: (_, results) =>
    results.map(({ dtype, shape: { length } }) => {
      const axes = Array.from({ length }, (_axis, i) => i);
      const frequency = length - (isComplex(dtype) ? 2 : 3);
      return [...axes.slice(0, frequency), frequency + 1, frequency, ...axes.slice(frequency + 2)];
    }),
  saves: [
    { name: "input", for: ["input"] },
    { name: "window", for: ["input"] },
  ],
  gradient: "through decomposition",
  record(
    g,
    {
      input,
      n_fft,
      hop_length,
      win_length,
      window,
      center,
      pad_mode,
      normalized,
      onesided,
      return_complex,
      align_to_window,
    },
  ) {
    const frames = framesOf("stft", n_fft, hop_length, win_length);
    if (!isFloat(input.dtype) && !isComplex(input.dtype))
      throw new DTypeError(
        "stft/dtype",
        `stft: expected a tensor of floating point or complex values, got ${describe(input)}.`,
      );
    if (input.shape.length < 1 || input.shape.length > 2)
      throw new ShapeError("stft/rank", `stft: expected a 1D or 2D tensor, got ${describe(input)}.`);
    if (align_to_window !== null && center)
      throw new ArgumentError("stft/align", "stft: align_to_window should only be set when center = false.");
    const complex = isComplex(input.dtype) || (window !== null && isComplex(window.dtype));
    if (return_complex === null && !complex)
      throw new ArgumentError(
        "stft/return_complex",
        "stft requires the return_complex parameter be given for real inputs, and will further require that return_complex=True in a future PyTorch release.",
        "Pass { return_complex: true }.",
      );
    if (onesided === true && complex)
      throw new ArgumentError("stft/onesided", "stft: Cannot have onesided output if window or input is complex.");
    const half = onesided ?? !complex;
    const dtype = complex ? complexOf(input.dtype) : input.dtype;
    const signal = g.cast(input.shape.length === 1 ? g.reshape(input, [1, input.shape[0]!]) : input, dtype);
    const amount = Math.floor(n_fft / 2);
    const padded = center ? padAround(g, signal, amount, pad_mode) : signal;
    if (padded.shape[1]! < n_fft)
      throw new ShapeError("stft/length", `stft: expected 0 < n_fft <= ${padded.shape[1]}, but got n_fft=${n_fft}.`);
    const pieces = g.window(padded, [n_fft], [frames.hop], [1]);
    const weighed = g.cast(g.mul(pieces, windowOf(g, frames, window, dtype)), complexOf(dtype));
    const spectrum = transformed(g, weighed, 2, false);
    const kept = half ? g.sliceAxis(spectrum, 2, 0, amount + 1) : spectrum;
    const sized = scaled(g, kept, normalized ? 1 / Math.sqrt(n_fft) : 1);
    const turned = g.permute(sized, [0, 2, 1]);
    const result = input.shape.length === 1 ? g.reshape(turned, turned.shape.slice(1)) : turned;
    return (return_complex ?? complex) ? result : g.asReal(result);
  },
});

/** Of complex signals both parts. */
function padAround(g: GraphBuilder, signal: Node, amount: number, mode: string): Node {
  const pad = (x: Node): Node =>
    recordOperator(g, operator("pad"), { input: x, pad: [amount, amount], mode, value: null }, isNode) as Node;
  return isComplex(signal.dtype) ? g.complex(pad(g.real(signal)), pad(g.imag(signal))) : pad(signal);
}

defineOp({
  name: "istft",
  signature:
    `istft(Tensor input, ${signature}, bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor` as "istft(Tensor input, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The signal with these short-time Fourier transforms, in the sense of least squares.",
    shape: "[*, n_fft / 2 + 1 or n_fft, frames] -> [*, L]",
    source: "torch.istft",
  },
  gradient: "through decomposition",
  record(g, { input, n_fft, hop_length, win_length, window, center, normalized, onesided, length, return_complex }) {
    const frames = framesOf("istft", n_fft, hop_length, win_length);
    if (!isComplex(input.dtype))
      throw new DTypeError(
        "istft/complex",
        `istft requires a complex-valued input tensor matching the output from stft with return_complex=True, got ${describe(input)}.`,
        "Use view_as_complex().",
      );
    if (input.shape.length < 2 || input.shape.length > 3 || input.shape.includes(0))
      throw new ShapeError(
        "istft/rank",
        `istft: expected a tensor with 2 or 3 dimensions that is not empty, got ${describe(input)}.`,
      );
    const [bins, half] = [input.shape.at(-2)!, Math.floor(n_fft / 2) + 1];
    const isOnesided = onesided ?? bins !== n_fft;
    if (bins !== (isOnesided ? half : n_fft))
      throw new ShapeError(
        "istft/bins",
        `istft: expected the frequency dimension (3rd to the last) of the input tensor to match ${isOnesided ? "n_fft / 2 + 1" : "n_fft"} when onesided=${isOnesided}, but got ${bins}.`,
      );
    // A real signal comes of half of its spectrum.
    const isHalf = isOnesided || !return_complex;
    if (window !== null) refuseComplexWindow(window, isHalf);
    const lead = input.shape.length === 2 ? g.reshape(input, [1, ...input.shape]) : input;
    const all = g.permute(lead, [0, 2, 1]);
    const lines = isHalf ? g.sliceAxis(all, 2, 0, half) : all;
    const waves = scaled(g, backwards(g, lines, n_fft, isHalf), (normalized ? Math.sqrt(n_fft) : 1) / n_fft);
    const real = isHalf && !return_complex;
    const pieces = real ? g.real(waves) : waves;
    const weights = windowOf(g, frames, window, pieces.dtype);
    const count = pieces.shape[1]!;
    const square = g.expandTo(g.mul(weights, weights), [1, count, n_fft]);
    const start = center ? Math.floor(n_fft / 2) : 0;
    const whole = n_fft + frames.hop * (count - 1);
    const end = length === null ? (center ? whole - Math.floor(n_fft / 2) : whole) : start + length;
    const cut = (line: Node): Node => {
      const kept = g.sliceAxis(line, 1, start, Math.min(end, whole) - start);
      return resized(g, kept, 1, end - start);
    };
    const envelope = cut(added(g, square, frames.hop));
    const covered = g.abs(g.sliceAxis(envelope, 1, 0, Math.min(end, whole) - start));
    const signal = cut(added(g, g.mul(pieces, weights), frames.hop));
    const checked = g.refuseWhere(
      signal,
      () => g.le(covered, 1e-11),
      () =>
        new ArgumentError("istft/window", "istft: window overlap add min: 1 (the window does not cover the signal)."),
    );
    const result = g.div(checked, g.expandTo(g.where(g.eq(envelope, 0), 1, envelope), signal.shape));
    return input.shape.length === 2 ? g.reshape(result, [end - start]) : result;
  },
});

function refuseComplexWindow(window: Node, isHalf: boolean): void {
  if (isHalf) refuseComplex("istft", window);
}

/** The inverse transforms without their factor; half a spectrum has its mirror image put beside it. */
function backwards(g: GraphBuilder, lines: Node, n: number, isHalf: boolean): Node {
  if (!isHalf) return transformed(g, lines, 2, true);
  const position = g.iotaAlong(lines.shape, 2, "int32");
  const single = g.or(g.eq(position, 0), g.eq(g.mul(position, 2), n));
  const doubled = g.where(single, lines, g.mul(lines, 2));
  return g.cast(g.real(transformed(g, resized(g, doubled, 2, n), 2, true)), lines.dtype);
}

/** Frames [B, count, n] put where they belong, `hop` apart, and added up. */
function added(g: GraphBuilder, frames: Node, hop: number): Node {
  const [batch, count, n] = frames.shape as readonly [number, number, number];
  const length = n + hop * (count - 1);
  const starts = g.mul(g.iotaAlong([count, n], 0, "int64"), BigInt(hop));
  const places = g.add(starts, g.iotaAlong([count, n], 1, "int64"));
  const updates = g.permute(frames, [1, 2, 0]);
  return g.permute(g.scatter("add", g.full([length, batch], 0, frames.dtype), updates, [0], [places]), [1, 0]);
}
