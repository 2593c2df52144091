import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

describe("state_dict", () => {
  it("shares memory with the module", () => {
    const layer = new nn.Linear(2, 1);
    const state = layer.state_dict();
    torch.no_grad(() => layer.weight.fill_(3));
    expect(state["weight"]!.tolist()).toEqual([[3, 3]]);
    expect(state["weight"]!.requires_grad).toBe(false);
    expect(layer.state_dict({ keep_vars: true })["weight"]).toBe(layer.weight);
  });

  it("loads into another model in place", () => {
    const [a, b] = [
      new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3)),
      new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3)),
    ];
    const weight = b.parameters()[0]!;
    expect(b.load_state_dict(a.state_dict())).toEqual({ missing_keys: [], unexpected_keys: [] });
    expect(b.parameters()[0]).toBe(weight);
    expect(weight.detach().tolist()).toEqual(a.parameters()[0]!.detach().tolist());
    expect(weight.requires_grad).toBe(true);
    // Not an alias: training one leaves the other alone.
    const before = weight.detach().tolist();
    torch.no_grad(() => a.parameters()[0]!.add_(1));
    expect(weight.detach().tolist()).toEqual(before);
  });

  it("takes Maps and values of other types", () => {
    const layer = new nn.Linear(1, 1, { bias: false });
    layer.load_state_dict(new Map([["weight", torch.tensor([[2]], { dtype: torch.float64 })]]));
    expect(layer.weight.dtype).toBe(torch.float32);
    expect(layer.weight.detach().tolist()).toEqual([[2]]);
  });

  it("names the key and both shapes when they differ", () => {
    const layer = new nn.Linear(2, 3);
    const state = { ...layer.state_dict(), weight: torch.zeros(3, 4) };
    expect(() => layer.load_state_dict(state)).toThrow(torch.ShapeError);
    expect(() => layer.load_state_dict(state)).toThrow(
      "size mismatch for weight: copying a param with shape torch.Size([3, 4]) from checkpoint, the shape in current model is torch.Size([3, 2]).",
    );
  });

  it("names missing and unexpected keys, and changes nothing then", () => {
    const layer = new nn.Linear(2, 3);
    const before = layer.bias!.detach().tolist();
    const state = { bias: torch.ones(3), other: torch.ones(1) };
    expect(() => layer.load_state_dict(state)).toThrow('Missing key(s) in state_dict: "weight".');
    expect(() => layer.load_state_dict(state)).toThrow('Unexpected key(s) in state_dict: "other".');
    expect(layer.bias!.detach().tolist()).toEqual(before);
    expect(layer.load_state_dict(state, { strict: false })).toEqual({
      missing_keys: ["weight"],
      unexpected_keys: ["other"],
    });
    expect(layer.bias!.detach().tolist()).toEqual([1, 1, 1]);
  });

  it("does not miss the batch counter of old checkpoints", () => {
    const norm = new nn.BatchNorm1d(2);
    const { num_batches_tracked: _, ...old } = norm.state_dict();
    expect(norm.load_state_dict(old).missing_keys).toEqual([]);
  });
});
