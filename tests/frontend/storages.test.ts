import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

describe("storages", () => {
  it("show what tensors share, as elements and as bytes", () => {
    const x = torch.arange(6).float().reshape(2, 3);
    const storage = x.at(1).storage();
    expect([storage.size(), storage.nbytes(), storage.element_size()]).toEqual([6, 24, 4]);
    expect([storage.dtype, storage.tolist()]).toEqual([torch.float32, [0, 1, 2, 3, 4, 5]]);
    storage.set_at(-1, 50);
    expect(x.tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 50],
    ]);
    x.fill_(1);
    const bytes = x.untyped_storage();
    expect([bytes.size(), [...bytes].slice(0, 8)]).toEqual([24, [0, 0, 128, 63, 0, 0, 128, 63]]);
    bytes.set_at(3, 191);
    expect([x.at(0, 0).item(), storage.at(0)]).toEqual([-1, -1]);
    expect(bytes.data_ptr()).toBe(storage.untyped().data_ptr());
    expect(storage.clone().data_ptr()).not.toBe(storage.data_ptr());
    expect(x.storage_type()).toBe(torch.FloatStorage);
    expect([torch.is_storage(bytes), torch.is_storage(storage), torch.is_storage(x)]).toEqual([true, true, false]);
    expect(String(bytes)).toBe("[torch.storage.UntypedStorage(device=cpu) of size 24]");
    expect(() => storage.at(6)).toThrow(torch.IndexError);
  });

  it("are made by themselves, filled, copied and resized", () => {
    const storage = torch.FloatStorage([1, 2]);
    expect(String(storage)).toBe("[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 2]");
    expect(() => storage.copy_(torch.LongStorage([5n, 6n]))).toThrow("self was 8 bytes but src was 16 bytes");
    expect(storage.copy_(torch.FloatStorage([5, 6])).tolist()).toEqual([5, 6]);
    expect(storage.resize_(4).tolist()).toEqual([5, 6, 0, 0]);
    expect(storage.fill_(3).length).toBe(4);
    expect(torch.TypedStorage([1n, 2n], { dtype: torch.int64 }).tolist()).toEqual([1, 2]);
    expect(torch.UntypedStorage(3).tolist()).toEqual([0, 0, 0]);
    const words = torch.UntypedStorage([0, 0, 128, 63]);
    expect(torch.TypedStorage({ wrap_storage: words, dtype: torch.float32 }).tolist()).toEqual([1]);
    expect(torch.complex(torch.ones(2), torch.zeros(2)).storage().size()).toBe(2);
  });

  it("grow under their tensors", () => {
    const x = torch.ones(2);
    const bytes = x.untyped_storage();
    expect([bytes.resize_(20).size(), x.tolist(), x.untyped_storage().size()]).toEqual([20, [1, 1], 20]);
    x.mul_(3);
    expect(torch.TypedStorage({ wrap_storage: bytes, dtype: torch.float32 }).tolist()).toEqual([3, 3, 0, 0, 0]);
    expect(() => bytes.resize_(4)).toThrow("belong to tensors");
    expect(bytes.resize_(20).size()).toBe(20);
  });

  it("tell PyTorch's name of their type", () => {
    expect(torch.ones(2).storage().type()).toBe("torch.FloatStorage");
    expect(torch.LongStorage(2).type()).toBe("torch.LongStorage");
    expect(torch.ones(2).storage().type(torch.float64).type()).toBe("torch.DoubleStorage");
  });

  it("can be given to a tensor", () => {
    const storage = torch.FloatStorage([1, 2, 3, 4, 5, 6]);
    const x = torch.empty(0).set_(storage);
    expect([x.shape, x.tolist()]).toEqual([[6], [1, 2, 3, 4, 5, 6]]);
    const y = torch.empty(0).set_(storage, 1, [2, 2]);
    expect([y.stride(), y.tolist()]).toEqual([
      [2, 1],
      [
        [2, 3],
        [4, 5],
      ],
    ]);
    y.at(0, 0).fill_(20);
    expect([storage.at(1), x.at(1).item()]).toEqual([20, 20]);
    expect(() => torch.empty(0, { dtype: torch.int64 }).set_(torch.ones(2))).toThrow("Could not set tensor of type");
  });

  it("do not remember each view that was ever taken of them, but the latest", () => {
    const x = torch.ones(4);
    const w = torch.ones([], { requires_grad: true });
    for (let i = 0; i < 5000; i++) x.at(i % 4).add(1);
    const known = (x.storage_ as unknown as { readonly exposed: readonly unknown[] }).exposed;
    expect(known.length).toBeLessThan(2100);
    const y = w.mul(x.at(0));
    x.add_(1);
    expect(() => y.backward()).toThrow("modified by an inplace operation");
  });

  it("are read from files", () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), "cresset-")), "numbers.bin");
    writeFileSync(file, new Uint8Array(new Float32Array([1.5, 2.5, 3.5]).buffer));
    expect(torch.from_file(file, false, 2).tolist()).toEqual([1.5, 2.5]);
    expect(torch.from_file(file, { size: 3, dtype: torch.int32 }).at(0).item()).toBe(0x3fc00000);
    expect(torch.from_file(file).shape).toEqual([0]);
    expect(torch.UntypedStorage.from_file(file, false, 4).tolist()).toEqual([0, 0, 192, 63]);
    expect(() => torch.from_file(file, { size: 4 })).toThrow("the file has 12 bytes, 16 are wanted");
    expect(() => torch.from_file(file, true, 2)).toThrow(torch.NotImplementedError);
  });
});
