/** Every operator family of neural networks: importing this fills the registry. */
import "./activation-pieces.ts";
import "./activation.ts";
import "./convolution.ts";
import "./embedding.ts";
import "./linear.ts";
import "./losses-classification.ts";
import "./losses-elementwise.ts";
import "./losses-pairs.ts";
import "./normalization.ts";
import "./pooling-adaptive.ts";
import "./pooling.ts";
import "./similarity.ts";
import "./softmax.ts";
