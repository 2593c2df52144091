/** Functions that are no single operator of the registry, with inputs. */
import * as torch from "cresset";
import { complexSigned, constant, given, integers, mask, positive, signed, type Samples } from "./inputs.ts";

const F = torch.nn.functional;
interface Function {
  readonly call: (...args: never[]) => unknown;
  readonly inputs: Samples[string];
}

const matrix = () => torch.diag(torch.tensor([1, 2, 4], { dtype: torch.float64 })).add(signed(3, 3).detach());
/** Eigenvalues off the real axis. */
const turning = () =>
  given([
    [1, 2, 0.3],
    [-2, 1.2, 0.2],
    [0.1, 0.3, 3],
  ]);
const leaf = () => matrix().requires_grad_();
/** A positive-definite matrix of any one. */
const gram = (x: torch.Tensor): torch.Tensor => x.matmul(x.mT).add(torch.eye(3, { dtype: torch.float64 }));
const even = (x: torch.Tensor): torch.Tensor => x.add(x.mT);

/** The same draws in every evaluation. */
const seeded =
  <A extends unknown[]>(call: (...args: A) => unknown) =>
  (...args: A): unknown => {
    torch.manual_seed(0);
    return call(...args);
  };

export const handWritten: Readonly<Record<string, Function>> = {
  "torch.linalg.cholesky of a symmetric matrix": {
    call: (x: torch.Tensor) => [
      torch.cholesky(gram(x)),
      torch.linalg.cholesky(gram(x), { upper: true }),
      torch.linalg.cholesky_ex(gram(x)).L,
    ],
    inputs: () => [[leaf()]],
  },
  "torch.cholesky_solve with a triangular factor": {
    call: (x: torch.Tensor, b: torch.Tensor) => [
      torch.cholesky_solve(b, x.tril()),
      torch.cholesky_solve(b, x.triu(), true),
      torch.cholesky_inverse(x.tril()),
    ],
    inputs: () => [[leaf(), signed(3, 2)]],
  },
  "torch.linalg.eigh of a symmetric matrix, vectors without their signs": {
    call: (x: torch.Tensor) => {
      const [values, vectors] = torch.linalg.eigh(even(x));
      return [values, vectors.square(), torch.linalg.eigvalsh(even(x), "U")];
    },
    inputs: () => [[leaf()]],
  },
  "torch.linalg.eig, vectors without their angles": {
    call: (x: torch.Tensor) => {
      const [values, vectors] = torch.linalg.eig(x);
      const inverted = torch.linalg.inv(vectors);
      return [values, vectors.abs(), vectors.mul(values.exp()).matmul(inverted)];
    },
    inputs: () => [[leaf()], [turning()], [complexSigned(3, 3)]],
  },
  "torch.linalg.svd, vectors without their signs": {
    call: (x: torch.Tensor) => {
      const [u, s, vh] = torch.linalg.svd(x, false);
      const [left, , right] = torch.svd(x);
      return [u.square(), s, vh.square(), u.mul(s).matmul(vh), left.square(), right.square()];
    },
    inputs: () => [[leaf()], [signed(4, 2)], [signed(2, 4)]],
  },
  "torch.linalg.det of a singular matrix": {
    call: (x: torch.Tensor) => torch.linalg.det(torch.cat([x, x.sum(0, true)])),
    inputs: () => [[signed(2, 3)]],
  },
  "torch.norm of matrices": {
    call: (x: torch.Tensor) => torch.norm(x, "nuc", [0, 2]),
    inputs: () => [[signed(3, 2, 4)]],
  },
  "x.at": {
    call: (x: torch.Tensor) => [
      x.at("..., 1:3"),
      x.at(null, [1, 0]),
      x.at(x.gt(0.4)),
      x.at(integers([1n, 1n]), ":2"),
      x.at(-1, "::2"),
    ],
    inputs: () => [[signed(2, 4)]],
  },
  "x.set_at": {
    call: (x: torch.Tensor, y: torch.Tensor) => {
      const z = x.clone();
      z.set_at([0, "1:3"], y);
      z.set_at(
        [
          mask([
            [true, false, false, false],
            [false, false, false, true],
          ]),
        ],
        y.sum(),
      );
      return z;
    },
    inputs: () => [[signed(2, 4), positive(2)]],
  },
  "x.as_strided": { call: (x: torch.Tensor) => x.as_strided([2, 2], [1, 2], 1), inputs: () => [[signed(3, 2)]] },
  "x.mul_ through a view": {
    call: (x: torch.Tensor, y: torch.Tensor) => {
      const z = x.clone();
      z.at(":, 1").mul_(y);
      z.t().at(0).exp_();
      return z;
    },
    inputs: () => [[signed(2, 3), positive(2)]],
  },
  "x.to another type and device": {
    call: (x: torch.Tensor) => x.to("cpu").mul(2).to("cpu:js"),
    inputs: () => [[signed(3)]],
  },
  "F.batch_norm, training": {
    call: (x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) => F.batch_norm(x, null, null, w, b, true),
    inputs: () => [[signed(3, 2, 2), positive(2), signed(2)]],
  },
  "F.batch_norm, evaluating": {
    call: (x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) =>
      F.batch_norm(x, constant(signed(2)), constant(positive(2)), w, b),
    inputs: () => [[signed(3, 2), positive(2), signed(2)]],
  },
  "F.instance_norm": {
    call: (x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) => F.instance_norm(x, { weight, bias }),
    inputs: () => [[signed(2, 2, 3), positive(2), signed(2)]],
  },
  "F.unfold": { call: (x: torch.Tensor) => F.unfold(x, [2, 2], { stride: 1 }), inputs: () => [[signed(1, 1, 3, 3)]] },
  "F.max_pool2d": { call: (x: torch.Tensor) => F.max_pool2d(x, 2), inputs: () => [[signed(1, 1, 4, 4)]] },
  "F.adaptive_max_pool2d": {
    call: (x: torch.Tensor) => F.adaptive_max_pool2d(x, [2, 2]),
    inputs: () => [[signed(1, 1, 4, 3)]],
  },
  "F.scaled_dot_product_attention": {
    call: (q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) => [
      F.scaled_dot_product_attention(q, k, v),
      F.scaled_dot_product_attention(q, k, v, { is_causal: true }),
    ],
    inputs: () => [[signed(1, 1, 3, 2), positive(1, 1, 3, 2), signed(1, 1, 3, 2)]],
  },
  "F.embedding_bag": {
    call: (w: torch.Tensor) =>
      (["sum", "mean", "max"] as const).map((mode) =>
        F.embedding_bag(
          integers([
            [2n, 0n],
            [1n, 1n],
          ]),
          w,
          { mode },
        ),
      ),
    inputs: () => [[signed(3, 2)]],
  },
  "F.dropout": { call: seeded((x: torch.Tensor) => F.dropout(x, 0.4)), inputs: () => [[signed(8)]] },
  "F.alpha_dropout": {
    call: seeded((x: torch.Tensor) => F.alpha_dropout(x, 0.4, { training: true })),
    inputs: () => [[signed(8)]],
  },
  "F.rrelu": { call: seeded((x: torch.Tensor) => F.rrelu(x, { training: true })), inputs: () => [[signed(6)]] },
  "F.triplet_margin_with_distance_loss": {
    call: (a: torch.Tensor, p: torch.Tensor, n: torch.Tensor) => F.triplet_margin_with_distance_loss(a, p, n),
    inputs: () => [
      [
        signed(2, 3),
        positive(2, 3),
        given([
          [2, -2, 1],
          [1, 2, -2],
        ]),
      ],
    ],
  },
  "nn.MultiheadAttention": {
    call: seeded((x: torch.Tensor) => new torch.nn.MultiheadAttention(4, 2, { dtype: torch.float64 })(x, x, x)[0]),
    inputs: () => [[signed(3, 1, 4)]],
  },

  "torch.lstm": {
    call: (x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, ...params: torch.Tensor[]) =>
      torch.lstm(x, [h, c], params, true, 1, 0, true, true, false),
    inputs: () => [
      [
        signed(3, 2, 2),
        signed(2, 2, 2),
        positive(2, 2, 2),
        ...[0, 1].flatMap(() => [signed(8, 2), positive(8, 2), signed(8), positive(8)]),
      ],
    ],
  },
  "torch.lstm with projections, packed": {
    call: (x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, ...params: torch.Tensor[]) =>
      torch.lstm(x, integers([2n, 1n, 1n]), [h, c], params, false, 1, 0, true, false),
    inputs: () => [[signed(4, 2), signed(1, 2, 2), positive(1, 2, 3), signed(12, 2), positive(12, 2), signed(2, 3)]],
  },
  "torch.gru, packed in both directions": {
    call: (x: torch.Tensor, h: torch.Tensor, ...params: torch.Tensor[]) =>
      torch.gru(x, integers([2n, 2n, 1n]), h, params, true, 1, 0, true, true),
    inputs: () => [
      [signed(5, 2), signed(2, 2, 2), ...[0, 1].flatMap(() => [signed(6, 2), positive(6, 2), signed(6), positive(6)])],
    ],
  },
  "torch.rnn_tanh of two layers": {
    call: (x: torch.Tensor, h: torch.Tensor, ...params: torch.Tensor[]) =>
      torch.rnn_tanh(x, h, params, false, 2, 0, true, false, true),
    inputs: () => [[signed(2, 3, 2), signed(2, 2, 2), signed(2, 2), positive(2, 2), signed(2, 2), positive(2, 2)]],
  },
  "torch.rnn_relu": {
    call: (x: torch.Tensor, h: torch.Tensor, ...params: torch.Tensor[]) =>
      torch.rnn_relu(x, h, params, false, 1, 0, true, false, false),
    inputs: () => [[signed(3, 2, 2), signed(1, 2, 2), signed(2, 2), positive(2, 2)]],
  },
};
