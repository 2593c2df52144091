/** Compute pipelines, shared by kernels with the same text and kept while an executable uses them. */
import { IrError } from "../../ir/errors.ts";

const computeStage = 0x4;

export interface Pipeline {
  /** Null until it is compiled, and for good when it could not be. */
  pipeline: GPUComputePipeline | null;
  error: Error | null;
  /** Resolves (never rejects) when the pipeline is compiled or refused; null afterwards. */
  ready: Promise<void> | null;
}

export class PipelineCache {
  private readonly device: GPUDevice;
  private readonly known = new Map<string, WeakRef<Pipeline>>();
  private readonly collected = new FinalizationRegistry<string>((key) => {
    if (this.known.get(key)?.deref() === undefined) this.known.delete(key);
  });
  private readonly layouts: { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Binding 0: the parameter record, at a dynamic offset; bindings 1 to `heapCount`: heaps. */
  layout(heapCount: number): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    const known = this.layouts[heapCount];
    if (known !== undefined) return known;
    const record: GPUBindGroupLayoutEntry = {
      binding: 0,
      visibility: computeStage,
      buffer: { type: "uniform", hasDynamicOffset: true },
    };
    const heaps = Array.from({ length: heapCount }, (_, heap): GPUBindGroupLayoutEntry => ({
      binding: heap + 1,
      visibility: computeStage,
      buffer: { type: "storage" },
    }));
    const group = this.device.createBindGroupLayout({ entries: [record, ...heaps] });
    return (this.layouts[heapCount] = {
      group,
      pipeline: this.device.createPipelineLayout({ bindGroupLayouts: [group] }),
    });
  }

  /** Starts compiling, unless the same text was asked for before. */
  get(source: string, heapCount: number, label: string): Pipeline {
    const key = `${heapCount}\n${source}`;
    const shared = this.known.get(key)?.deref();
    if (shared !== undefined) return shared;
    const entry: Pipeline = { pipeline: null, error: null, ready: null };
    entry.ready = this.compile(entry, source, heapCount, label);
    this.known.set(key, new WeakRef(entry));
    this.collected.register(entry, key);
    return entry;
  }

  private async compile(entry: Pipeline, source: string, heapCount: number, label: string): Promise<void> {
    // Held back from the device's general error handler: the kernel's own error says more.
    this.device.pushErrorScope("validation");
    const module = this.device.createShaderModule({ label, code: source });
    const mistakes = this.device.popErrorScope();
    try {
      entry.pipeline = await this.device.createComputePipelineAsync({
        label,
        layout: this.layout(heapCount).pipeline,
        compute: { module, entryPoint: "main" },
      });
    } catch (error) {
      const mistake = await mistakes.catch(() => null);
      const reason = mistake?.message ?? String(error);
      entry.error = new IrError("webgpu/shader", `webgpu: kernel ${label} was refused: ${reason}\n${source}`);
    } finally {
      entry.ready = null;
    }
  }
}
