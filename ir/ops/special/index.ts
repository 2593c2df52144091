/** `torch.special`: functions beyond the elementary ones, made of primitives. */
import "./elementary.ts";
import "./gamma.ts";
import "./incomplete-gamma.ts";
import "./modified-bessel.ts";
import "./normal.ts";
import "./polynomials.ts";
import "./unary.ts";
