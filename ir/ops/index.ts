/** Every operator family: importing this fills the registry. */
import "./arithmetic.ts";
import "./diagonal.ts";
import "./einsum.ts";
import "./elementwise.ts";
import "./indexing.ts";
import "./joining.ts";
import "./masking.ts";
import "./matmul.ts";
import "./movement.ts";
import "./nn/index.ts";
import "./ordering.ts";
import "./reduction.ts";
import "./repeating.ts";
import "./scanning.ts";
import "./scattering.ts";
import "./shaping.ts";
import "./strided.ts";
