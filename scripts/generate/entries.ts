/** Which operators answer to which public name, place by place. */
import type { Place } from "../../ir/operator.ts";
import type { PublicOperator } from "./operator.ts";

export type FunctionPlace = Exclude<Place, "Tensor">;

/** How a name calls its operators; the `async` ones are the `...Async` twins, which give a promise. */
export type Form = "plain" | "in place" | "async" | "in place async";

/** One public name, with the operators that it tries in turn. */
export interface Entry {
  /** The name that users write. */
  readonly name: string;
  /** The name that the registry knows: `linalg_norm` is `norm` in `torch.linalg`. */
  readonly registered: string;
  readonly form: Form;
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
  "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout avg_pool1d bilinear celu conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity dropout feature_alpha_dropout gelu group_norm hardshrink hardtanh layer_norm leaky_relu logsigmoid max_pool1d max_pool2d max_pool3d one_hot pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu rms_norm rrelu selu sigmoid softplus softshrink softsign tanh threshold".split(
    " ",
  ),
);

/** In-place functions: those that PyTorch has beside the methods. */
const inplaceFunctions: Readonly<Partial<Record<FunctionPlace, ReadonlySet<string>>>> = {
  torch: new Set(
    "abs absolute acos acosh addmv alpha_dropout arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil celu clamp clamp_max clamp_min clip conj_physical cos cosh deg2rad dropout erf erfc exp exp2 expm1 feature_alpha_dropout fill fix floor frac gcd i0 index_put lcm ldexp log log10 log1p log2 logit nan_to_num neg negative rad2deg reciprocal relu round rrelu rsqrt selu sigmoid sin sinc sinh sqrt square tan tanh threshold trunc xlogy zero".split(
      " ",
    ),
  ),
  "nn.functional": new Set("celu elu hardtanh leaky_relu relu rrelu selu threshold".split(" ")),
};

interface Name {
  /** As users write it. */
  readonly name: string;
  readonly registered: string;
  /** The namespace that a prefix asks for. */
  readonly namespace: FunctionPlace | null;
}

/** Every name of an operator, without the `.overload` part. */
function namesOf(operator: PublicOperator): Name[] {
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

function add(
  entries: Map<string, Entry>,
  name: string,
  registered: string,
  form: Form,
  operator: PublicOperator,
): void {
  const entry = entries.get(name);
  if (entry === undefined) entries.set(name, { name, registered, form, operators: [operator] });
  // A name with a prefix and the bare name may both lead here; the first one is as good.
  else if (!entry.operators.includes(operator)) entry.operators.push(operator);
}

/** The `...Async` twins of names that an operator which measures answers to. */
function withTwins(entries: Map<string, Entry>): Entries {
  for (const entry of Array.from(entries.values())) {
    if (entry.operators.every((operator) => operator.measure === null)) continue;
    const form = entry.form === "plain" ? "async" : "in place async";
    entries.set(`${entry.name}Async`, { ...entry, name: `${entry.name}Async`, form });
  }
  return entries;
}

/** Functions of one namespace, by name. */
export function functionEntries(operators: readonly PublicOperator[], place: FunctionPlace): Entries {
  const entries = new Map<string, Entry>();
  for (const operator of operators) {
    for (const { name, registered, namespace } of namesOf(operator)) {
      const stated =
        operator.places.includes(place) ||
        (place === "nn.functional" && operator.places.includes("torch") && alsoFunctional.has(name));
      if (namespace === null ? !stated : namespace !== place) continue;
      add(entries, name, registered, "plain", operator);
      if (operator.inplace && inplaceFunctions[place]?.has(name))
        add(entries, `${name}_`, registered, "in place", operator);
    }
  }
  return withTwins(entries);
}

/** Methods of Tensor, by name. */
export function methodEntries(operators: readonly PublicOperator[]): Entries {
  const entries = new Map<string, Entry>();
  for (const operator of operators) {
    for (const { registered, namespace } of namesOf(operator)) {
      if (namespace !== null) continue;
      if (operator.places.includes("Tensor")) add(entries, registered, registered, "plain", operator);
      if (operator.inplace) add(entries, `${registered}_`, registered, "in place", operator);
    }
  }
  return withTwins(entries);
}
