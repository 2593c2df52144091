import * as torch from "cresset";

const a = torch.tensor([[1, 2, 3], [4, 5, 6]]);          // float32[2, 3]
const b = torch.arange(6).reshape(2, 3);                 // int64[2, 3]
const y = a.add(b, { alpha: 2 }).relu().sum(1, { keepdim: true });
console.log(y);                                          // float32[2, 1] on cpu, not computed yet
console.log(y.tolist());                                 // computes: [[12], [39]]
await y.print();                                         // tensor([[12.], [39.]])

const view = a.t().at(0);                                // a view of a's first column
view.mul_(10);                                           // writes through
a.tolist();                                              // [[10, 2, 3], [40, 5, 6]]
const { values, indices } = a.max(1);
a.at("..., 1:3"); a.at(null, [1, 0]); a.at(a.gt(4)); a.set_at([0, "1:"], 0);

export { a, view, values, indices };
