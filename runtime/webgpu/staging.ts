/** Buffers through which values are read back: reused, because making one costs more than a small read. */
const mapRead = 0x1;
const copyDestination = 0x8;
const smallestBytes = 4096;
/** Larger ones are destroyed after use, and together the kept ones are not larger. */
const mostKeptBytes = 64 * 2 ** 20;

export class StagingPool {
  private readonly device: GPUDevice;
  private readonly kept = new Map<number, GPUBuffer[]>();
  private keptBytes = 0;

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** A buffer, and where it is new whether the GPU refused it. */
  take(bytes: number): { readonly buffer: GPUBuffer; readonly refusal: Promise<GPUError | null> | null } {
    const size = bytes > mostKeptBytes ? bytes : Math.max(smallestBytes, 2 ** Math.ceil(Math.log2(bytes)));
    const kept = this.kept.get(size)?.pop();
    if (kept !== undefined) {
      this.keptBytes -= size;
      return { buffer: kept, refusal: null };
    }
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer({ label: "read back", size, usage: mapRead | copyDestination });
    return { buffer, refusal: this.device.popErrorScope() };
  }

  give(buffer: GPUBuffer): void {
    if (this.keptBytes + buffer.size > mostKeptBytes) return buffer.destroy();
    this.keptBytes += buffer.size;
    const list = this.kept.get(buffer.size);
    if (list === undefined) this.kept.set(buffer.size, [buffer]);
    else list.push(buffer);
  }
}
