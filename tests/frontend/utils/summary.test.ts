import { expect, it } from "vitest";
import * as torch from "cresset";

it("a summary lists layers, output shapes and parameters, and changes nothing", () => {
  const model = new torch.nn.Sequential(new torch.nn.Linear(4, 8), new torch.nn.Dropout(), new torch.nn.Linear(8, 2));
  const text = torch.summary(model, [[3, 4]]);
  expect(text.split("\n")).toContain("  Linear (0)   [3, 8]            40");
  expect(text).toContain("Trainable params: 58");
  expect(model.modules().every((module) => module.training)).toBe(true);
});
