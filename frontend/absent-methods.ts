/** In a page that is made small, methods of the rarer operators say how to have them. */
import { NotImplementedError } from "../ir/errors.ts";
import { methodsOnly, withFunctions } from "./generated/absent-methods.ts";
import { holdMethod } from "./operator-methods.ts";
import { withSite } from "./site.ts";

const all = `mport "cresset/methods", which gives Tensor every method, or import from "cresset".`;

function hold(names: string, cure: (name: string) => string): void {
  for (const name of names.split(" "))
    holdMethod(name, () =>
      withSite(() => {
        throw new NotImplementedError("page/absent-method", `${name}: cresset/core has no such method.`, cure(name));
      }),
    );
}

hold(withFunctions, (name) => `Call the function, ${name}(input, ...), or i${all}`);
hold(methodsOnly, () => `I${all}`);
