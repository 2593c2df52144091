/** As much of ONNX Runtime as the bench uses; the packages themselves are only there after `--peers`. */
declare module "onnxruntime-node" {
  // oxlint-disable-next-line typescript/consistent-type-imports -- a file with imports cannot declare a package
  const runtime: import("./session.ts").OnnxRuntime;
  export default runtime;
}
declare module "onnxruntime-web" {
  // oxlint-disable-next-line typescript/consistent-type-imports -- a file with imports cannot declare a package
  const runtime: import("./session.ts").OnnxRuntime & { readonly env: { readonly wasm: { numThreads: number } } };
  export default runtime;
}
