import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as torch from "cresset";
import { afterAll, describe, expect, test } from "vitest";

const { nn, optim } = torch;
const folder = mkdtempSync(path.join(tmpdir(), "cresset-save-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => path.join(folder, name);
type Tensors = Record<string, torch.Tensor>;

describe.each(["cpu", "cpu:js"])("torch.save and torch.load on %s", (device) => {
  const model = (): InstanceType<typeof nn.Sequential> =>
    new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.ReLU(), new nn.Linear(4, 2)).to(device);

  test("a training run continues from a file as if it had not stopped", () => {
    torch.manual_seed(0);
    const x = torch.randn([8, 3]).to(device);
    const run = (net: ReturnType<typeof model>, optimizer: torch.optim.Optimizer, steps: number): number[] =>
      Array.from({ length: steps }, () => {
        optimizer.zero_grad();
        const loss = net(x).pow(2).mean();
        loss.backward();
        optimizer.step();
        return Number(loss.item());
      });
    const first = model();
    const adam = new optim.Adam(first.parameters(), { lr: 0.05 });
    run(first, adam, 3);
    torch.save({ epoch: 3, model: first.state_dict(), optimizer: adam.state_dict() }, file("run.pt"));
    const expected = run(first, adam, 3);

    const second = model();
    const other = new optim.Adam(second.parameters());
    const saved = torch.load(file("run.pt"), { map_location: device }) as {
      epoch: number;
      model: Tensors;
      optimizer: Record<string, unknown>;
    };
    expect(saved.epoch).toBe(3);
    expect(Object.keys(saved.model)).toEqual(Object.keys(first.state_dict()));
    second.load_state_dict(saved.model);
    other.load_state_dict(saved.optimizer);
    expect(run(second, other, 3)).toEqual(expected);
    // PyTorch finds a parameter's state by its number, not by a string.
    const { state } = saved.optimizer as { state: Map<unknown, unknown> };
    expect([...state.keys()]).toEqual(first.parameters().map((_, i) => i));
  });

  test("tensors that share memory share it again", () => {
    const base = torch.arange(6, { device, dtype: "float32" });
    const [whole, column, copy] = torch.load(
      torch.save([base, base.reshape(2, 3).at(":, 1"), base.clone()]),
      device,
    ) as [torch.Tensor, torch.Tensor, torch.Tensor];
    expect([column.tolist(), column.stride(), column.storage_offset()]).toEqual([[1, 4], [3], 1]);
    column.fill_(9);
    expect([whole.tolist(), copy.tolist()]).toEqual([
      [0, 9, 2, 3, 9, 5],
      [0, 1, 2, 3, 4, 5],
    ]);
  });

  test("a value is saved as it is at the call", async () => {
    const x = torch.ones([2], { device });
    const saving = torch.saveAsync(x);
    x.add_(1);
    expect((torch.load(await saving) as torch.Tensor).tolist()).toEqual([1, 1]);
    expect((torch.load(torch.save(x)) as torch.Tensor).tolist()).toEqual([2, 2]);
  });

  test("parameters come back as parameters, leaves as leaves, and learn", () => {
    const saved = torch.save({
      p: new nn.Parameter(torch.ones([2], { device })),
      x: torch.ones([2], { device, requires_grad: true }),
    });
    const { p, x } = torch.load(saved, device) as { p: torch.Tensor; x: torch.Tensor };
    expect([p instanceof nn.Parameter, x instanceof nn.Parameter, p.is_leaf, x.is_leaf]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    p.mul(x).sum().backward();
    torch.no_grad(() => p.add_(p.grad!));
    expect([p.tolist(), x.grad!.tolist()]).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  test("every element type comes back bit by bit", () => {
    const make = (dtype: torch.DTypeLike): torch.Tensor => torch.tensor([0, 1, 1, 0], { dtype, device });
    const types = [
      torch.float32,
      torch.float64,
      torch.float16,
      torch.bfloat16,
      torch.int8,
      torch.int16,
      torch.int32,
      torch.int64,
      torch.uint8,
      torch.bool,
    ];
    const loaded = torch.load(torch.save(types.map(make)), device) as torch.Tensor[];
    expect(loaded.map((t) => t.dtype)).toEqual(types);
    for (const t of loaded) expect(Array.from(t.to("float64").tolist() as number[], Number)).toEqual([0, 1, 1, 0]);
  });
});

test("what is not a tensor keeps its kind", () => {
  const value = {
    list: [1, "two", null, true],
    tuple: Object.freeze([1, 2]),
    numbers: new Map([[0, "zero"]]),
    dtype: torch.int8,
    size: torch.Size([2, 3]),
    device: torch.device("cpu"),
    bytes: Uint8Array.of(1, 2),
    big: 2n ** 60n,
  };
  const loaded = torch.load(torch.save(value)) as typeof value;
  expect(loaded).toEqual({ ...value, size: expect.anything() as unknown });
  expect([Object.isFrozen(loaded.tuple), String(loaded.size), loaded.dtype]).toEqual([
    true,
    "torch.Size([2, 3])",
    torch.int8,
  ]);
});

test("files are paths, file addresses, bytes, streams and blobs", async () => {
  const x = torch.tensor([1, 2]);
  const back = (loaded: unknown): unknown => (loaded as torch.Tensor).tolist();
  torch.save(x, pathToFileURL(file("x.pt")));
  const written: Uint8Array[] = [];
  torch.save(x, { write: (bytes) => written.push(bytes) });
  await torch.saveAsync(x, file("y.pt"));
  const bytes = torch.save(x);
  expect(back(torch.load(file("x.pt")))).toEqual([1, 2]);
  expect(back(torch.load(written[0]!))).toEqual([1, 2]);
  expect(back(torch.load(bytes.slice().buffer))).toEqual([1, 2]);
  expect(back(await torch.loadAsync(file("y.pt")))).toEqual([1, 2]);
  expect(back(await torch.loadAsync(new Blob([bytes.slice()])))).toEqual([1, 2]);
  expect(() => torch.load(3 as never)).toThrow("a file is a path or bytes, got number");
});

describe("map_location", () => {
  // PyTorch's own file, saved on the CPU.
  const saved = torch.save([torch.ones(2)]);
  const where = (...args: [torch.MapLocation | null] | [torch.LoadFileOptions]): string =>
    (torch.load(saved, ...(args as [null])) as [torch.Tensor])[0].device.name;

  test("is a device, a name, a dict or a function", () => {
    expect(where(null)).toBe("cpu");
    expect(where("cpu:js")).toBe("cpu:js");
    expect(where(torch.device("cpu:js"))).toBe("cpu:js");
    expect(where({ map_location: "cpu:js" })).toBe("cpu:js");
    expect(where({ cpu: "cpu:js" })).toBe("cpu:js");
    expect(where(new Map([["cpu", "cpu:js"]]))).toBe("cpu:js");
    expect(where({ "cuda:0": "cpu:js" })).toBe("cpu");
    expect(where((storage) => storage)).toBe("cpu");
    expect(where((_storage, location) => (location === "cpu" ? "cpu:js" : null))).toBe("cpu:js");
    expect(where((storage) => storage.to("cpu:js"))).toBe("cpu:js");
    expect(where(() => null)).toBe("cpu");
  });
});

test("modules are refused with a cure, and what Python lacks is named", () => {
  expect(() => torch.save(new nn.Linear(1, 1))).toThrow(
    /Save model.state_dict\(\)[^]*\n {2}at .*save\.test\.ts:\d+:\d+$/,
  );
  expect(() => torch.save({ layers: [{ when: new Date() }] })).toThrow('["layers"][0]["when"] is an instance of Date');
});

test("safetensors files hold named tensors and notes", async () => {
  const tensors = { weight: torch.arange(6, { dtype: "float32" }).reshape(2, 3).t(), bias: torch.tensor([1n, 2n]) };
  torch.safetensors.save_file(tensors, file("m.safetensors"), { format: "pt" });
  const loaded = torch.safetensors.load_file(file("m.safetensors"), { device: "cpu:js" });
  expect([loaded["weight"]!.tolist(), loaded["bias"]!.dtype, loaded["bias"]!.device.name]).toEqual([
    [
      [0, 3],
      [1, 4],
      [2, 5],
    ],
    torch.int64,
    "cpu:js",
  ]);
  const again = torch.safetensors.load(await torch.safetensors.saveAsync(new Map(Object.entries(tensors))));
  expect(again["bias"]!.tolist()).toEqual([1, 2]);
  const net = new nn.Linear(2, 2);
  torch.safetensors.save_file(net.state_dict(), file("linear.safetensors"));
  expect(net.load_state_dict(await torch.safetensors.load_fileAsync(file("linear.safetensors"))).missing_keys).toEqual(
    [],
  );
});
