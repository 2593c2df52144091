/**
 * From a recorded graph to a program: the whole compiler as one list of named passes.
 */
import { bufferise, computedOf, type BoundProgram } from "../codegen/bufferise.ts";
import type { Donations } from "../codegen/donation.ts";
import { kernelsWithin, lowerRegions, type LoweredGraph } from "../codegen/lower-regions.ts";
import type { Target, Tuner } from "../codegen/lower/kernel-builder.ts";
import { orderKernels } from "../codegen/order-kernels.ts";
import { planMemory } from "../codegen/plan-memory.ts";
import { supportsRelaxedSimd } from "../codegen/wasm/features.ts";
import { GraphBuilder } from "../ir/builder.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { withFreshInterning } from "../ir/interning.ts";
import { noteSite, type Node } from "../ir/graph.ts";
import type { KernelGraph } from "../ir/kernel-graph.ts";
import { Provided } from "../ir/provided.ts";
import { isFree, isView } from "../ir/traits.ts";
import { aliasReshaped } from "../passes/alias-reshaped.ts";
import { canonicalise } from "../passes/canonicalise.ts";
import { decompose } from "../passes/decompose.ts";
import { fuse } from "../passes/fuse.ts";
import { legaliseDtypes, type TypeTarget } from "../passes/legalise-dtypes.ts";
import type { Tiling } from "../passes/winograd/index.ts";
import { supports, type DeviceName } from "../runtime/device.ts";
import { PassList, type Pass } from "./pass-list.ts";
import { settings } from "./state.ts";

/** What the passes are told beside what the one before them left. */
interface Context {
  readonly g: GraphBuilder;
  readonly name: string;
  readonly device: DeviceName;
  readonly target: Target;
  readonly types: TypeTarget;
  readonly donations: Donations;
  readonly fusion: boolean;
  /** Of convolutions, where that is asked for. */
  readonly tiling: Tiling | null;
}

type Roots = readonly Node[];
type GraphPass = (g: GraphBuilder, roots: Roots) => Roots;

/** Passes for graphs with loops and choices. */
export const regionPasses = new Provided<Readonly<Record<"mergeLoops" | "inlineChoices" | "pruneRegions", GraphPass>>>(
  "regions",
);

/** Where they have not been provided there is no region. */
function ofRegions(name: "mergeLoops" | "inlineChoices" | "pruneRegions"): GraphPass {
  return (g, roots) => regionPasses.orNull?.[name](g, roots) ?? roots;
}

/** The compiler, in order. By interning, each pass over the graph is CSE and dead-code removal too. */
export const pipeline = PassList.start("recorded", recorded())
  .then("merge loops", onRecorded(ofRegions("mergeLoops")))
  .then("decompose", onGraph(decompose))
  .then("canonicalise", onGraph(canonicalise))
  .then("claim choices", onGraph(claimChoices))
  .then("prune regions", onGraph(ofRegions("pruneRegions")))
  .then("legalise dtypes", onGraph(legaliseDtypes))
  .then(
    "winograd",
    onGraph((g, roots, { tiling }) => (tiling === null ? [...roots] : settings.winograd!(g, roots, tiling))),
  )
  .then("canonicalise again", onGraph(canonicalise))
  .then("alias reshaped results", onGraph(aliasReshaped))
  .then(
    "fuse",
    toRegions((roots, { fusion, target }) => fuse(roots, { fusion, sumsAcross: target.kind === "cpu" })),
  )
  .then("lower", toLoops(lowerRegions))
  .then("order", toLoops(orderKernels))
  .then("bufferise", toProgram(bufferise, { placed: false }))
  .then("plan memory", toProgram(planMemory, { placed: true }));

type CompilerPass<Taken, Left> = Pass<Taken, Left, Context>;

function recorded(): CompilerPass<Roots, Roots> {
  return { run: (roots) => roots, show: (roots) => ({ level: "graph", roots, primitive: false }) };
}

function onRecorded(pass: (g: GraphBuilder, roots: Roots) => Roots): CompilerPass<Roots, Roots> {
  return {
    run: (roots, { g }) => withoutSite(() => pass(g, roots)),
    show: (roots) => ({ level: "graph", roots, primitive: false }),
  };
}

