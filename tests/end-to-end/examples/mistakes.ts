import * as torch from "cresset";

torch.randn(8, 3, 64).matmul(torch.randn(8, 5, 64));
// ShapeError [matmul/inner-dims] matmul: inner sizes differ: input float32[8, 3, 64] @ other float32[8, 5, 64].
//   The last size of input (64) must equal the second-to-last of other (5). other.transpose(-2, -1) would fit.
//   at train.ts:12:21
