/** Numbers are PyTorch's. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const { SobolEngine } = torch.quasirandom;

describe("SobolEngine", () => {
  it("gives PyTorch's points in few and in many dimensions", () => {
    expect(new SobolEngine(5).draw(4).tolist()).toEqual([
      [0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.25, 0.75],
      [0.25, 0.75, 0.75, 0.75, 0.25],
    ]);
    const points = new SobolEngine(1111).fast_forward(1000).draw(3);
    expect([points.shape, points.double().sum().item()]).toEqual([[3, 1111], 1659.1416015625]);
    expect(points.at(2, "-3:").tolist()).toEqual([0.3623046875, 0.7392578125, 0.6201171875]);
  });

  it("scrambles as PyTorch does, from a seed or the default generator", () => {
    const seeded = new SobolEngine(3, { scramble: true, seed: 7 });
    expect(seeded.draw(2).tolist()).toEqual([
      [0.19947312772274017, 0.17093220353126526, 0.7493569254875183],
      [0.6922082901000977, 0.7114949226379395, 0.48982980847358704],
    ]);
    expect(seeded.draw({ dtype: torch.float64 }).tolist()).toEqual([
      [0.850549110211432, 0.2962706368416548, 0.7879805937409401],
    ]);
    torch.manual_seed(11);
    const engine = SobolEngine(2, true);
    engine.draw_base2(3);
    expect(engine.draw().tolist()).toEqual([[0.5203670263290405, 0.35770997405052185]]);
    expect(torch.rand(1).item()).toBe(0.5387173891067505);
    expect(String(seeded)).toBe("SobolEngine(dimension=3, scramble=True, seed=7)");
  });

  it("starts again, skips, and keeps powers of two", () => {
    const engine = new SobolEngine(2, true, 3);
    const first = engine.draw(5).tolist() as number[][];
    expect(engine.reset().fast_forward(2).draw(3).tolist()).toEqual(first.slice(2));
    expect(engine.num_generated).toBe(5);
    expect(() => engine.draw_base2(2)).toThrow("require n to be a power of 2");
    const out = torch.empty(1, 2);
    expect(engine.reset().draw(1, { out })).toBe(out);
    expect(out.tolist()).toEqual(first.slice(0, 1));
    expect(engine.draw(0).shape).toEqual([0, 2]);
  });

  it("draws on at each call of a compiled function", () => {
    const engine = new SobolEngine(1);
    const next = torch.compile(() => engine.draw(1).mul(2));
    expect([next(), next(), next(), next()].map((x) => x.item())).toEqual([0, 1, 1.5, 0.5]);
  });

  it("has numbers for 1111 dimensions", () => {
    expect(() => new SobolEngine(1112)).toThrow("Supported range of dimensionality for SobolEngine is [1, 1111]");
    expect(() => new SobolEngine(0)).toThrow(torch.ValueError);
  });
});