function onGraph(pass: (g: GraphBuilder, roots: Roots, context: Context) => Roots): CompilerPass<Roots, Roots> {
  return {
    run: (roots, context) => withoutSite(() => pass(context.g, roots, context)),
    show: (roots) => ({ level: "graph", roots, primitive: true }),
  };
}

/** What a pass makes is the line of the node that it is made of, or nobody's. */
function withoutSite<T>(pass: () => T): T {
  noteSite(null);
  return pass();
}

function toRegions(pass: (roots: Roots, context: Context) => KernelGraph): CompilerPass<Roots, KernelGraph> {
  return { run: pass, show: (graph) => ({ level: "kernels", graph }) };
}

function toLoops<Taken>(pass: (taken: Taken, context: Context) => LoweredGraph): CompilerPass<Taken, LoweredGraph> {
  return {
    run: pass,
    show: ({ kernels }) => ({ level: "loops", kernels: kernelsWithin(kernels).map(({ lowered }) => lowered.kernel) }),
  };
}

function toProgram<Taken>(
  pass: (taken: Taken, context: Context) => BoundProgram,
  { placed }: { readonly placed: boolean },
): CompilerPass<Taken, BoundProgram> {
  return { run: pass, show: ({ program }, { device }) => ({ level: "program", program, device, placed }) };
}

/** CPU devices branch; others compute both sides. */
function claimChoices(g: GraphBuilder, roots: Roots, { target }: Context): Roots {
  return target.kind === "cpu" ? roots : ofRegions("inlineChoices")(g, roots);
}

export const targets: Readonly<Record<DeviceName, Target>> = {
  cpu: { kind: "cpu", simd: true },
  "cpu:js": { kind: "cpu", simd: false },
  webgpu: { kind: "gpu", simd: false },
};

const typesOf = (device: DeviceName): TypeTarget => ({
  device,
  computesIn: (dtype) => supports(device, dtype),
  wideIntegers: device !== "webgpu",
});

export interface Compiled extends BoundProgram {
  /** For each requested root its place among the program's outputs, or the input leaf that it already is. */
  readonly results: readonly ({ readonly output: number } | { readonly input: Node })[];
  /** Kernels that there would be if every operation had its own. */
  readonly operationCount: number;
  /** Some convolution is computed in tiles, which depend on sizes. */
  readonly isTiled: boolean;
}

export interface CompileOptions {
  readonly device: DeviceName;
  readonly name: string;
  /** Index of a root -> input leaf whose memory it may take over. */
  readonly donations?: Donations;
  /** The kernels are to be shared with programs of other sizes. */
  readonly dynamic?: boolean;
  /** Off: no fusion and no merging, for tests. */
  readonly fusion?: boolean;
  /** Whether the device fuses multiply-adds; as this engine does, where nothing is said. */
  readonly fused?: boolean;
  /** Chooses between schedules; as `torch.backends` says, where nothing is said. */
  readonly tuner?: Tuner;
}

/**
 * in:  roots over `input` and `scalar` leaves
 * out: a program for the device
 */
export function compileGraph(roots: readonly Node[], options: CompileOptions): Compiled {
  const { device, name, donations = new Map<number, Node>(), dynamic = false, fusion = true } = options;
  return withFreshInterning(() => {
    const g = new GraphBuilder();
    g.gradEnabled = false;
    const fused = options.fused ?? (device === "cpu" && supportsRelaxedSimd());
    const tuner = options.tuner ?? (device === "cpu" && !dynamic && !settings.deterministic ? settings.tuner : null);
    const target = { ...targets[device], dynamic, fused, ...(tuner === null ? {} : { tuner }) };
    const tiling = settings.winograd !== null && target.kind === "cpu" && !dynamic ? { used: false } : null;
    const bound = pipeline.run(roots, {
      g,
      name,
      device,
      target,
      types: typesOf(device),
      donations,
      fusion,
      tiling,
    });
    const computed = computedOf(bound.outputs);
    const place = new Map(computed.map((node, output) => [node, output]));
    return {
      ...bound,
      results: bound.outputs.map((node) => (node.op === "input" ? { input: node } : { output: place.get(node)! })),
      operationCount: operationCount(computed),
      isTiled: tiling?.used === true,
    };
  });
}

const operationCount = (roots: Roots): number =>
  topologicalOrder(roots).filter((node) => !isFree(node) && !isView(node) && node.op !== "pick").length;
