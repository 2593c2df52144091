import { vector, type Width } from "./types.ts";

/** One WGSL function, written for every width. */
export interface Helper {
  /** Other helpers that the text calls, with the same width. */
  readonly uses?: readonly string[];
  /** Set for a function of this many floats that has no four-lane text: its four-lane form calls it for each lane. */
  readonly lanewise?: 1 | 2;
  readonly source: (width: Width) => string;
}

export function lanewiseSource(name: string, argumentCount: 1 | 2): string {
  const call = (lane: string) => `${name}(a.${lane}${argumentCount === 1 ? "" : `, b.${lane}`})`;
  const parameters = argumentCount === 1 ? "a: vec4<f32>" : "a: vec4<f32>, b: vec4<f32>";
  const lanes = ["x", "y", "z", "w"].map(call).join(", ");
  return `fn ${name}${vector.suffix}(${parameters}) -> vec4<f32> { return vec4<f32>(${lanes}); }`;
}
