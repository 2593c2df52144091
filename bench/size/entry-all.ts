/** Everything: the size of the whole library. */
export * from "../../frontend/index.ts";
