/** `torch.linalg`: linear algebra. https://docs.pytorch.org/docs/stable/linalg.html */
export * from "./generated/linalg.ts";
export { LinAlgError } from "../ir/errors.ts";
