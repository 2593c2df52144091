/**
 * Lays values out in one arena so that values alive at the same time never overlap.
 *
 * in:  for each value its size and the first and last step that touch it
 * out: byte offsets (64-byte aligned) and the arena's size
 * Method: largest first, each at the lowest offset free during its life, O(n^2); very many in the order of their lives,
 * each in the first gap that fits, O(n x gaps).
 */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const alignment = 64;
/** Beyond this many, they are placed as they come up. */
const manyLifetimes = 1500;

export interface Layout {
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
}

export function layOut(lifetimes: readonly Lifetime[]): Layout {
  if (lifetimes.length > manyLifetimes) return planInOrder(lifetimes);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const placed: number[] = [];
  let arenaBytes = 0;
  for (const i of order) {
    const life = lifetimes[i]!;
    const rivals = placed
      .filter((j) => lifetimes[j]!.first <= life.last && life.first <= lifetimes[j]!.last)
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const j of rivals) {
      if (offset + life.bytes <= offsets[j]!) break;
      const end = offsets[j]! + lifetimes[j]!.bytes;
      offset = Math.max(offset, Math.ceil(end / alignment) * alignment);
    }
    offsets[i] = offset;
    placed.push(i);
    arenaBytes = Math.max(arenaBytes, offset + life.bytes);
  }
  return { offsets, arenaBytes: Math.ceil(arenaBytes / alignment) * alignment };
}

function planInOrder(lifetimes: readonly Lifetime[]): Layout {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[a]!.first - lifetimes[b]!.first || a - b);
  /** Those alive, by the step after which their place is free. */
  const ending = new Map<number, number[]>();
  let gaps: { offset: number; bytes: number }[] = [];
  let arenaBytes = 0;
  let freedUpTo = 0;
  for (const i of order) {
    const { first, last } = lifetimes[i]!;
    const bytes = Math.max(alignment, Math.ceil(lifetimes[i]!.bytes / alignment) * alignment);
    let freed = false;
    for (; freedUpTo < first; freedUpTo++) {
      for (const done of ending.get(freedUpTo) ?? []) {
        const size = Math.max(alignment, Math.ceil(lifetimes[done]!.bytes / alignment) * alignment);
        gaps.push({ offset: offsets[done]!, bytes: size });
        freed = true;
      }
      ending.delete(freedUpTo);
    }
    if (freed) gaps = joined(gaps);
    const gap = gaps.find((candidate) => candidate.bytes >= bytes);
    if (gap !== undefined) {
      offsets[i] = gap.offset;
      gap.offset += bytes;
      gap.bytes -= bytes;
      if (gap.bytes === 0) gaps.splice(gaps.indexOf(gap), 1);
    } else {
      offsets[i] = arenaBytes;
      arenaBytes += bytes;
    }
    const list = ending.get(last);
    if (list === undefined) ending.set(last, [i]);
    else list.push(i);
  }
  return { offsets, arenaBytes };
}

/** Neighbouring gaps as one. */
function joined(gaps: readonly { offset: number; bytes: number }[]): { offset: number; bytes: number }[] {
  const result: { offset: number; bytes: number }[] = [];
  for (const gap of [...gaps].sort((a, b) => a.offset - b.offset)) {
    const previous = result.at(-1);
    if (previous !== undefined && previous.offset + previous.bytes === gap.offset) previous.bytes += gap.bytes;
    else result.push({ ...gap });
  }
  return result;
}
