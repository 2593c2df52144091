/** Which operators answer to which public name, place by place. */
import type { Place } from "../../ir/operator.ts";
import type { PublicOperator } from "./operator.ts";

export type FunctionPlace = Exclude<Place, "Tensor">;

/** One public name, with the operators that it tries in turn. */
export interface Entry {
  /** The name that users write. */
  readonly name: string;
  /** The name that the registry knows: `linalg_norm` is `norm` in `torch.linalg`. */
  readonly registered: string;
  readonly operators: PublicOperator[];
}
export type Entries = ReadonlyMap<string, Entry>;

/** Prefixes that put a registered name in a namespace, as in PyTorch's own registry. */
const prefixes: readonly (readonly [prefix: string, place: FunctionPlace])[] = [
  ["linalg_", "linalg"],
  ["special_", "special"],
  ["fft_", "fft"],
];

/** Functions that `torch.nn.functional` has too when they are in `torch`. */
const alsoFunctional = new Set(
  "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout avg_pool1d bilinear celu conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity dropout feature_alpha_dropout gelu group_norm hardshrink hardtanh layer_norm leaky_relu log_softmax logsigmoid max_pool1d max_pool2d max_pool3d one_hot pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu rms_norm rrelu selu sigmoid softmax softplus softshrink softsign tanh threshold".split(
    " ",
  ),
);

/** Every name of an operator without the `.overload` part, each with the namespace that its prefix asks for. */
function namesOf(operator: PublicOperator): { name: string; registered: string; namespace: FunctionPlace | null }[] {
  const registered = new Set([operator.name, ...(operator.aliases ?? [])].map((name) => name.split(".")[0]!));
  return [...registered].map((full) => {
    const found = prefixes.find(([prefix]) => full.startsWith(prefix));
    return {
      name: found === undefined ? full : full.slice(found[0].length),
      registered: full,
      namespace: found?.[1] ?? null,
    };
  });
}

function add(entries: Map<string, Entry>, name: string, registered: string, operator: PublicOperator): void {
  const entry = entries.get(name);
  if (entry === undefined) entries.set(name, { name, registered, operators: [operator] });
  // A name with a prefix and the bare name may both lead here; the first one is as good.
  else if (!entry.operators.includes(operator)) entry.operators.push(operator);
}

/** Functions of one namespace, by name. */
export function functionEntries(operators: readonly PublicOperator[], place: FunctionPlace): Entries {
  const entries = new Map<string, Entry>();
  for (const operator of operators) {
    for (const { name, registered, namespace } of namesOf(operator)) {
      const here =
        namespace === null
          ? operator.places.includes(place) ||
            (place === "nn.functional" && operator.places.includes("torch") && alsoFunctional.has(name))
          : namespace === place;
      if (here) add(entries, name, registered, operator);
    }
  }
  return entries;
}

/** Methods of Tensor, by name; those that write in place are asked for separately. */
export function methodEntries(operators: readonly PublicOperator[], inplace: boolean): Entries {
  const entries = new Map<string, Entry>();
  for (const operator of operators) {
    if (inplace ? operator.inplace !== true : !operator.places.includes("Tensor")) continue;
    for (const { registered, namespace } of namesOf(operator)) {
      if (namespace === null) add(entries, inplace ? `${registered}_` : registered, registered, operator);
    }
  }
  return entries;
}
