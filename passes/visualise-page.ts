/** The page around the pictures: layout in layers, two panes, a choice of program and pass. No network, no library. */
import type { PicturedProgram } from "./visualise.ts";

const style = `
  body { margin: 0; font: 13px system-ui, sans-serif; display: grid; grid-template: auto 1fr / 220px 1fr 1fr; height: 100vh; color: #222; background: #fff; }
  header { grid-column: 1 / 4; padding: 8px 12px; border-bottom: 1px solid #ccc; display: flex; gap: 16px; align-items: center; }
  nav { overflow: auto; border-right: 1px solid #ccc; }
  nav button { display: block; width: 100%; text-align: left; border: 0; background: none; padding: 4px 12px; font: inherit; cursor: pointer; color: inherit; }
  nav button[aria-current=true] { background: #dde8ff; }
  nav h2 { font-size: 12px; margin: 12px 12px 2px; color: #777; }
  section { overflow: auto; position: relative; border-right: 1px solid #ccc; }
  section h3 { position: sticky; top: 0; left: 0; margin: 0; padding: 4px 8px; background: #f4f4f4; font-size: 12px; }
  pre { margin: 8px; font: 11px/1.45 ui-monospace, monospace; }
  rect { fill: #fff; stroke: #888; } .new rect { stroke: #d33; stroke-width: 2; } .root rect { stroke-dasharray: 4 2; }
  path { fill: none; stroke: #bbb; } text { font: 10px ui-monospace, monospace; fill: #222; } .type { fill: #777; }
`;

/** Runs in the page. Positions: layers by the longest way from a leaf, each ordered by the middle of its inputs. */
const script = `
const programs = JSON.parse(document.getElementById("data").textContent);
const svgNs = "http://www.w3.org/2000/svg";
const element = (name, attributes, parent) => {
  const made = document.createElementNS(svgNs, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
};
const width = 150, height = 30, gapX = 12, gapY = 26;
function layout(boxes) {
  const layer = [];
  boxes.forEach((box, i) => { layer[i] = Math.max(-1, ...box.inputs.map((j) => layer[j])) + 1; });
  // A leaf stands just above its first user.
  boxes.forEach((box, i) => { if (box.inputs.length === 0) layer[i] = Math.max(0, Math.min(...boxes.flatMap((user, k) => user.inputs.includes(i) ? [layer[k] - 1] : []), 1e9)); });
  const rows = [];
  boxes.forEach((_, i) => { (rows[layer[i] === 1e9 ? 0 : layer[i]] ??= []).push(i); });
  const x = [], y = [];
  rows.forEach((row, r) => {
    const middle = (i) => boxes[i].inputs.length === 0 ? 1e6 : boxes[i].inputs.reduce((sum, j) => sum + (x[j] ?? 0), 0) / boxes[i].inputs.length;
    row.sort((a, b) => middle(a) - middle(b) || a - b);
    row.forEach((i, k) => { x[i] = 10 + k * (width + gapX); y[i] = 30 + r * (height + gapY); });
  });
  return { x, y };
}
function draw(pane, title, picture, known) {
  pane.textContent = "";
  const heading = document.createElement("h3");
  heading.textContent = title;
  pane.append(heading);
  if (picture === undefined) return;
  if (picture.boxes.length > 0 && !asText.checked) {
    const { x, y } = layout(picture.boxes);
    const svg = element("svg", { width: Math.max(...x) + width + 20, height: Math.max(...y) + height + 20 }, pane);
    picture.boxes.forEach((box, i) => {
      for (const j of box.inputs) {
        const [x1, y1, x2, y2] = [x[j] + width / 2, y[j] + height, x[i] + width / 2, y[i]];
        element("path", { d: "M" + x1 + " " + y1 + " C" + x1 + " " + (y1 + gapY) + " " + x2 + " " + (y2 - gapY) + " " + x2 + " " + y2 }, svg);
      }
    });
    picture.boxes.forEach((box, i) => {
      const group = element("g", { class: (known.has(box.hash) ? "" : "new ") + (box.isRoot ? "root" : "") }, svg);
      const color = box.region < 0 ? "#fff" : "hsl(" + ((box.region * 67) % 360) + " 80% 90%)";
      element("rect", { x: x[i], y: y[i], width, height, rx: 4, style: "fill:" + color }, group);
      element("text", { x: x[i] + 6, y: y[i] + 12 }, group).textContent = box.title.slice(0, 24);
      element("text", { x: x[i] + 6, y: y[i] + 24, class: "type" }, group).textContent = box.type.slice(0, 24);
      element("title", {}, group).textContent = box.title + " " + box.type + (box.detail ? "\\n" + box.detail : "") + (box.region < 0 ? "" : "\\ngroup " + box.region);
    });
    return;
  }
  const text = document.createElement("pre");
  text.textContent = picture.text;
  pane.append(text);
}
const [before, after] = document.querySelectorAll("section");
const nav = document.querySelector("nav");
const asText = document.getElementById("text");
let chosen = [0, 0];
function show() {
  const { pictures } = programs[chosen[0]] ?? { pictures: [] };
  const now = pictures[chosen[1]], old = pictures[chosen[1] - 1];
  const hashes = (picture) => new Set((picture?.boxes ?? []).map((box) => box.hash));
  draw(before, old ? "before: left by " + old.pass : "before: nothing", old, now && now.boxes.length > 0 ? hashes(now) : hashes(old));
  draw(after, now ? "after: " + now.pass : "", now, old ? hashes(old) : hashes(now));
  nav.textContent = "";
  programs.forEach((program, p) => {
    const heading = document.createElement("h2");
    heading.textContent = program.name;
    nav.append(heading);
    program.pictures.forEach((picture, i) => {
      const button = document.createElement("button");
      button.textContent = picture.pass;
      button.setAttribute("aria-current", String(p === chosen[0] && i === chosen[1]));
      button.onclick = () => { chosen = [p, i]; show(); };
      nav.append(button);
    });
  });
}
asText.onchange = show;
show();
`;

export function pageOf(programs: readonly PicturedProgram[]): string {
  const data = JSON.stringify(programs).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Cresset: passes</title>
<style>${style}</style>
<header><strong>Passes</strong><label><input type="checkbox" id="text"> as text</label>
<span>red: not there on the other side; dashed: results; colours: groups that share a kernel</span></header>
<nav></nav><section></section><section></section>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</html>
`;
}
