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

/** Those that are written by hand. */
const rare =
  "__dlpack__ __dlpack_device__ apply_ as_strided as_strided_ bernoulli bernoulli_ cauchy_ chalf dense_dim " +
  "dequantize detach_ dim_order exponential_ geometric_ is_distributed is_pinned is_shared log_normal_ map_ " +
  "module_load multinomial new new_empty new_empty_strided new_full new_ones new_tensor new_zeros pin_memory " +
  "random_ resize resize_ resize_as resize_as_ set_ share_memory_ sparse_dim squeeze_ storage storage_type " +
  "swapaxes_ swapdims_ t_ to_dense to_mkldnn to_sparse to_sparse_coo to_sparse_csc to_sparse_csr transpose_ " +
  "unsqueeze_ untyped_storage";

hold(rare, () => `I${all}`);
hold(withFunctions, (name) => `Call the function, ${name}(input, ...), or i${all}`);
hold(methodsOnly, () => `I${all}`);
