/** Every operator family: importing this fills the registry. */
import "./arithmetic.ts";
import "./elementwise.ts";
import "./indexing.ts";
import "./masking.ts";
import "./movement.ts";
import "./nn/index.ts";
import "./reduction.ts";
import "./scattering.ts";
