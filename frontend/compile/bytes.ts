/** What typed arrays, DataViews and buffers hold, to compare with later: a copy of it all, and no element by itself. */
import type { Failure } from "./guards.ts";

type Owner = ArrayBufferLike | ArrayBufferView;
type Numbers = Uint8Array | Int32Array;

/** The bytes of an object that is made of them, as few numbers as they are; null for any other. */
export function bytesIn(value: object): Numbers | null {
  const isView = ArrayBuffer.isView(value);
  if (!isView && !(value instanceof ArrayBuffer) && !isShared(value)) return null;
  const [buffer, offset] = isView ? [value.buffer, value.byteOffset] : [value, 0];
  const { byteLength } = value;
  return (offset | byteLength) % 4 === 0
    ? new Int32Array(buffer, offset, byteLength / 4)
    : new Uint8Array(buffer, offset, byteLength);
}
const isShared = (value: object): value is SharedArrayBuffer =>
  typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer;

export class Bytes {
  private readonly copy: Numbers;

  constructor(owner: Owner) {
    this.copy = bytesIn(owner)!.slice();
  }

  areIn(owner: Owner): boolean {
    const now = bytesIn(owner)!;
    const { copy } = this;
    if (now.byteLength !== copy.byteLength || now.length !== copy.length) return false;
    for (let i = 0; i < now.length; i++) if (now[i] !== copy[i]) return false;
    return true;
  }

  putInto(owner: Owner): void {
    bytesIn(owner)!.set(this.copy);
  }

  /** The first element that is another one. */
  failure(label: string, owner: Owner): Failure {
    const { buffer } = this.copy;
    const isArray = ArrayBuffer.isView(owner) && !(owner instanceof DataView);
    const now = isArray ? (owner as unknown as ArrayLike<unknown>) : bytesIn(owner)!;
    const before = Reflect.construct(now.constructor as Uint8ArrayConstructor, [buffer]) as ArrayLike<unknown>;
    if (now.length !== before.length) return { guard: `${label}.length`, before: before.length, now: now.length };
    let i = 0;
    while (Object.is(now[i], before[i])) i++;
    return { guard: `${label}[${i}]`, before: before[i], now: now[i] };
  }
}
