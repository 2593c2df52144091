/** Every operator family of neural networks: importing this fills the registry. */
import "./activation-pieces.ts";
import "./activation.ts";
import "./convolution.ts";
import "./embedding.ts";
import "./linear.ts";
import "./softmax.ts";
