/** Charts as SVG text. Colours are variables of the page, so that they follow its light or dark theme. */

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeText = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => escapes[sign]!);

const plot = { width: 720, height: 300, left: 52, right: 52, top: 14, bottom: 42 };
const innerWidth = plot.width - plot.left - plot.right;
const innerHeight = plot.height - plot.top - plot.bottom;

export interface LossCurve {
  /** One a step. */
  readonly losses: readonly number[];
  /** Held-out accuracy, one an epoch. */
  readonly accuracies: readonly number[];
}

/** Loss of every step on a logarithmic scale, its running mean, and the accuracy after each epoch. */
export function lossChart({ losses, accuracies }: LossCurve): string {
  const floor = 1e-5;
  const logs = losses.map((loss) => Math.log10(Math.max(loss, floor)));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const x = (step: number): number => plot.left + (innerWidth * step) / Math.max(1, losses.length);
  const y = (log: number): number => plot.top + (innerHeight * (high - log)) / (high - low);
  const yOfShare = (share: number): number => plot.top + innerHeight * (1 - share);

  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const grid = decades.map(
    (decade) =>
      `<line class="grid" x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y(decade).toFixed(1)}" y2="${y(decade).toFixed(1)}"/>` +
      text(plot.left - 8, y(decade) + 4, String(10 ** decade), "end"),
  );
  const perEpoch = losses.length / Math.max(1, accuracies.length);
  const tickEvery = Math.max(1, Math.ceil(accuracies.length / 10));
  const ticks = accuracies.flatMap((_, i) =>
    (i + 1) % tickEvery === 0 ? [text(x((i + 1) * perEpoch), plot.height - 24, String(i + 1), "middle")] : [],
  );
  const shares = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    text(plot.width - plot.right + 8, yOfShare(share) + 4, `${100 * share} %`, "start"),
  );
  const points = (values: readonly (readonly [number, number])[]): string =>
    values.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const raw = logs.map((log, i) => [x(i + 1), y(log)] as const);
  const smooth = runningMean(losses, Math.max(1, Math.round(perEpoch))).map(
    (loss, i) => [x(i + 1), y(Math.log10(Math.max(loss, floor)))] as const,
  );
  const reached = accuracies.map((share, i) => [x((i + 1) * perEpoch), yOfShare(share)] as const);
  return `<svg viewBox="0 0 ${plot.width} ${plot.height}" role="img" aria-label="Loss of each step and accuracy of each epoch">
${grid.join("")}${ticks.join("")}${shares.join("")}
<polyline class="raw" points="${points(raw)}"/>
<polyline class="smooth" points="${points(smooth)}"/>
<polyline class="accuracy" points="${points(reached)}"/>
${reached.map(([px, py], i) => `<circle class="accuracy-dot" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3"><title>epoch ${i + 1}: ${(100 * accuracies[i]!).toFixed(2)} %</title></circle>`).join("")}
${text(plot.left + innerWidth / 2, plot.height - 6, "epoch", "middle")}
</svg>`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeText(content)}</text>`;
}

/** The mean of each value and the ones before it, `span` at most. */
export function runningMean(values: readonly number[], span: number): number[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value;
    if (i >= span) sum -= values[i - span]!;
    return sum / Math.min(i + 1, span);
  });
}

/** `counts[label][predicted]`: the diagonal is what was right. */
export function confusionChart(counts: readonly (readonly number[])[]): string {
  const cell = 44;
  const margin = 40;
  const size = counts.length * cell;
  const cells = counts.flatMap((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => {
      const right = label === predicted;
      const share = total === 0 ? 0 : count / total;
      // A single mistake must be seen.
      const strength = count === 0 ? 0 : right ? 0.15 + 0.85 * share : Math.min(1, 0.35 + 3 * share);
      const x = margin + predicted * cell;
      const y = margin + label * cell;
      const title = `<title>${count} of ${total}: a ${label} read as a ${predicted}</title>`;
      const square = `<rect class="cell" x="${x + 1}" y="${y + 1}" width="${cell - 2}" height="${cell - 2}" rx="5"/>`;
      const fill = `<rect class="${right ? "right" : "wrong"}" x="${x + 1}" y="${y + 1}" width="${cell - 2}" height="${cell - 2}" rx="5" opacity="${strength.toFixed(3)}"/>`;
      const number =
        count === 0
          ? ""
          : `<text class="count${strength > 0.55 ? " bright" : ""}" x="${x + cell / 2}" y="${y + cell / 2 + 5}" text-anchor="middle">${count}</text>`;
      return `<g>${title}${square}${count === 0 ? "" : fill}${number}</g>`;
    });
  });
  const labels = counts.flatMap((_, i) => [
    text(margin - 12, margin + i * cell + cell / 2 + 4, String(i), "end"),
    text(margin + i * cell + cell / 2, margin - 10, String(i), "middle"),
  ]);
  const side = margin + size + 4;
  return `<svg viewBox="0 0 ${side} ${side}" role="img" aria-label="Confusion matrix: rows are labels, columns predictions">
${labels.join("")}${cells.join("")}
</svg>`;
}

/** An 8x8 image of brightnesses in [0, 1]. */
export function imageChart(pixels: ArrayLike<number>): string {
  const width = 8;
  const squares = Array.from(pixels, (value, i) =>
    value === 0
      ? ""
      : `<rect x="${i % width}" y="${Math.floor(i / width)}" width="1.02" height="1.02" opacity="${value.toFixed(2)}"/>`,
  );
  return `<svg class="digit" viewBox="0 0 ${width} ${width}" shape-rendering="crispEdges">${squares.join("")}</svg>`;
}
