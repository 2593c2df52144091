/** Elementwise operators: arithmetic, comparison, rounding, special functions. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function arithmetic(x: Tensor): void {
  is<Tensor>()(torch.add(x, 1));
  is<Tensor>()(torch.add(x, x, { alpha: 2, out: x }));
  is<Tensor>()(torch.add({ input: x, other: 2n }));
  is<Tensor>()(x.add(new torch.Complex(1, 2)));
  is<Tensor>()(x.div(2, { rounding_mode: "floor" }));
  is<Tensor>()(torch.div(x, x, { rounding_mode: null }));
  is<Tensor>()(torch.pow(2, x));
  is<Tensor>()(x.clamp(0, 1));
  is<Tensor>()(x.clamp({ min: x }));
  is<Tensor>()(torch.lerp(x, x, 0.5));
  is<Tensor>()(torch.addcmul(x, x, x, { value: 2 }));
  is<Tensor>()(torch.where(x.gt(0), x, 0));
  is<readonly Tensor[]>()(torch.where(x));
  is<Tensor>()(torch.round(x, { decimals: 2 }));
  // @ts-expect-error no such mode
  x.div(2, { rounding_mode: "ceil" });
  // @ts-expect-error a misspelled option
  torch.add(x, x, { alhpa: 2 });
  // @ts-expect-error the other operand is missing
  torch.add(x);
  // @ts-expect-error a word is no operand
  x.mul("2");
  // @ts-expect-error a list is no operand
  x.add([1, 2]);
  // @ts-expect-error what is stored into is a tensor
  torch.exp(x, { out: [x] });
  // @ts-expect-error a method has no out
  x.exp({ out: x });
}

export function comparison(x: Tensor): void {
  is<Tensor>()(x.eq(1));
  is<Tensor>()(torch.isclose(x, x, { rtol: 1e-3, equal_nan: true }));
  is<Tensor>()(torch.isin(x, [1, 2] as never));
  is<Tensor>()(torch.logical_and(x, x));
  is<Tensor>()(torch.isnan(x));
  // @ts-expect-error a misspelled option
  torch.isclose(x, x, { rtl: 1e-3 });
  // @ts-expect-error true or false
  torch.isclose(x, x, { equal_nan: 1 });
}

export function special(x: Tensor): void {
  is<Tensor>()(torch.special.erf(x));
  is<Tensor>()(torch.special.xlogy(x, 2));
  is<Tensor>()(torch.special.multigammaln(x, 2));
  is<Tensor>()(torch.special.polygamma(1, x));
  is<Tensor>()(torch.special.softmax(x, 0, { dtype: torch.float64 }));
  is<Tensor>()(torch.special.logit(x, { eps: 1e-6 }));
  // @ts-expect-error there is no such function
  void torch.special.erfs;
  // @ts-expect-error a misspelled option
  torch.special.logit(x, { epsilon: 1e-6 });
}

export function complex(x: Tensor): void {
  is<Tensor>()(torch.complex(x, x));
  is<Tensor>()(torch.polar(x, x));
  is<Tensor>()(torch.view_as_real(x));
  is<Tensor>()(x.real);
  is<Tensor>()(x.conj());
  is<boolean>()(x.is_conj());
  // @ts-expect-error the imaginary parts are no number
  torch.complex(x, 1);
}
