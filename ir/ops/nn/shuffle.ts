/** Rearrangements of channels and positions. */
import { ShapeError } from "../../errors.ts";
import { defineOp } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { describe } from "../support.ts";
import { axesBetween, range } from "./support.ts";

const places = ["torch", "nn.functional"] as const;

export const pixelShuffle = defineOp({
  name: "pixel_shuffle",
  signature: "pixel_shuffle(Tensor input, int upscale_factor) -> Tensor",
  places,
  doc: {
    summary: "Turns groups of r * r channels into r by r blocks of positions.",
    shape: "[*, C * r * r, H, W] -> [*, C, H * r, W * r]",
    source: "torch.nn.functional.pixel_shuffle",
  },
  gradient: "through decomposition",
  record(g, { input, upscale_factor: r }) {
    const rank = input.shape.length;
    if (rank < 3)
      throw new ShapeError(
        "pixel_shuffle/rank",
        `pixel_shuffle expects input to have at least 3 dimensions, but got input with ${rank} dimension(s).`,
      );
    if (r <= 0)
      throw new ShapeError("pixel_shuffle/factor", `pixel_shuffle expects a positive upscale_factor, but got ${r}.`);
    const [channels, height, width] = input.shape.slice(-3) as [number, number, number];
    if (channels % (r * r) !== 0)
      throw new ShapeError(
        "pixel_shuffle/channels",
        `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=${channels} is not divisible by ${r * r}.`,
      );
    const lead = input.shape.slice(0, -3);
    const n = lead.length;
    const split = g.reshape(input, [...lead, channels / (r * r), r, r, height, width]);
    const moved = g.permute(split, [...range(n), n, n + 3, n + 1, n + 4, n + 2]);
    return g.reshape(moved, [...lead, channels / (r * r), height * r, width * r]);
  },
});

export const pixelUnshuffle = defineOp({
  name: "pixel_unshuffle",
  signature: "pixel_unshuffle(Tensor input, int downscale_factor) -> Tensor",
  places,
  doc: {
    summary: "Turns r by r blocks of positions into r * r channels: undoes pixel_shuffle.",
    shape: "[*, C, H * r, W * r] -> [*, C * r * r, H, W]",
    source: "torch.nn.functional.pixel_unshuffle",
  },
  gradient: "through decomposition",
  record(g, { input, downscale_factor: r }) {
    const rank = input.shape.length;
    if (rank < 3)
      throw new ShapeError(
        "pixel_unshuffle/rank",
        `pixel_unshuffle expects input to have at least 3 dimensions, but got input with ${rank} dimension(s).`,
      );
    if (r <= 0)
      throw new ShapeError(
        "pixel_unshuffle/factor",
        `pixel_unshuffle expects a positive downscale_factor, but got ${r}.`,
      );
    const [channels, height, width] = input.shape.slice(-3) as [number, number, number];
    if (height % r !== 0 || width % r !== 0)
      throw new ShapeError(
        "pixel_unshuffle/sizes",
        `pixel_unshuffle expects height and width to be divisible by downscale_factor, but got input ${describe(input)} and downscale_factor ${r}.`,
      );
    const lead = input.shape.slice(0, -3);
    const n = lead.length;
    const split = g.reshape(input, [...lead, channels, height / r, r, width / r, r]);
    const moved = g.permute(split, [...range(n), n, n + 2, n + 4, n + 1, n + 3]);
    return g.reshape(moved, [...lead, channels * r * r, height / r, width / r]);
  },
});

export const channelShuffle = defineOp({
  name: "channel_shuffle",
  aliases: ["native_channel_shuffle"],
  signature: "channel_shuffle(Tensor input, int groups) -> Tensor",
  places,
  doc: {
    summary: "Interleaves the channels of `groups` groups.",
    shape: "[N, C, *] -> [N, C, *]",
    source: "torch.nn.functional.channel_shuffle",
  },
  gradient: "through decomposition",
  record(g, { input, groups }) {
    if (input.shape.length < 3)
      throw new ShapeError(
        "channel_shuffle/rank",
        `channel_shuffle expects input with > 2 dims, but got input with sizes ${formatShape(input.shape)}.`,
      );
    const [batch, channels] = input.shape as [number, number];
    if (groups <= 0 || channels % groups !== 0)
      throw new ShapeError(
        "channel_shuffle/groups",
        `channel_shuffle: Number of channels must be divisible by groups. Got ${channels} channels and ${groups} groups.`,
      );
    const rest = input.shape.slice(2);
    const split = g.reshape(input, [batch, groups, channels / groups, ...rest]);
    return g.reshape(g.permute(split, [0, 2, 1, ...axesBetween(3, 3 + rest.length)]), input.shape);
  },
});
