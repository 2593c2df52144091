/** Complex parameters: each part steps as a parameter of its own. The numbers are PyTorch 2.13's. */
import * as torch from "cresset";
import { describe, expect, it, test } from "vitest";

const { optim } = torch;
type Tensor = torch.Tensor;
type DType = Tensor["dtype"];

const i = (re: number, im: number): torch.Complex => new torch.Complex(re, im);
const numbers = (tensor: Tensor): number[] => {
  const plain = tensor.detach();
  return (plain.is_complex() ? torch.view_as_real(plain) : plain).flatten().tolist() as number[];
};
const expectNear = (found: readonly number[], wanted: readonly number[], tolerance: number): void => {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((number, k) =>
    expect(Math.abs(found[k]! - number), `${k}: ${found[k]} ${number}`).toBeLessThan(tolerance),
  );
};

interface Recorded {
  readonly name:
    "SGD" | "Adam" | "AdamW" | "Adamax" | "NAdam" | "RAdam" | "RMSprop" | "Adagrad" | "Adadelta" | "ASGD" | "Rprop";
  readonly options: Readonly<Record<string, unknown>>;
  /** Both after seven steps, and the state of the complex one. */
  readonly z: readonly number[];
  readonly x: readonly number[];
  readonly state: Readonly<Record<string, readonly number[]>>;
}
/** z = [1 + 2i, -0.5 + 0.25i] and x = [1, -2], with gradients [1 - 0.5i, 0.25i] (0.5 + 0.75i)^n and [0.5, -1] (-0.75)^n. */
const recorded: readonly Recorded[] = [
  {
    name: "SGD",
    options: { lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.1 },
    z: [0.67933266, 1.00147073, -0.26822741, 0.22105865],
    x: [0.85462543, -1.70925087],
    state: { momentum_buffer: [0.74647482, 0.82741592, -0.24013067, 0.18326336] },
  },
  {
    name: "Adam",
    options: { lr: 0.1, weight_decay: 0.1 },
    z: [0.79873924, 1.52209896, -0.09744052, 0.1870394],
    x: [0.94855097, -1.95347713],
    state: {
      exp_avg: [0.07609861, 0.09925881, -0.01747727, 0.01499355],
      exp_avg_sq: [0.00228884, 0.00251459, 0.00014558, 0.00010302],
    },
  },
  {
    name: "Adam",
    options: { lr: 0.1, amsgrad: true, maximize: true },
    z: [1.12455643, 2.38513868, -0.83679989, 0.22928129],
    x: [0.81143231, -1.81143231],
    state: {
      exp_avg: [-0.03191058, -0.01021584, 0.00523423, -0.00536053],
      exp_avg_sq: [0.00214435, 0.00199038, 0.00011321, 9.353e-5],
      max_exp_avg_sq: [0.00214435, 0.00199038, 0.00011321, 9.353e-5],
    },
  },
  {
    name: "AdamW",
    options: { lr: 0.1, weight_decay: 0.1, amsgrad: true },
    z: [0.81569301, 1.49577505, -0.14463321, 0.25625935],
    x: [1.11236679, -2.04443214],
    state: {
      exp_avg: [0.03191058, 0.01021584, -0.00523423, 0.00536053],
      exp_avg_sq: [0.00214435, 0.00199038, 0.00011321, 9.353e-5],
      max_exp_avg_sq: [0.00214435, 0.00199038, 0.00011321, 9.353e-5],
    },
  },
  {
    name: "Adamax",
    options: { lr: 0.1, weight_decay: 0.1 },
    z: [0.82911877, 1.62650122, -0.14830872, 0.17882416],
    x: [0.99809073, -2.00138033],
    state: {
      exp_avg: [0.07700747, 0.10176884, -0.01865477, 0.01468858],
      exp_inf: [0.96916462, 1.09077971, 0.23607857, 0.16654412],
    },
  },
  {
    name: "NAdam",
    options: { lr: 0.1, weight_decay: 0.1, decoupled_weight_decay: true },
    z: [0.87130032, 1.72104684, -0.35046108, 0.21029579],
    x: [1.02080562, -1.95287097],
    state: {
      exp_avg: [0.03191058, 0.01021584, -0.00523423, 0.00536053],
      exp_avg_sq: [0.00214435, 0.00199038, 0.00011321, 9.353e-5],
    },
  },
  {
    name: "RAdam",
    options: { lr: 0.1, weight_decay: 0.1 },
    z: [0.85072645, 1.66620095, -0.41684559, 0.23995998],
    x: [1.00427861, -2.01058165],
    state: {
      exp_avg: [0.07721749, 0.10256085, -0.02822852, 0.01780962],
      exp_avg_sq: [0.00228691, 0.00251905, 0.0001457, 9.861e-5],
    },
  },
  {
    name: "RMSprop",
    options: { lr: 0.1, weight_decay: 0.1 },
    z: [0.29064819, 0.58952182, -0.0557492, -0.30984648],
    x: [0.6300323, -1.59705842],
    state: { square_avg: [0.02337983, 0.02338871, 0.00149121, 0.00127927] },
  },
  {
    name: "RMSprop",
    options: { lr: 0.1, centered: true, momentum: 0.9, maximize: true },
    z: [2.82750255, 10.61393496, -6.92958808, -0.26651791],
    x: [-2.50036066, 1.50036117],
    state: {
      square_avg: [0.02074074, 0.01921531, 0.00109002, 0.00090778],
      momentum_buffer: [-3.1613584, -5.6317008, 4.47002734, -1.97340024],
      grad_avg: [-0.00340553, -0.0057925, 0.00149905, -0.00010185],
    },
  },
  {
    name: "Adagrad",
    options: { lr: 0.1, lr_decay: 0.5, initial_accumulator_value: 0.5 },
    z: [0.95070064, 1.90361769, -0.46754121, 0.2488382],
    x: [1.03312971, -2.0526064],
    state: { sum: [2.65231656, 2.49816938, 0.61368756, 0.59383674] },
  },
  {
    name: "Adadelta",
    options: { lr: 1, rho: 0.5, weight_decay: 0.1 },
    z: [0.99790483, 1.9963972, -0.4966451, 0.24759664],
    x: [0.99712666, -1.99712438],
    state: {
      square_avg: [0.30392344, 0.11540206, 0.00991201, 0.01525047],
      acc_delta: [2.6e-6, 1.31e-6, 1.48e-6, 3.29e-6],
    },
  },
  {
    name: "ASGD",
    options: { lr: 0.1, lambd: 0.1, t0: 1, maximize: true },
    z: [0.96668857, 1.92735921, -0.4821407, 0.2339756],
    x: [0.91056946, -1.82113892],
    state: { ax: [0.9409196, 2.01621266, -0.49733449, 0.22452492] },
  },
  {
    name: "Rprop",
    options: { lr: 0.1, step_sizes: [0.001, 0.15] },
    z: [0.876, 1.7944, -0.2944, 0.194],
    x: [1.1875, -2.1875],
    state: { prev: [0.53579712, 0, 0, 0.1000061], step_size: [0.036, 0.0432, 0.0432, 0.036] },
  },
];

