/** Inputs of operators that work element by element. Those that any signed numbers suit need no entry. */
import { constant, given, integers, mask, positive, scalar, signed, within, type Samples } from "./inputs.ts";

const unary = (make: () => ReturnType<typeof signed>) => () => [[make()]];
const pair = (low: number, high: number) => () => [
  [within(low, high, 2, 3), within(low, high, 3).add(0.01).detach().requires_grad_()],
];

export const pointwise: Samples = {
  acosh: unary(() => within(1.2, 3, 4)),
  digamma: unary(() => positive(4)),
  psi: unary(() => positive(4)),
  lgamma: unary(() => positive(4)),
  gammaln: unary(() => positive(4)),
  polygamma: () => [1, 2].map((n) => [n, positive(4)]),
  mvlgamma: () => [[within(2, 4, 3), 2]],
  multigammaln: () => [[within(2, 4, 3), 2]],
  entr: unary(() => positive(4)),
  log: unary(() => positive(4)),
  log2: unary(() => positive(4)),
  log10: unary(() => positive(4)),
  sqrt: unary(() => positive(4)),
  rsqrt: unary(() => positive(4)),
  logit: () => [[within(0.1, 0.9, 4)], [within(0.1, 0.9, 4), { eps: 0.3 }]],
  ndtri: unary(() => within(0.1, 0.9, 4)),
  zeta: () => [[within(2, 4, 3), within(1, 2, 3)].map((t, i) => (i === 0 ? constant(t) : t))],
  gammainc: () => [[constant(positive(3)), positive(3)]],
  gammaincc: () => [[constant(positive(3)), positive(3)]],
  igamma: () => [[constant(positive(3)), positive(3)]],
  igammac: () => [[constant(positive(3)), positive(3)]],
  special_gammainc: () => [[constant(positive(3)), positive(3)]],
  special_gammaincc: () => [[constant(positive(3)), positive(3)]],

  add: () => [
    [signed(2, 3), signed(3), { alpha: 2.5 }],
    [signed(2), 3],
    [3, signed(2)],
  ],
  sub: () => [
    [signed(2, 3), signed(3), { alpha: 2.5 }],
    [signed(2), 3],
  ],
  rsub: () => [
    [signed(2, 3), signed(3), { alpha: 2.5 }],
    [signed(2), 3],
  ],
  mul: () => [
    [signed(2, 3), signed(3)],
    [signed(2), 3],
  ],
  div: () => [
    [signed(2, 3), signed(3)],
    [1.5, signed(2)],
    [positive(3), positive(2, 3), { rounding_mode: "floor" }],
  ],
  pow: () => [
    [positive(2, 3), signed(3)],
    [signed(3), 3],
    [positive(3), 0.5],
    [2.5, signed(3)],
    [signed(3), 0],
  ],
  float_power: () => [
    [positive(2, 3), signed(3)],
    [signed(3), 3],
  ],
  remainder: () => [
    [given([5.3, -4.2, 3.7]), given([2.1, 1.3, -1.9])],
    [given([5.3, -4.2]), 1.7],
  ],
  fmod: () => [
    [given([5.3, -4.2, 3.7]), given([2.1, 1.3, -1.9])],
    [given([5.3, -4.2]), 1.7],
  ],
  maximum: pair(-1, 1),
  minimum: pair(-1, 1),
  fmax: pair(-1, 1),
  fmin: pair(-1, 1),
  hypot: pair(0.2, 1),
  logaddexp: pair(-1, 1),
  logaddexp2: pair(-1, 1),
  atan2: () => [[signed(2, 3), positive(3)]],
  copysign: () => [
    [signed(2, 3), constant(signed(3))],
    [signed(3), -1],
  ],
  xlogy: () => [
    [positive(2, 3), positive(3)],
    [positive(2), 2.5],
  ],
  xlog1py: () => [
    [positive(2, 3), positive(3)],
    [positive(2), 2.5],
  ],
  ldexp: () => [[signed(3), integers([1n, -2n, 0n])]],
  addcmul: () => [[signed(2, 3), signed(3), signed(2, 1), { value: 0.7 }]],
  addcdiv: () => [[signed(2, 3), signed(3), positive(2, 1), { value: 0.7 }]],
  lerp: () => [
    [signed(2, 3), signed(3), 0.3],
    [signed(2, 3), signed(3), within(0.1, 0.9, 3)],
    [signed(3), signed(3), within(0.6, 0.9, 3)],
  ],
  clamp: () => [
    [signed(6), -0.31, 0.42],
    [signed(6), { max: 0.42 }],
    [signed(3), scalar(-0.31), scalar(0.42)],
  ],
  clamp_min: () => [
    [signed(6), -0.31],
    [signed(3), scalar(-0.31)],
  ],
  clamp_max: () => [
    [signed(6), 0.42],
    [signed(3), scalar(0.42)],
  ],
  where: () => [
    [mask([true, false, true]), signed(3), signed(2, 3)],
    [mask([true, false]), signed(2), 1],
  ],
  fill: () => [
    [signed(3), scalar(2)],
    [signed(3), 2],
  ],
  round: () => [[signed(3)], [signed(3), { decimals: 1 }]],
  nan_to_num: () => [[signed(3)]],

  // Activations, away from their kinks.
  threshold: () => [[signed(6), 0.33, 20]],
  hardshrink: () => [[signed(6), { lambd: 0.33 }]],
  softshrink: () => [[signed(6), { lambd: 0.33 }]],
  hardtanh: () => [[signed(6), -0.33, 0.44]],
  relu6: () => [[given([-1, 2, 5, 7])]],
  hardsigmoid: () => [[given([-4, -1, 2, 4])]],
  hardswish: () => [[given([-4, -1, 2, 4])]],
  leaky_relu: () => [[signed(6), 0.2]],
  prelu: () => [
    [signed(2, 3), positive(3)],
    [signed(2, 3), positive(1)],
  ],
  elu: () => [[signed(6), 1.3]],
  celu: () => [[signed(6), 1.3]],
  glu: () => [[signed(2, 4)], [signed(4, 2), 0]],
  gelu: () => [[signed(4)], [signed(4), { approximate: "tanh" }]],
  softplus: () => [[signed(4)], [signed(4), 2, 0.4]],
  softmax: () => [
    [signed(2, 3), 1],
    [signed(2, 3), 0],
  ],
  log_softmax: () => [
    [signed(2, 3), 1],
    [signed(2, 3), 0],
  ],
  softmin: () => [[signed(2, 3), 1]],
};
