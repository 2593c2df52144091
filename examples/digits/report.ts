/** The report of a training run as one HTML page that needs nothing else. */
import { confusionChart, escapeText, imageChart, lossChart, type LossCurve } from "./charts.ts";

export interface Mistake {
  readonly pixels: ArrayLike<number>;
  readonly label: number;
  readonly predicted: number;
}

export interface Report extends LossCurve {
  readonly title: string;
  readonly subtitle: string;
  /** Names and values, the most important first. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly confusion: readonly (readonly number[])[];
  readonly mistakes: readonly Mistake[];
}

export function renderReport(report: Report): string {
  const figures = report.figures.map(
    ([name, value]) => `<div class="figure"><b>${escapeText(value)}</b><span>${escapeText(name)}</span></div>`,
  );
  const mistakes = report.mistakes.map(
    ({ pixels, label, predicted }) =>
      `<figure>${imageChart(pixels)}<figcaption>${label} read as <em>${predicted}</em></figcaption></figure>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(report.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header><h1>${escapeText(report.title)}</h1><p>${escapeText(report.subtitle)}</p></header>
<section class="figures">${figures.join("")}</section>
<section>
<h2>Training</h2>
<p class="legend"><i class="raw"></i>loss of a step <i class="smooth"></i>mean of an epoch's steps <i class="accuracy"></i>held-out accuracy (right scale)</p>
${lossChart(report)}
</section>
<section class="columns">
<div><h2>Confusion</h2><p class="legend">rows: what it is; columns: what was read</p>${confusionChart(report.confusion)}</div>
<div><h2>Mistakes</h2><p class="legend">${report.mistakes.length === 0 ? "none" : "held-out images that were read wrongly"}</p><div class="mistakes">${mistakes.join("")}</div></div>
</section>
</main>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --page: #f6f6f3; --card: #ffffff; --ink: #1c1d21; --dim: #6d7078; --line: #e3e3de; --blue: #2f6fde; --green: #1d9a6c; --red: #d8483e; }
@media (prefers-color-scheme: dark) { :root { --page: #121316; --card: #1b1d21; --ink: #ececf0; --dim: #989ca6; --line: #2d3036; --blue: #6ea0ff; --green: #3fc18f; --red: #f0766b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -0.02em; }
h2 { font-size: 17px; margin: 0 0 4px; }
header p, .legend { color: var(--dim); margin: 4px 0 14px; font-size: 13px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 22px 24px; margin-top: 18px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(136px, 1fr)); gap: 18px; }
.figure { display: flex; flex-direction: column; }
.figure b { font-size: 22px; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.figure span { color: var(--dim); font-size: 13px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 32px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
polyline.raw { stroke: var(--blue); opacity: 0.32; }
polyline.smooth { stroke: var(--blue); stroke-width: 2.5; }
polyline.accuracy { stroke: var(--green); stroke-width: 2; }
.accuracy-dot { fill: var(--green); }
.legend i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin: 0 6px 3px 12px; }
.legend i:first-child { margin-left: 0; }
.legend .raw { background: var(--blue); opacity: 0.4; }
.legend .smooth { background: var(--blue); }
.legend .accuracy { background: var(--green); }
.cell { fill: var(--line); opacity: 0.45; }
rect.right { fill: #2f6fde; }
rect.wrong { fill: var(--red); }
svg text.count { fill: var(--ink); font-size: 14px; }
svg text.count.bright { fill: #fff; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 16px; }
figure { margin: 0; }
figcaption { color: var(--dim); font-size: 12px; margin-top: 5px; }
figcaption em { color: var(--red); font-style: normal; font-weight: 600; }
.digit { background: #101114; border-radius: 8px; padding: 6px; fill: #fff; }
`;
