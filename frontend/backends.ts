/** `torch.backends`: how programs are made for a device. */
import { winograd } from "../passes/winograd/index.ts";
import { supportsRelaxedSimd } from "../codegen/wasm/index.ts";
import { KernelSearch } from "../runtime/wasm/search.ts";
import { rememberedWinners } from "../runtime/wasm/winners.ts";
import { settings } from "./state.ts";

let search: KernelSearch | null = null;

/** What ran the kernels, as far as it is known. */
function machine(): string {
  if (typeof process === "object" && typeof process.getBuiltinModule === "function") {
    const { cpus } = process.getBuiltinModule("node:os");
    return `${cpus()[0]?.model ?? process.arch} ${process.versions["v8"]}`;
  }
  return typeof navigator === "object" ? navigator.userAgent : "";
}

/** How programs are made for a device. https://docs.pytorch.org/docs/stable/backends.html */
export const backends = {
  cpu: {
    /**
     * Whether a program that is compiled for the device "cpu" has its matrix products and convolutions timed in several
     * schedules, of which the fastest is kept. Off by default: an estimate chooses. Winners are remembered, in Node in
     * a file in the user's folder for caches (or where CRESSET_SCHEDULES says), on pages in IndexedDB. Programs that
     * were compiled before stay as they are.
     */
    get benchmark(): boolean {
      return settings.tuner !== null;
    },
    set benchmark(on: boolean) {
      if (on)
        search ??= new KernelSearch(rememberedWinners(), { relaxedSimd: supportsRelaxedSimd(), machine: machine() });
      settings.tuner = on ? search : null;
    },
    /**
     * Whether a program that is compiled for a CPU computes convolutions of 3x3 filters, and their gradients, in
     * Winograd's form where that is likely to be faster: about twice, for about four times the memory of the image and the
     * results. Off by default, since errors are small beside the largest values of a neighbourhood only: a huge value
     * shows under taps of zero, and infinities become NaN. Programs that were compiled before stay as they are; those that
     * compute so are compiled for each size.
     */
    get winograd(): boolean {
      return settings.winograd !== null;
    },
    set winograd(on: boolean) {
      settings.winograd = on ? winograd : null;
    },
  },
};
