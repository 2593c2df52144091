/** The Fourier transform as the sum that defines it. */
import type { RoutineRuleOf } from "./index.ts";

export const fft: RoutineRuleOf<"fft"> = ([re, im, cosines, sines]) => {
  const n = re!.data.length;
  const real = new Array<number>(n).fill(0);
  const imaginary = new Array<number>(n).fill(0);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const [c, s] = [cosines!.data[(j * k) % n]!, sines!.data[(j * k) % n]!];
      real[k]! += re!.data[j]! * c + im!.data[j]! * s;
      imaginary[k]! += im!.data[j]! * c - re!.data[j]! * s;
    }
  }
  return [real, imaginary];
};
