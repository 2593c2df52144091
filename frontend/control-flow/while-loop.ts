/** `while_loop`: turns as long as a condition holds. */
import "../regions.ts";
import { ArgumentError, ReadError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import type { Node } from "../../ir/graph.ts";
import { fromMemory, inMemory, recordTurn, repeated, turnsOf, whileLoop, type Turn } from "../../ir/regions.ts";
import type { Device } from "../../runtime/device.ts";
import { bodyUnderWay, refuseInBody } from "../body-scope.ts";
import { restateCheck, type NumberedCheck } from "../checks.ts";
import { tracing } from "../host-effects.ts";
import { withGradMode } from "../grad-mode.ts";
import { tensorTree, type TensorTree } from "../pytree.ts";
import { recorder } from "../recorder.ts";
import { noteThisLine, withSite } from "../site.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";
import { behindMarkers } from "../value.ts";
import {
  type RecordedBody,
  recordBody,
  requireValue,
  requireFunctions,
  deviceOf,
  requireSame,
  tensorsOf,
  nodesOf,
  predicateOf,
} from "./recorded.ts";

/**
 * carried = body_fn(...carried) while cond_fn(...carried), a bool[], is true. Both functions are recorded once, and the
 * program has one loop. Where gradients are to flow, its turns are counted first. A condition that is no tensor is asked
 * for in each turn.
 * @throws ReadError naming while_loopAsync on a device that is read by promises only
 * @see https://docs.pytorch.org/docs/main/higher_order_ops/while_loop.html
 */
export function while_loop<C extends readonly unknown[]>(
  cond_fn: (...carried: C) => Tensor | boolean,
  body_fn: (...carried: C) => readonly [...C],
  carried_inputs: readonly [...C],
): C {
  return withSite(() => {
    const loop = new WhileLoop<C>(cond_fn, body_fn, carried_inputs);
    if (!loop.device.synchronous)
      throw new ReadError(
        "while_loop/depends-on-data",
        `while_loop: its condition depends on data, which takes a promise on ${loop.device.name}.`,
        "Use the ...Async twin: await while_loopAsync(...).",
      );
    return runWhile(loop);
  });
}

/** The same for every device: where values are read by promises, the condition is awaited before each turn. */
export async function while_loopAsync<C extends readonly unknown[]>(
  cond_fn: (...carried: C) => Tensor | boolean,
  body_fn: (...carried: C) => readonly [...C],
  carried_inputs: readonly [...C],
): Promise<C> {
  const loop = withSite(() => new WhileLoop<C>(cond_fn, body_fn, carried_inputs));
  if (loop.device.synchronous) return withSite(() => runWhile(loop));
  withSite(() => {
    refuseInBody("while_loop reads its condition", "scan repeats a number of times that is known.");
  });
  for (
    let going = withSite(() => loop.test());
    going === true || (going !== false && (await loop.read(going)));
    going = withSite(() => loop.test())
  )
    withSite(() => {
      loop.step();
    });
  return loop.carried;
}

function runWhile<C extends readonly unknown[]>(loop: WhileLoop<C>): C {
  for (let going = loop.test(); going !== false; going = loop.test()) {
    if (going !== true) return loop.compiled(going);
    loop.step();
  }
  return loop.carried;
}

class WhileLoop<C extends readonly unknown[]> {
  readonly device: Device;
  carried: C;
  private readonly cond_fn: (...carried: C) => Tensor | boolean;
  private readonly body_fn: (...carried: C) => readonly [...C];
  private readonly initial: TensorTree;
  /** The tensors in `carried`. */
  private leaves: readonly Tensor[];

  constructor(
    cond_fn: (...carried: C) => Tensor | boolean,
    body_fn: (...carried: C) => readonly [...C],
    carried_inputs: readonly [...C],
  ) {
    requireFunctions("while_loop", { cond_fn, body_fn });
    this.initial = tensorTree("while_loop: carried_inputs", carried_inputs);
    const isList: boolean = Array.isArray(carried_inputs);
    if (!isList || this.initial.leaves.length === 0)
      throw new ArgumentError("while_loop/carried", "while_loop: carried_inputs must be an array with tensors in it.");
    this.device = deviceOf("while_loop", this.initial.leaves);
    this.cond_fn = cond_fn;
    this.body_fn = body_fn;
    this.carried = carried_inputs as unknown as C;
    this.leaves = this.initial.leaves;
    enterScope(this.device.name);
    noteThisLine();
  }

  /** Whether there is another turn. */
  test(): boolean | Node {
    const { result, checks } = this.condition(this.carried);
    return typeof result === "boolean" ? result : checked(result, checks);
  }

  /** The condition's value; what the last turn gave is computed together with it, so that the next starts from values. */
  async read(condition: Node): Promise<boolean> {
    const values = [condition, ...this.leaves.map((leaf) => leaf.node_())].map(behindMarkers);
    if (!tracing.active)
      recorder.flush(
        values.map((node) => ({ node, hint: "escapes" })),
        this.device,
      );
    return (await Tensor.ofNode(condition, this.device).itemAsync()) === true;
  }

  step(): void {
    const { result: next, checks } = this.turn(this.carried);
    this.leaves = tensorsOf(
      nodesOf(next).map((node) => checked(node, checks)),
      this.device,
    );
    this.carried = next.rebuild(this.leaves) as C;
  }

  /** All turns that follow, as one loop. */
  compiled(condition: Node): C {
    const given = nodesOf({ ...this.initial, leaves: this.leaves });
    let stated: readonly NumberedCheck[] = [];
    const turn = recordTurn(graph, condition, inMemory(graph, given), (states) => {
      const tensors = tensorsOf(fromMemory(graph, states, given), this.device);
      const { result: next, checks } = this.turn(this.initial.rebuild(tensors) as C);
      const { result: going, checks: further } = this.condition(next.rebuild(next.leaves) as C);
      if (typeof going === "boolean")
        throw new ArgumentError("while_loop/pred", "while_loop: cond_fn gave a tensor, and then a boolean.");
      stated = [...checks, ...further];
      return {
        condition: going,
        carried: inMemory(graph, nodesOf(next)),
        held: stated.map(({ failed }) => failed),
      };
    });
    const results = this.loopOf(turn);
    const flags = results.slice(given.length);
    const values = fromMemory(graph, results.slice(0, given.length), given).map((node) =>
      stated.reduce((subject, check, i) => restateCheck(subject, check, flags[i]!), node),
    );
    return this.initial.rebuild(tensorsOf(values, this.device)) as C;
  }

  /** Differentiable where something requires a gradient: then the turns are counted. */
  private loopOf(turn: Turn): readonly Node[] {
    const differentiable = graph.gradEnabled && [...turn.initial, ...turn.captured].some((node) => node.requiresGrad);
    if (!differentiable || bodyUnderWay() !== null) return whileLoop(graph, turn);
    const turns = withGradMode(false, () => turnsOf(graph, turn));
    return repeated(graph, turn, Tensor.ofNode(turns, this.device).item() as number);
  }

  private condition(carried: C): RecordedBody<boolean | Node> {
    return recordBody("while_loop", () => {
      const result = this.cond_fn(...carried);
      return typeof result === "boolean" ? result : predicateOf("while_loop", "the result of cond_fn", result);
    });
  }

  private turn(carried: C): RecordedBody<TensorTree> {
    const recorded = recordBody("while_loop", () =>
      tensorTree("while_loop: the result of body_fn", requireValue("while_loop", this.body_fn(...carried))),
    );
    requireSame("while_loop", ["carried_inputs", this.initial], ["body_output", recorded.result]);
    return recorded;
  }
}

/** Outside of a region, a condition is computed as it is. */
const checked = (node: Node, checks: readonly NumberedCheck[]): Node =>
  checks.reduce((subject, check) => restateCheck(subject, check, check.failed), node);
