/** What the engine can do, found out by validating a module that uses it. */
import { FunctionPool, ModuleBuilder } from "./module-builder.ts";

let relaxedSimd: boolean | undefined;

/** Whether relaxed multiply-add exists. The answer is kept: engine flags must be set before the first call. */
export function supportsRelaxedSimd(): boolean {
  if (relaxedSimd === undefined) {
    const module = new ModuleBuilder();
    const fn = new FunctionPool().createFunction(["v128"], ["v128"]);
    fn.body.get(0).get(0).get(0).op("f32x4.relaxed_madd");
    module.exportFunction("madd", fn);
    relaxedSimd = WebAssembly.validate(module.build());
  }
  return relaxedSimd;
}
