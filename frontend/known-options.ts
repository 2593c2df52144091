/** Options of the functions that make tensors. */
import { ArgumentError } from "../ir/errors.ts";

const common = ["dtype", "device", "requires_grad", "pin_memory", "layout", "memory_format", "out"];

/** @throws ArgumentError for an option that is neither one of all such functions nor among `own` */
export function refuseUnknown(operator: string, options: object, own: readonly string[] = []): void {
  for (const [key, value] of Object.entries(options))
    if (value !== undefined && !common.includes(key) && !own.includes(key))
      throw new ArgumentError(
        "argument/unknown",
        `${operator}: got an unexpected keyword argument '${key}'.`,
        `It takes ${[...own, ...common].join(", ")}.`,
      );
}
