/** Snippets about nn.Module: names, flags, hooks and state dicts. */
import { entriesOf } from "../modules.ts";
import type { Snippet } from "./types.ts";

const names = (pairs: Iterable<[string, unknown]>) => Array.from(pairs, ([name]) => name);

/** As Python shows a list of strings. */
const quoted = (list: Iterable<string>) => `[${Array.from(list, (name) => `'${name}'`).join(", ")}]`;

export const modules: Record<string, Snippet> = {
  "load_state_dict missing"(torch) {
    const m = new torch.nn.Linear(2, 1);
    return m.load_state_dict({ weight: torch.zeros(1, 2) });
  },
  "load_state_dict unexpected"(torch) {
    const m = new torch.nn.Linear(2, 1);
    const state = { weight: torch.zeros(1, 2), bias: torch.zeros(1), x: torch.zeros(1) };
    const { missing_keys, unexpected_keys } = m.load_state_dict(state, { strict: false });
    return `_IncompatibleKeys(missing_keys=${quoted(missing_keys)}, unexpected_keys=${quoted(unexpected_keys)})`;
  },
  named_parameters(torch) {
    const m = new torch.nn.Sequential(new torch.nn.Linear(2, 3), new torch.nn.ReLU(), new torch.nn.BatchNorm1d(3));
    return [
      names(m.named_parameters()),
      names(m.named_buffers()),
      names(m.named_modules()),
      [...entriesOf(m.state_dict()).keys()],
    ];
  },
  "module train flag"(torch) {
    const m = new torch.nn.Sequential(new torch.nn.Dropout(), new torch.nn.Sequential(new torch.nn.Dropout()));
    const flags = () => Array.from(m.modules(), (module) => module.training);
    m.eval();
    const before = flags();
    [...m.children()][1]!.train();
    return [before, flags()];
  },
  "full backward hook"(torch) {
    const m = new torch.nn.Linear(2, 1);
    m.register_full_backward_hook((_module, [gradient]) => [gradient!.mul(10)]);
    torch.nn.init.ones_(m.weight);
    const x = torch.ones(1, 2, { requires_grad: true });
    m(x).sum().backward();
    return x.grad;
  },
  "shared parameter listed once"(torch) {
    const layer = new torch.nn.Linear(2, 2);
    const m = new torch.nn.Sequential(layer, layer);
    return [[...m.parameters()].length, [...entriesOf(m.state_dict()).keys()]];
  },
};
