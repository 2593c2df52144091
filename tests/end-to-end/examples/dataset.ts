/** What the training loop loops over: 8x8 pictures whose classes can be told; the last batch of 64 has 30. */
import * as torch from "cresset";

torch.manual_seed(1);
const count = 2 * 64 + 30;
const labels = torch.arange(count).remainder(10);
const pictures = torch.randn(count, 1, 8, 8).add(labels.reshape(count, 1, 1, 1).sub(4.5));
export const dataset = new torch.utils.data.TensorDataset(pictures, labels);
