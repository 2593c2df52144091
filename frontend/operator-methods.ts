/**
 * Every operator's methods on Tensor: those of the operators that exist and of those that come. Methods that are written
 * by hand win. A page that is made small holds some back, whatever operators it has, so that it does not depend on what
 * a bundler left out which methods there are.
 */
import { onOperator, type Operator } from "../ir/operator.ts";
import { callInplace, callInplaceAsync, callMethod, callOperatorAsync, type Result } from "./call.ts";
import { Tensor } from "./tensor.ts";

type Method = (this: Tensor, ...args: unknown[]) => Result | Promise<Result>;

const methods = Tensor.prototype as unknown as Record<string, Method>;
const ofOperators = new Map<string, Method>();
const held = new Set<string>();
let holdsNone = false;

onOperator((definition) => {
  for (const full of [definition.name, ...(definition.aliases ?? [])]) install(full.split(".")[0]!, definition);
});

function install(name: string, { places, inplace, measure }: Operator): void {
  const isMethod = places.includes("Tensor");
  if (isMethod) add(name, (self, args) => callMethod(name, self, args));
  if (inplace) add(`${name}_`, (self, args) => callInplace(name, self, args));
  if (measure === null) return;
  if (isMethod) add(`${name}Async`, (self, args) => callOperatorAsync(name, [self, ...args]));
  if (inplace) add(`${name}_Async`, (self, args) => callInplaceAsync(name, self, args));
}

function add(name: string, call: (self: Tensor, args: unknown[]) => Result | Promise<Result>): void {
  const isHeld = held.has(name);
  if (ofOperators.has(name) || (!isHeld && name in methods)) return;
  const method: Method = function (...args) {
    return call(this, args);
  };
  ofOperators.set(name, method);
  if (!isHeld) methods[name] = method;
}

/** Lets `refuse` answer for a method, unless every method is asked for. */
export function holdMethod(name: string, refuse: () => never): void {
  if (holdsNone) return;
  held.add(name);
  methods[name] = refuse;
}

/** Gives Tensor every method, those included that are held back. */
export function installEveryMethod(): void {
  holdsNone = true;
  for (const name of held) {
    const method = ofOperators.get(name);
    if (method === undefined) delete methods[name];
    else methods[name] = method;
  }
  held.clear();
}
