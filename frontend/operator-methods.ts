/**
 * Every operator's methods on Tensor: those of the operators that exist and of those that come. A page that is made
 * small holds some back, whatever operators it has, so that it does not depend on what a bundler left out which methods
 * there are.
 */
import { baseOf, onOperator, type Operator } from "../ir/operator.ts";
import { callInplace, callInplaceAsync, callMethod, callOperatorAsync, type Result } from "./call.ts";
import { Tensor } from "./tensor.ts";

type Method = (this: Tensor, ...args: unknown[]) => Result | Promise<Result>;

/**
 * Behind the methods that are written by hand, which win therefore. It is made with no prototype of its own at first:
 * engines keep such an object as a table, while adding one method to a prototype costs as much as it has.
 */
const methods = Object.create(null) as Record<string, Method>;
const ofOperators = new Map<string, Method>();
const held = new Set<string>();
let holdsNone = false;

onOperator((definition) => {
  install(baseOf(definition.name), definition);
  if (definition.aliases !== undefined) for (const alias of definition.aliases) install(baseOf(alias), definition);
});
Object.setPrototypeOf(methods, Object.prototype);
Object.setPrototypeOf(Tensor.prototype, methods);

function install(name: string, { places, inplace, measure }: Operator): void {
  const isMethod = places.includes("Tensor");
  if (isMethod) add(name, (self, args) => callMethod(name, self, args));
  if (inplace) add(`${name}_`, (self, args) => callInplace(name, self, args));
  if (measure === null) return;
  if (isMethod) add(`${name}Async`, (self, args) => callOperatorAsync(name, [self, ...args]));
  if (inplace) add(`${name}_Async`, (self, args) => callInplaceAsync(name, self, args));
}

function add(name: string, call: (self: Tensor, args: unknown[]) => Result | Promise<Result>): void {
  if (ofOperators.has(name)) return;
  const method: Method = function (...args) {
    return call(this, args);
  };
  ofOperators.set(name, method);
  if (!held.has(name)) methods[name] = method;
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
