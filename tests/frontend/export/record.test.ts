import { describe, expect, test } from "vitest";
import * as torch from "../../../frontend/index.ts";

const x = (): torch.Tensor => torch.tensor([1, -2, 3]);
const export_ = torch.export;

async function only(program: torch.ExportedProgram, ...inputs: torch.Tensor[]): Promise<unknown> {
  const results = Object.values(await program.run(inputs));
  return results.length === 1 ? results[0]!.tolist() : results.map((result) => result.tolist());
}

describe("torch.export", () => {
  test("is torch.export.export too", () => {
    expect(torch.export.export).toBe(Object.getOwnPropertyDescriptor(torch.export, "export")!.value);
    expect(export_.export((a: torch.Tensor) => a, [x()])).toBeInstanceOf(torch.ExportedProgram);
  });

  test("takes inputs and gives outputs in arrays and objects, named by their places", async () => {
    const model = (pair: readonly torch.Tensor[], { scale, skip }: { scale: torch.Tensor; skip: boolean }) => ({
      sum: pair[0]!.add(pair[1]!).mul(scale),
      parts: [skip ? pair[0]! : pair[1]!, null],
    });
    const program = export_(model, [[x(), x()], { scale: torch.tensor(2), skip: true }]);
    expect(program.graph_signature).toEqual({
      user_inputs: ["pair_0", "pair_1", "input1_scale"],
      user_outputs: ["sum", "parts_0"],
      state: [],
    });
    const { sum, parts_0 } = await program.run({ pair_0: x(), pair_1: torch.ones(3), input1_scale: torch.tensor(10) });
    expect(sum!.tolist()).toEqual([20, -10, 40]);
    expect(parts_0!.tolist()).toEqual([1, -2, 3]);
  });

  test("keeps numbers as they were, and weights as they were", async () => {
    const weight = torch.ones(3);
    let factor = 2;
    const program = export_((a: torch.Tensor) => a.mul(weight).mul(factor), [x()]);
    factor = 5;
    weight.fill_(9);
    expect(await only(program, x())).toEqual([2, -4, 6]);
  });

  test("computes before what forward only closes over, and keeps its views views", async () => {
    const weight = torch.arange(6).reshape(3, 2).to(torch.float32).mul(0.5).add(1);
    const program = export_((a: torch.Tensor) => a.matmul(weight.t()), [torch.ones(2)], { input_names: ["a"] });
    expect(program.graph.match(/ (mul|add|arange|cast) /g)).toBeNull();
    expect(program.graph).toMatch(/%\d+ = permute float32\[2, 3\]/);
    expect(await only(program, torch.ones(2))).toEqual([2.5, 4.5, 6.5]);
  });

  test("leaves nothing behind: pending work is computed as if nothing had been exported", () => {
    const before = x().mul(2);
    const state = torch.zeros(3);
    state.add_(1);
    export_(
      (a: torch.Tensor) => {
        const local = torch.zeros(3);
        local.add_(a);
        return local.mul(state);
      },
      [x()],
    );
    expect(before.add(state).tolist()).toEqual([3, -3, 7]);
    expect(state.tolist()).toEqual([1, 1, 1]);
  });

  test("changes its inputs in place without changing the example", async () => {
    const example = x();
    const program = export_((a: torch.Tensor) => a.add_(1).relu_(), [example]);
    expect(example.tolist()).toEqual([1, -2, 3]);
    expect(await only(program, example)).toEqual([2, 0, 4]);
    expect(example.tolist()).toEqual([1, -2, 3]);
  });

  test("records without gradients, and restores the mode", () => {
    const weight = torch.ones(3, { requires_grad: true });
    const program = export_((a: torch.Tensor) => a.mul(weight), [x()]);
    expect(program.graph).not.toContain("grad");
    expect(torch.is_grad_enabled()).toBe(true);
  });
});

