/** W11: from nothing to a printed result. */
import * as torch from "../../frontend/index.ts";
import { generate } from "../generate.ts";

const size = 256;
const matrix = (seed: number): torch.Tensor => torch.tensor(generate(seed, size ** 2)).reshape(size, size);
console.log(
  torch.nn.functional
    .softmax(matrix(11).matmul(matrix(12)), -1)
    .at(0, 0)
    .item(),
);
