/** `import "cresset/methods"`: every method of Tensor, for pages that take functions from `cresset/core`. */
import "../ir/ops/index.ts";
import "./generated/tensor-methods.ts";
import { installEveryMethod } from "./operator-methods.ts";

import "./complex-tensors.ts";
import "./complex-views.ts";
import "./conversion.ts";
import "./exchange.ts";
import "./holding.ts";
import "./host-functions.ts";
import "./indexing.ts";
import "./new-tensors.ts";
import "./reordered-methods.ts";
import "./regions.ts";
import "./routines.ts";
import "./sorts.ts";
import "./special-functions.ts";
import "./print.ts";
import "./random/rare-fills.ts";
import "./rare-methods.ts";
import "./strided-methods.ts";
import "./tensor-autograd.ts";
import "./tensor-kinds.ts";
import "./typed-storage.ts";

installEveryMethod();
