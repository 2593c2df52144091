/** Targets of convolutions in Winograd's form, where it is asked for: how many times the direct form's speed. */
import * as torch from "../../frontend/index.ts";
import { input } from "../workloads/workload.ts";
import { mediansOf, type Work } from "./interleave.ts";
import { ours, type Target } from "./target.ts";

/** Compiled with the switch as it is now. */
function prepared(winograd: boolean, prepare: () => Work): Work {
  const { cpu } = torch.backends;
  const before = cpu.winograd;
  cpu.winograd = winograd;
  try {
    const run = prepare();
    run();
    return run;
  } finally {
    cpu.winograd = before;
  }
}

const ofForms = (work: string, prepare: () => Work): Target => ({
  work,
  atLeast: 1,
  unit: "x the direct form",
  measure(budgetMs) {
    const [direct, tiled] = mediansOf([prepared(false, prepare), prepared(true, prepare)], budgetMs) as [
      number,
      number,
    ];
    return { value: direct / tiled, note: `${tiled.toFixed(2)} and ${direct.toFixed(2)} ms` };
  },
});

const convolve = (x: torch.Tensor, w: torch.Tensor): torch.Tensor => torch.nn.functional.conv2d(x, w, null, 1, 1);

const shapes = [
  [1, 64, 56],
  [1, 128, 28],
  [8, 64, 14],
] as const;

export const winogradTargets: readonly Target[] = shapes.flatMap(([batch, channels, size]) => {
  const image = [batch, channels, size, size] as const;
  const filters = [channels, channels, 3, 3] as const;
  const name = `Winograd, ${batch} of ${channels} channels of ${size}x${size}`;
  const x = (): torch.Tensor => input("cpu", 11, image);
  const w = (): torch.Tensor => input("cpu", 12, filters, { scale: 0.1 });
  return [
    ofForms(name, () => ours([x(), w()], image, convolve).run),
    ofForms(`${name}: gradient of the filters`, () => {
      const gradient = (a: torch.Tensor, grad: torch.Tensor): torch.Tensor => {
        const leaf = torch.zeros([...filters]).requires_grad_();
        return torch.autograd.grad(convolve(a, leaf), leaf, grad)[0];
      };
      return ours([x(), input("cpu", 13, image)], filters, gradient).run;
    }),
  ];
});
