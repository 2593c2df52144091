import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const { channels_last } = torch;

describe("memory formats", () => {
  const turned = (): torch.Tensor => torch.arange(24).float().reshape(2, 3, 4).permute(2, 0, 1);

  it("are kept by clone, by tensors like another and by conversions, as PyTorch keeps them", () => {
    const p = turned();
    const kept = [p.clone(), torch.zeros_like(p), torch.full_like(p, 3), p.double(), p.to("float64", { copy: true })];
    for (const x of kept) expect(x.stride()).toEqual([1, 12, 4]);
    expect(p.at("::2").clone().stride()).toEqual([1, 6, 2]);
    expect(p.expand(5, 4, 2, 3).clone().stride()).toEqual([24, 1, 12, 4]);
    expect(torch.empty_like(p, { memory_format: torch.contiguous_format }).stride()).toEqual([6, 3, 1]);
    expect(p.contiguous().stride()).toEqual([6, 3, 1]);
  });

  it("put channels last where they are asked for", () => {
    const format = { memory_format: channels_last };
    const x = torch.ones(2, 3, 4, 5);
    for (const y of [torch.empty(2, 3, 4, 5, format), x.to(format), x.double(channels_last), x.clone(format)]) {
      expect(y.stride()).toEqual([60, 1, 15, 3]);
      expect([y.is_contiguous(), y.is_contiguous(channels_last), y._base]).toEqual([false, true, null]);
    }
    expect(() => torch.ones(2, 3).to(format)).toThrow("required rank 4 tensor");
    // @ts-expect-error a name is no format
    expect(() => x.clone({ memory_format: "channels_last" })).toThrow("memory_format must be a torch.memory_format");
  });

  it("change nothing of values, writes and gradients", () => {
    const x = torch.arange(120).float().reshape(2, 3, 4, 5).requires_grad_();
    const y = x.contiguous(channels_last);
    y.at(1).mul_(2);
    const row = y.detach().at(0, 1, 2);
    expect(torch.equal(y.at(0).detach(), x.at(0).detach())).toBe(true);
    expect(row.tolist()).toEqual([30, 31, 32, 33, 34]);
    y.sum().backward();
    expect(x.grad!.at(":", 0, 0, 0).tolist()).toEqual([1, 2]);
    const leaf = torch.ones(1, 2, 2, 2).to({ memory_format: channels_last }).requires_grad_();
    leaf.pow(2).sum().backward();
    torch.no_grad(() => leaf.sub_(leaf.grad!));
    expect([leaf.is_leaf, leaf.sum().item()]).toEqual([true, -8]);
  });

  it("show in memory: a view of what lies channels last is what its elements lie like", () => {
    const x = torch.arange(8).float().reshape(1, 2, 2, 2).contiguous(channels_last);
    expect(x.permute(0, 2, 3, 1).reshape(-1).tolist()).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect(() => x.view(-1)).toThrow("view size is not compatible");
    expect(x.storage().tolist()).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect(x.clone().grad_fn).toBe(null);
    expect(x.clone().requires_grad_().clone().grad_fn!.name()).toBe("CloneBackward0");
  });
});
