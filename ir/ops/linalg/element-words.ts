/**
 * PyTorch's words for element types that linear algebra does not take: of integers and bools, and of half floats, % being
 * the type. Many are of the function that is called in the end, or of a kernel that there is not.
 */
type Words = readonly [integers: string, halves: string];

const floats = (who: string): string => `${who}: Expected a floating point or complex tensor as input. Got %`;
const wide = (who: string): string => `${who}: Low precision dtypes not supported. Got %`;
const kernel = (name: string): string => `"${name}_cpu" not implemented for '%'`;

const both = (words: string): Words => [words, words];
const decomposed = both("This function doesn't handle types other than float and double");
const factored = both(kernel("lu"));
const hermitian = both(kernel("linalg_eigh"));
const system: Words = [floats("linalg.solve"), kernel("lu")];
const substituted: Words = [floats("torch.linalg.lu_solve"), kernel("linalg.lu_solve")];
const inverted: Words = [floats("linalg.inv"), wide("linalg.inv")];
const positive: Words = [floats("linalg.cholesky"), kernel("cholesky")];
const orthogonal: Words = [floats("linalg.qr"), kernel("geqrf")];
const singular: Words = [floats("linalg.svd"), kernel("linalg_svd")];
const spectral: Words = ["Unknown Complex ScalarType for %", kernel("linalg_eig_out")];

const words: Readonly<Record<string, Words>> = {
  cholesky_inverse: both(kernel("cholesky_inverse_out")),
  cholesky_solve: both(kernel("cholesky_solve")),
  "linalg.cholesky": positive,
  "linalg.cholesky_ex": positive,
  "linalg.cond": singular,
  "linalg.eig": spectral,
  "linalg.eigh": hermitian,
  "linalg.eigvals": spectral,
  "linalg.eigvalsh": hermitian,
  "linalg.inv_ex": inverted,
  "linalg.lu": factored,
  "linalg.lu_factor": factored,
  "linalg.lu_factor_ex": factored,
  "linalg.lu_solve": substituted,
  "linalg.matrix_rank": decomposed,
  "linalg.qr": orthogonal,
  "linalg.solve": system,
  "linalg.solve_ex": system,
  "linalg.solve_triangular": both(kernel("triangular_solve")),
  "linalg.svd": singular,
  "linalg.svdvals": singular,
  "linalg.tensorinv": inverted,
  "linalg.tensorsolve": system,
  lu_solve: substituted,
  "torch.geqrf": both(kernel("geqrf")),
  "torch.linalg.householder_product": both(kernel("orgqr")),
  "torch.linalg.ldl_factor_ex": [floats("torch.linalg.ldl_factor_ex"), kernel("ldl_factor_kernel")],
  "torch.linalg.ldl_solve": [floats("torch.linalg.ldl_solve"), kernel("ldl_solve_kernel")],
  "torch.linalg.lstsq": decomposed,
  "torch.ormqr": both(kernel("ormqr")),
  "torch.qr": orthogonal,
  "torch.svd": singular,
  triangular_solve: both(kernel("triangular_solve")),
};

/** The words of what an operator of linear algebra does not take. */
export const elementWords = (name: string): Words => words[name] ?? [floats(name), wide(name)];