const make = ({ name, options }: Recorded, params: Tensor[]): torch.optim.Optimizer =>
  new (optim[name] as new (params: Tensor[], options: Recorded["options"]) => torch.optim.Optimizer)(params, options);

interface Trained {
  readonly z: Tensor;
  readonly x: Tensor;
  readonly optimizer: torch.optim.Optimizer;
}
/** Seven steps, with a change of everything before the fourth. */
function train(
  record: Recorded,
  dtype: DType,
  compile: boolean,
  between: (trained: Trained) => Trained = (trained) => trained,
): Trained {
  const real = dtype === torch.complex128 ? torch.float64 : torch.float32;
  const z = torch.tensor([i(1, 2), i(-0.5, 0.25)], { dtype, requires_grad: true });
  const x = torch.tensor([1, -2], { dtype: real, requires_grad: true });
  let trained: Trained = { z, x, optimizer: make(record, [z, x]) };
  let factor = i(1, 0);
  const steps = (): (() => void) => {
    const { optimizer } = trained;
    const step = (): void => void optimizer.step();
    return compile ? torch.compile(step) : step;
  };
  let step = steps();
  for (let n = 1; n <= 7; n++) {
    if (n === 4) {
      const next = between(trained);
      if (next !== trained) {
        trained = next;
        step = steps();
      }
    }
    factor = i(0.5 * factor.re - 0.75 * factor.im, 0.5 * factor.im + 0.75 * factor.re);
    trained.z.grad = torch.tensor([i(1, -0.5), i(0, 0.25)], { dtype }).mul(factor);
    trained.x.grad = torch.tensor([0.5, -1], { dtype: real }).mul((-0.75) ** n);
    step();
  }
  return trained;
}

