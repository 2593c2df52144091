/**
 * Elements in device memory: one u32 word each, two for 8-byte elements, so that no two elements share a word. A
 * narrow element's bits are the lowest of its word. Host memory is packed as usual; these functions convert.
 */
import { dtypeBytes, type DType } from "../../ir/dtype.ts";

/** Bytes of an element on the host. */
export type ElementWidth = 1 | 2 | 4 | 8;

export function elementWidth(dtype: DType): ElementWidth {
  const bytes = dtypeBytes(dtype);
  return bytes === 16 ? 8 : (bytes as ElementWidth);
}

/** The element width of a typed array: its elements are what it holds. */
export function widthOfView(data: ArrayBufferView): ElementWidth {
  return "BYTES_PER_ELEMENT" in data ? (data.BYTES_PER_ELEMENT as ElementWidth) : 1;
}

/** Bytes on the device of so many bytes on the host. */
export const deviceBytes = (hostBytes: number, width: ElementWidth): number =>
  width < 4 ? (hostBytes / width) * 4 : hostBytes;

/** The words to upload: a view of the same memory where nothing needs converting. */
export function toDeviceWords(data: ArrayBufferView, width: ElementWidth): ArrayBufferView<ArrayBuffer> {
  // Memory shared between threads cannot be given to the GPU queue.
  const isShared = typeof SharedArrayBuffer !== "undefined" && data.buffer instanceof SharedArrayBuffer;
  if (width === 1) return Uint32Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const isAligned = data.byteOffset % width === 0;
  const plain = isShared || !isAligned ? bytes.slice() : bytes;
  if (width === 2) return Uint32Array.from(new Uint16Array(plain.buffer, plain.byteOffset, plain.byteLength / 2));
  return plain as Uint8Array<ArrayBuffer>;
}

/** Packs words as read from the device into host elements. */
export function fromDeviceWords(words: ArrayBuffer, width: ElementWidth): ArrayBuffer {
  // Typed arrays keep the lowest bits.
  if (width === 1) return Uint8Array.from(new Uint32Array(words)).buffer;
  if (width === 2) return Uint16Array.from(new Uint32Array(words)).buffer;
  return words.slice(0);
}
