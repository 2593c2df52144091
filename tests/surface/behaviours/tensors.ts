/** Behaviours of devices, shared memory, random numbers and files. */
import * as torch from "cresset";
import { expect } from "vitest";
import type { Behaviours } from "../behaviours.ts";

const moments = (x: torch.Tensor): [mean: number, variance: number] => [
  Number(x.double().mean().item()),
  Number(torch.var(x.double()).item()),
];

export const tensorBehaviours: Behaviours = {
  "device-spellings"() {
    // There is one accelerator: PyTorch's "invalid device ordinal", for all three spellings.
    for (const device of [() => torch.device("cuda:1"), () => torch.device("cuda", 1), () => torch.device(1)])
      expect(device).toThrow(/device/);
    const spellings = [torch.device("cuda:0"), torch.device("cuda", 0), torch.device(0), torch.device("webgpu")];
    expect(spellings.map(({ name, index }) => [name, index])).toEqual(spellings.map(() => ["webgpu", 0]));
    const cpu = [torch.randn([2, 3], { device: torch.device("cpu") }), torch.randn([2, 3], { device: "cpu" })];
    expect(cpu.map((x) => x.device.type)).toEqual(["cpu", "cpu"]);
  },
  "device-default-index"() {
    expect(torch.device("cuda").index).toBe(torch.device("cuda:0").index);
  },
  "from-numpy-shares"() {
    const array = new Float32Array([1, 2, 3]);
    const t = torch.from_numpy(array);
    array[0] = 10;
    expect(t.tolist()).toEqual([10, 2, 3]);
    t.set_at([1], 20);
    expect([...array]).toEqual([10, 20, 3]);
    const a = t.numpy();
    a[2] = 30;
    expect([t.tolist(), [...array]]).toEqual([
      [10, 20, 30],
      [10, 20, 30],
    ]);
    t.mul_(2);
    expect([...a]).toEqual([20, 40, 60]);
  },
  "randperm-4"() {
    torch.manual_seed(3);
    const first = torch.randperm(4);
    expect(String(first.dtype)).toBe("torch.int64");
    expect((first.tolist() as number[]).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    torch.manual_seed(3);
    expect(torch.randperm(4).tolist()).toEqual(first.tolist());
  },
  "rand-ranges"() {
    torch.manual_seed(1);
    const uniform = torch.rand(50_000);
    expect(Number(uniform.min().item())).toBeGreaterThanOrEqual(0);
    expect(Number(uniform.max().item())).toBeLessThan(1);
    const like = torch.zeros(50, 1000, { dtype: torch.float64 });
    const normal = torch.randn_like(like);
    const [mean, variance] = moments(normal);
    // Five standard errors.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(50_000));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 50_000));
    for (const x of [normal, torch.rand_like(like)]) {
      expect(x.shape).toEqual([50, 1000]);
      expect(x.dtype).toBe(torch.float64);
    }
  },
  async "load-map-cpu"() {
    const file = torch.save({ a: torch.tensor([1, 2]), b: [torch.tensor([3n])] });
    const locations = [torch.device("cpu"), "cpu", { cuda: "cpu" }, (storage: unknown) => storage] as const;
    for (const map_location of locations) {
      const found = (await torch.load(file, { map_location: map_location as never })) as {
        a: torch.Tensor;
        b: torch.Tensor[];
      };
      expect([found.a.device.type, found.b[0]!.device.type]).toEqual(["cpu", "cpu"]);
      expect([found.a.tolist(), found.b[0]!.tolist()]).toEqual([[1, 2], [3]]);
    }
  },
  async "save-views"() {
    const x = torch.arange(6);
    const [a, b] = (await torch.load(torch.save([x.at("0:4"), x.at("2:6")]))) as torch.Tensor[];
    a!.set_at([3], 100);
    expect(b!.tolist()).toEqual([2, 100, 4, 5]);
  },
  "tensor-new"() {
    const x = torch.tensor([1n, 2n], { dtype: torch.int32 });
    const made = x.new();
    expect([made.shape, made.dtype, made.device.name]).toEqual([[0], torch.int32, "cpu"]);
  },
};