describe.each(recorded)("$name with $options", (record) => {
  const expectRecorded = ({ z, x, optimizer }: Trained, dtype: DType): void => {
    const tolerance = dtype === torch.complex128 ? 1e-8 : 2e-5;
    expectNear(numbers(z), record.z, tolerance);
    expectNear(numbers(x), record.x, tolerance);
    const state = Object.entries(optimizer.state_dict().state[0]!).filter(
      ([, value]) => value instanceof torch.Tensor && value.ndim > 0,
    ) as [string, Tensor][];
    expect(state.map(([name]) => name).sort()).toEqual(Object.keys(record.state).sort());
    for (const [name, tensor] of state) {
      expect([tensor.dtype, tensor.shape]).toEqual([dtype, [2]]);
      expectNear(numbers(tensor), record.state[name]!, tolerance);
    }
  };

  it.each([torch.complex64, torch.complex128])("steps as PyTorch, %s", (dtype) => {
    expectRecorded(train(record, dtype, false), dtype);
  });

  it("steps as PyTorch, compiled", () => {
    expectRecorded(train(record, torch.complex64, true), torch.complex64);
  });

  it("goes on with a state that was saved and loaded", async () => {
    const first = train(record, torch.complex64, false);
    const bytes = torch.save(first.optimizer.state_dict());
    const loaded = make(record, [first.z, first.x]);
    loaded.load_state_dict((await torch.load(bytes)) as Parameters<typeof loaded.load_state_dict>[0]);
    expectRecorded({ ...first, optimizer: loaded }, torch.complex64);
    const resumed = train(record, torch.complex64, false, ({ z, x, optimizer }) => {
      const params = [z, x].map((param) => param.detach().clone().requires_grad_());
      const next = make(record, params);
      next.load_state_dict(optimizer.state_dict());
      return { z: params[0]!, x: params[1]!, optimizer: next };
    });
    expectRecorded(resumed, torch.complex64);
  });
});

