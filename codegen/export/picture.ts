/** graph.svg: a box for each operation of the recorded graph, with the weights and numbers that it takes written inside. */
import { topologicalOrder } from "../../ir/walks.ts";
import { type Node } from "../../ir/graph.ts";
import { formatShape } from "../../ir/shape.ts";
import { layOutLayers, type Bend, type Box } from "./layers.ts";

export interface GraphNames {
  /** Names of leaves: inputs, weights, numbers. */
  readonly leaf: (node: Node) => { readonly kind: "input" | "weight" | "number"; readonly name: string } | null;
  readonly outputs: readonly string[];
}

const line = 16;
const characterWidth = 6.7;
const padding = 8;
const margin = 16;

interface Drawn extends Box {
  readonly kind: "input" | "operation" | "movement" | "output";
  readonly texts: readonly string[];
}

const movement: ReadonlySet<string> = new Set(["reshape", "permute", "expand", "slice", "pad", "concat", "window"]);

export function drawGraph(roots: readonly Node[], names: GraphNames): string {
  const boxes: Drawn[] = [];
  const placeOf = new Map<Node, number>();
  const add = (kind: Drawn["kind"], texts: readonly string[], above: readonly number[]): number => {
    const width = Math.ceil(Math.max(...texts.map((text) => text.length)) * characterWidth) + 2 * padding;
    return boxes.push({ kind, texts, above, width, height: texts.length * line + padding }) - 1;
  };
  const aside = (start: Node): string | null => {
    let node = start;
    while (names.leaf(node) === null && (node.op === "reshape" || node.op === "expand")) node = node.inputs[0]!;
    if (node.op === "constant") return String(node.attrs.value);
    const leaf = names.leaf(node);
    return leaf === null || leaf.kind === "input"
      ? null
      : leaf.kind === "number"
        ? leaf.name
        : `${leaf.name} ${formatShape(node.shape)}`;
  };
  for (const node of topologicalOrder(roots, (candidate) => names.leaf(candidate) !== null)) {
    if (aside(node) !== null) continue;
    const leaf = names.leaf(node);
    const texts = [leaf?.name ?? operationName(node), `${node.dtype} ${formatShape(node.shape)}`];
    for (const input of leaf === null ? node.inputs : []) {
      const text = aside(input);
      if (text !== null) texts.push(text);
    }
    const above = leaf !== null ? [] : node.inputs.flatMap((input) => placeOf.get(input) ?? []);
    placeOf.set(node, add(leaf !== null ? "input" : movement.has(node.op) ? "movement" : "operation", texts, above));
  }
  roots.forEach((root, i) =>
    add(
      "output",
      [names.outputs[i]!, aside(root) ?? ""].filter((text) => text !== ""),
      placeOf.has(root) ? [placeOf.get(root)!] : [],
    ),
  );
  return svgText(boxes);
}

const operationName = (node: Node): string => (node.op === "call" ? node.attrs.name : node.op);

function svgText(boxes: readonly Drawn[]): string {
  const layout = layOutLayers(boxes);
  const width = Math.ceil(layout.width + 2 * margin);
  const height = Math.ceil(layout.height + 2 * margin);
  const edges = layout.edges.map(({ from, to, bends }) => {
    const start = layout.boxes[from]!;
    const edge = [
      { x: start.x, top: start.y, bottom: start.y + boxes[from]!.height },
      ...bends,
      { x: layout.boxes[to]!.x, top: layout.boxes[to]!.y, bottom: 0 },
    ];
    return `<path d="${curve(edge)}"/>`;
  });
  const drawn = boxes.map((box, i) => {
    const { x, y } = layout.boxes[i]!;
    const texts = box.texts.map(
      (text, k) =>
        `<text x="${round(x)}" y="${round(y + padding / 2 + line * (k + 0.75))}"${k === 0 ? ' class="name"' : ""}>${escaped(text)}</text>`,
    );
    return `<g class="${box.kind}"><rect x="${round(x - box.width / 2)}" y="${round(y)}" width="${box.width}" height="${box.height}" rx="5"/>${texts.join("")}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-margin} ${-margin} ${width} ${height}">
<style>${style}</style>
<g class="edges">
${edges.join("\n")}
</g>
${drawn.join("\n")}
</svg>
`;
}

const style = `
text { font: 11px ui-monospace, Menlo, Consolas, monospace; text-anchor: middle; fill: #555; }
.name { font-weight: bold; fill: #111; }
rect { fill: #fff; stroke: #8a94a6; }
.input rect { fill: #dcebff; stroke: #4a7fc1; }
.output rect { fill: #ddf3dd; stroke: #4c9a52; }
.movement rect { fill: #f4f4f4; stroke-dasharray: 3 2; }
.edges path { fill: none; stroke: #8a94a6; }
@media (prefers-color-scheme: dark) { .edges path { stroke: #aab; } }
`;

const round = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Straight past the boxes of a layer, curved between layers. */
function curve(points: readonly Bend[]): string {
  let text = `M${round(points[0]!.x)} ${round(points[0]!.bottom)}`;
  for (let i = 1; i < points.length; i++) {
    const [above, here] = [points[i - 1]!, points[i]!];
    const middle = round((above.bottom + here.top) / 2);
    text += ` C${round(above.x)} ${middle} ${round(here.x)} ${middle} ${round(here.x)} ${round(here.top)}`;
    if (i < points.length - 1) text += ` V${round(here.bottom)}`;
  }
  return text;
}