describe("the weights of a module", () => {
  class Norms extends torch.nn.Module {
    first = new torch.nn.BatchNorm1d(3);
    second = new torch.nn.BatchNorm1d(3);
    tied = this.second.weight;
    override forward(input: torch.Tensor): torch.Tensor {
      return this.second(this.first(input)).add(this.tied!);
    }
  }

  test("have names of their own even where equal initial values were computed as one", () => {
    const model = new Norms().eval();
    const { state } = torch.export(model, [torch.ones(2, 3)]).graph_signature;
    const ofEach = ["weight", "bias", "running_mean", "running_var"];
    expect([...state].sort()).toEqual(
      ["first", "second"]
        .flatMap((name) => ofEach.map((own) => `${name}.${own}`))
        .sort()
        .map((name) => (name === "second.weight" ? "tied" : name))
        .sort(),
    );
    // The model still trains.
    model.train();
    model(torch.randn(4, 3)).sum().backward();
    expect(model.first.weight!.grad!.shape).toEqual([3]);
    expect(model.first.running_mean!.tolist()).not.toEqual([0, 0, 0]);
    expect(model.second.bias!.tolist()).toEqual([0, 0, 0]);
  });

  test("are not updated while training, which is refused with the cure", () => {
    const model = new Norms();
    expect(() => torch.export(model, [torch.randn(2, 3)])).toThrow(/forward changes 6 tensors[^]*model\.eval\(\)/);
    expect(model.first.running_mean!.tolist()).toEqual([0, 0, 0]);
    expect(model.first.num_batches_tracked!.item()).toBe(0);
  });

  test("are recorded with the module's hooks", async () => {
    const model = new torch.nn.Linear(2, 2).eval();
    model.register_forward_pre_hook((_module, args) => [(args[0] as torch.Tensor).mul(0)]);
    expect(await only(torch.export(model, [torch.ones(2)]), torch.ones(2))).toEqual(model.bias!.tolist());
  });
});

describe("torch.export refuses", () => {
  test("random draws, and takes none from the generator", () => {
    torch.manual_seed(1);
    const expected = torch.rand(2).tolist();
    torch.manual_seed(1);
    const noisy = (a: torch.Tensor): torch.Tensor => a.add(torch.rand(3)).mul(torch.randn(3));
    expect(() => export_(noisy, [x()])).toThrow(
      /ExportError|2 random draws cannot be exported: float32\[3\] at .*record\.test\.ts:\d+:\d+; float32\[3\] at .*\n.*model\.eval\(\)/,
    );
    expect(torch.rand(2).tolist()).toEqual(expected);
  });

  test("a forward that changes state, which stays as it was", () => {
    const count = torch.zeros(1);
    const counting = (a: torch.Tensor): torch.Tensor => {
      count.add_(a.sum());
      return a.mul(count);
    };
    expect(() => export_(counting, [x()])).toThrow(
      /forward changes a tensor that it did not make \(float32\[1\]\)[^]*model\.eval\(\)/,
    );
    expect(count.tolist()).toEqual([0]);
  });

  test("a forward that reads a value, and names the line", () => {
    const branching = (input: torch.Tensor): torch.Tensor => (Number(input.sum().item()) > 0 ? input : input.neg());
    expect(() => export_(branching, [x()])).toThrow(/reads a value that depends on its input "input"[^]*torch\.where/);
    const constant = torch.tensor(2);
    expect(() => export_((a: torch.Tensor) => a.mul(constant.item() as number), [x()])).not.toThrow();
  });

  test("results that are no tensors, and a promise", () => {
    expect(() => export_((a: torch.Tensor) => [a, 3], [x()])).toThrow("forward returned the number 3 as output_1");
    expect(() => export_(() => null, [x()])).toThrow("forward returned no tensor");
    expect(() => export_(async (a: torch.Tensor) => Promise.resolve(a), [x()])).toThrow("forward must be synchronous");
  });

  test("names that do not fit", () => {
    const two = (a: torch.Tensor, b: torch.Tensor): torch.Tensor => a.add(b);
    expect(() => export_(two, [x(), x()], { input_names: ["a"] })).toThrow(
      "input_names has 1 names for 2 tensors (a, b)",
    );
    expect(() => export_(two, [x(), x()], { input_names: ["a", "a"] })).toThrow('two tensors are called "a"');
  });

  test("dynamic shapes, for now", () => {
    expect(() => export_((a: torch.Tensor) => a, [x()], { dynamic_shapes: { a: { 0: "batch" } } })).toThrow(
      torch.NotImplementedError,
    );
  });

  test("to run with other inputs than it was recorded for", async () => {
    const program = export_((a: torch.Tensor) => a, [x()], { input_names: ["a"] });
    await expect(program.run([torch.ones(2)])).rejects.toThrow(
      'the input "a" must be float32[3] on cpu, got float32[2]',
    );
    await expect(program.run({})).rejects.toThrow('the input "a" (float32[3] on cpu) is missing');
    await expect(program.run({ a: x(), b: x() })).rejects.toThrow('there is no input "b"');
  });
});
