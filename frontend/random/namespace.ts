/** `torch.random`. https://docs.pytorch.org/docs/stable/random.html */
export {
  default_generator,
  fork_rng,
  get_rng_state,
  initial_seed,
  manual_seed,
  seed,
  set_rng_state,
  type ForkOptions,
} from "./generator.ts";
