import fc from "fast-check";
import { expect, test } from "vitest";
import { layOutLayers, type Box } from "../../../codegen/export/layers.ts";

const graphs = fc
  .array(
    fc.record({
      width: fc.integer({ min: 5, max: 90 }),
      height: fc.integer({ min: 5, max: 40 }),
      links: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((list) =>
    list.map(({ width, height, links }, i): Box => ({
      width,
      height,
      above: i === 0 ? [] : links.map((link) => link % i),
    })),
  );

test("boxes do not touch, lie inside the picture, and hang below what they need", () => {
  fc.assert(
    fc.property(graphs, (boxes) => {
      const { boxes: placed, edges, width, height } = layOutLayers(boxes);
      boxes.forEach((box, i) => {
        const { x, y } = placed[i]!;
        expect(x - box.width / 2).toBeGreaterThan(-1e-6);
        expect(x + box.width / 2).toBeLessThan(width + 1e-6);
        expect(y + box.height).toBeLessThan(height + 1e-6);
        for (const other of box.above) expect(placed[other]!.y + boxes[other]!.height).toBeLessThan(y);
        boxes.forEach((neighbour, k) => {
          if (k === i || placed[k]!.y !== y) return;
          expect(Math.abs(placed[k]!.x - x)).toBeGreaterThan((box.width + neighbour.width) / 2);
        });
      });
      for (const { from, to, bends } of edges) {
        const heights = [placed[from]!.y, ...bends.map(({ top }) => top), placed[to]!.y];
        expect(heights).toEqual([...heights].sort((a, b) => a - b));
      }
      expect(edges).toHaveLength(boxes.reduce((sum, { above }) => sum + new Set(above).size, 0));
    }),
    { numRuns: 60 },
  );
});

test("a box that needs none is placed just above the first that needs it", () => {
  const box = (...above: number[]): Box => ({ width: 10, height: 10, above });
  const { boxes } = layOutLayers([box(), box(0), box(1), box(), box(2, 3)]);
  expect(boxes[3]!.y).toBe(boxes[2]!.y);
});

test("a chain of 20,000 boxes is no problem", () => {
  const chain = Array.from({ length: 20_000 }, (_, i): Box => ({
    width: 10,
    height: 10,
    above: i === 0 ? [] : [i - 1, 0],
  }));
  expect(layOutLayers(chain).boxes).toHaveLength(chain.length);
});
