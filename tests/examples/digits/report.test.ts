import { describe, expect, test } from "vitest";
import { confusionChart, lossChart, runningMean } from "../../../examples/digits/charts.ts";
import { ProgressLine } from "../../../examples/digits/progress.ts";
import { renderReport } from "../../../examples/digits/report.ts";

const report = {
  title: "Digits <1>",
  subtitle: "a test",
  figures: [["accuracy", "98 %"]],
  losses: [2.3, 1.2, 0, 0.1],
  accuracies: [0.5, 0.9],
  confusion: [
    [3, 1],
    [0, 4],
  ],
  mistakes: [{ pixels: new Float32Array(64).fill(0.5), label: 0, predicted: 1 }],
} as const;

describe("the page of the digits example", () => {
  test("needs nothing but itself", () => {
    const page = renderReport(report);
    expect(page).not.toMatch(/<(script|link|img|iframe)|https?:|url\(|@import/);
    expect(page).toContain("Digits &lt;1&gt;");
    expect(page).toContain("0 read as <em>1</em>");
  });

  test("a loss of zero and a single step can be drawn", () => {
    expect(lossChart(report)).not.toMatch(/NaN|Infinity/);
    expect(lossChart({ losses: [1], accuracies: [] })).not.toMatch(/NaN|Infinity/);
  });

  test("a running mean covers the last values", () => {
    expect(runningMean([2, 4, 6, 8], 2)).toEqual([2, 3, 5, 7]);
  });

  test("each pair of classes has its count and a description", () => {
    const chart = confusionChart(report.confusion);
    expect(chart).toContain("<title>1 of 4: a 0 read as a 1</title>");
    expect(chart.match(/class="wrong"/g)).toHaveLength(1);
  });
});

describe("the progress line", () => {
  const run = (isTTY: boolean): string => {
    let written = "";
    const line = new ProgressLine({ isTTY, write: (text: string | Uint8Array) => (written += String(text)) !== "" });
    const progress = { step: 1, steps: 2, epoch: 1, epochs: 2, loss: 0.5, accuracy: null };
    line.update(progress);
    line.epochDone({ ...progress, step: 2, accuracy: 0.97 });
    line.finish();
    return written;
  };

  test("is redrawn in place on a terminal", () => {
    expect(run(true)).toContain("\r");
  });

  test("is one plain line an epoch elsewhere", () => {
    expect(run(false)).toBe("epoch 1/2  loss 0.5000  accuracy 97.00 %\n");
  });
});
