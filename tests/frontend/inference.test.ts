/** `inference_mode` and the tensors made in it. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

describe.each(["cpu", "cpu:js"])("inference mode on %s", (device) => {
  const made = (): torch.Tensor => torch.inference_mode(() => torch.ones([2], { device }));
  const leaf = (): torch.Tensor => torch.ones([2], { device, requires_grad: true });

  test("what is made inside is an inference tensor, a view of a tensor from outside is not", () => {
    const x = torch.ones([2], { device });
    torch.inference_mode(() => {
      expect([torch.is_inference_mode_enabled(), torch.is_grad_enabled()]).toEqual([true, false]);
      expect([x.mul(2).is_inference(), x.view(1, 2).is_inference(), x.is_inference()]).toEqual([true, false, false]);
      expect(torch.inference_mode(false, () => [torch.is_grad_enabled(), x.mul(2).is_inference()])).toEqual([
        true,
        false,
      ]);
      expect(torch.enable_grad(() => [torch.is_grad_enabled(), torch.is_inference_mode_enabled()])).toEqual([
        true,
        true,
      ]);
      x.add_(1);
    });
    expect([torch.is_inference_mode_enabled(), torch.is_grad_enabled()]).toEqual([false, true]);
    const a = made();
    expect([a, a.view(1, 2), a.detach(), a.mul(2), a.clone()].map((t) => torch.is_inference(t))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(x.tolist()).toEqual([2, 2]);
  });

  test("outside it is not written, does not require grad and has no version", () => {
    const a = made();
    for (const write of [() => a.add_(1), () => a.view(1, 2).zero_(), () => torch.no_grad(() => a.copy_(leaf()))])
      expect(write).toThrow(/Inplace update to inference tensor outside InferenceMode is not allowed/);
    expect(() => torch.add(a.clone(), 1, { out: a })).toThrow(/Inplace update to inference tensor/);
    expect(() => a.requires_grad_()).toThrow(/Setting requires_grad=True on inference tensor/);
    expect(() => a._version).toThrow(/do not track version counter/);
    expect(torch.inference_mode(() => a.add_(1).tolist())).toEqual([2, 2]);
    expect(a.clone().add_(1).tolist()).toEqual([3, 3]);
  });

  test("it is not saved for a backward pass, and takes part where nothing of it is saved", () => {
    const a = made();
    const w = leaf();
    expect(() => w.mul(a)).toThrow(/mul: Inference tensors cannot be saved for backward/);
    w.add(a).sum().backward();
    expect(w.grad!.tolist()).toEqual([1, 1]);
    expect(torch.no_grad(() => w.mul(a).tolist())).toEqual([1, 1]);
    expect(w.mul(a.clone()).requires_grad).toBe(true);
  });

  test("a view made inside, or under no_grad, of what requires grad is not written outside", () => {
    const y = leaf().mul(1);
    const inside = torch.inference_mode(() => y.view(1, 2));
    expect(() => inside.mul_(2)).toThrow(/A view was created in inference mode and is being modified inplace/);
    const unrecorded = torch.no_grad(() => y.view(1, 2));
    expect(() => unrecorded.mul_(2)).toThrow(/A view was created in no_grad mode and is being modified inplace/);
    torch.no_grad(() => unrecorded.mul_(2));
    expect(y.tolist()).toEqual([2, 2]);
  });

  test("an async body is in it until its promise settles", async () => {
    const result = torch.inference_mode(async () => {
      await Promise.resolve();
      return torch.is_inference_mode_enabled();
    });
    expect(() => torch.no_grad(async () => {})).toThrow(/another async scope/);
    expect(await result).toBe(true);
    expect(torch.is_inference_mode_enabled()).toBe(false);
  });

  test("a compiled function is recorded for the mode", () => {
    const double = torch.compile((x: torch.Tensor) => x.mul(2));
    const x = torch.ones([2], { device });
    expect([double(x), torch.inference_mode(() => double(x)), double(x)].map((t) => t.is_inference())).toEqual([
      false,
      true,
      false,
    ]);
  });
});
