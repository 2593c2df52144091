/** Random numbers. https://docs.pytorch.org/docs/stable/random.html */
import "./fills.ts";

export { bernoulli, binomial, dropoutMask, multinomial, normal, poisson } from "./distributions.ts";
export {
  default_generator,
  fork_rng,
  Generator,
  get_rng_state,
  initial_seed,
  manual_seed,
  seed,
  set_rng_state,
} from "./generator.ts";
export type { RandomFill } from "./fills.ts";
export { rand, rand_like, randint, randint_like, randn, randn_like, randperm } from "./tensors.ts";