describe("LBFGS", () => {
  const run = (line_search_fn: "strong_wolfe" | null): { params: Tensor[]; optimizer: torch.optim.LBFGS } => {
    const z = torch.tensor([i(1, 2), i(-0.5, 0.25)], { dtype: torch.complex128, requires_grad: true });
    const unused = torch.tensor([i(3, 4)], { dtype: torch.complex128, requires_grad: true });
    const x = torch.tensor([1, -2], { dtype: torch.float64, requires_grad: true });
    const params = [z, unused, x];
    const optimizer = new optim.LBFGS(params, { max_iter: 3, lr: 0.5, line_search_fn });
    const weights = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    for (let n = 0; n < 2; n++)
      optimizer.step(() => {
        optimizer.zero_grad();
        const parts = torch.view_as_real(z);
        const loss = parts
          .pow(4)
          .sum()
          .add(parts.sub(0.3).pow(2).mul(weights).sum())
          .add(x.mul(z.imag).sum())
          .add(x.pow(2).sum());
        loss.backward();
        return loss;
      });
    return { params, optimizer };
  };

  it.each([null, "strong_wolfe"] as const)("moves both parts (line search: %s)", (search) => {
    const { params, optimizer } = run(search);
    const [z, unused, x] = params.map(numbers);
    expectNear(z!, [0.6292687964, 0.8529613868, -0.0615401094, 0.4126914021], 1e-8);
    expectNear(x!, [0.6527782314, -1.5948320644], 1e-8);
    expect(unused).toEqual([3, 4]);
    const { d } = optimizer.state.get(params[0]!)!;
    expect([d!.dtype, d!.shape]).toEqual([torch.float64, [8]]);
  });

  it.each([torch.bfloat16, torch.float16])("reads half floats as the numbers they are, %s", (dtype) => {
    const w = torch.tensor([1, -2], { dtype, requires_grad: true });
    const optimizer = new optim.LBFGS([w], { line_search_fn: "strong_wolfe" });
    optimizer.step(() => {
      optimizer.zero_grad();
      const loss = w.sub(0.5).pow(2).sum();
      loss.backward();
      return loss;
    });
    expectNear(numbers(w), [0.5, 0.5], 0.02);
  });
});

describe("optimizers of real parameters alone", () => {
  const z = torch.tensor([i(1, 2)], { requires_grad: true });
  const x = torch.tensor([1], { requires_grad: true });

  test("Adafactor refuses complex ones when it steps", () => {
    const optimizer = new optim.Adafactor([x, z]);
    x.grad = torch.ones(1);
    optimizer.step();
    z.grad = torch.tensor([i(1, 1)]);
    expect(() => optimizer.step()).toThrow("Adafactor does not support complex parameters");
    expect(optimizer.state.has(z)).toBe(false);
    expect((optimizer.state.get(x) as { step: number }).step).toBe(1);
  });

  test("SparseAdam refuses complex ones when it is made", () => {
    expect(() => new optim.SparseAdam([{ params: [x] }, { params: [z] }])).toThrow(
      "Complex params at indices [[1, 0]]: SparseAdam does not support complex parameters",
    );
  });
});

describe("a state of another type", () => {
  const stateOf = (param: Tensor, dtype: DType): torch.optim.OptimizerStateDict => {
    const optimizer = new optim.Adam([param]);
    param.grad = torch.ones_like(param.detach());
    optimizer.step();
    const saved = optimizer.state_dict();
    for (const name of ["exp_avg", "exp_avg_sq"]) saved.state[0]![name] = (saved.state[0]![name] as Tensor).to(dtype);
    return saved;
  };

  it("is converted for a real parameter", () => {
    const x = torch.ones(2, { requires_grad: true });
    const optimizer = new optim.Adam([x]);
    optimizer.load_state_dict(stateOf(torch.ones(2, { requires_grad: true }), torch.complex64));
    expect((optimizer.state.get(x) as { exp_avg: Tensor }).exp_avg.dtype).toBe(torch.float32);
    x.grad = torch.ones(2);
    optimizer.step();
    expectNear(numbers(x), [0.999, 0.999], 1e-6);
  });

  it("is refused when a complex parameter steps with a real one", () => {
    const z = torch.ones(2, { dtype: torch.complex64, requires_grad: true });
    const optimizer = new optim.Adam([z]);
    optimizer.load_state_dict(stateOf(torch.ones(2, { dtype: torch.complex64, requires_grad: true }), torch.float32));
    z.grad = torch.ones(2, { dtype: torch.complex64 });
    expect(() => optimizer.step()).toThrow("view_as_real is only supported for complex tensors");
  });
});
