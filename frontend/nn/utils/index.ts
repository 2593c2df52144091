/** `torch.nn.utils`. https://docs.pytorch.org/docs/stable/nn.html#utilities */
export {
  clip_grad_norm_ as clip_grad_norm,
  clip_grad_norm_,
  clip_grad_value_,
  clip_grads_with_norm_,
  get_total_norm,
} from "./clip-grad.ts";
export { parameters_to_vector, vector_to_parameters } from "./convert-parameters.ts";
export * as rnn from "./rnn.ts";
export * as stateless from "./stateless.ts";
export { skip_init } from "./stateless.ts";
export { remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm } from "./weight-norm.ts";
