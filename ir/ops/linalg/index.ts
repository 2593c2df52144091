/** Operators on matrices. */
import "./cholesky.ts";
import "./eig.ts";
import "./eigen-pairs.ts";
import "./eigh.ts";
import "./exponential.ts";
import "./inverse.ts";
import "./ldl.ts";
import "./lu.ts";
import "./norms.ts";
import "./pseudo-inverse.ts";
import "./qr.ts";
import "./svd.ts";
import "./triangular.ts";
