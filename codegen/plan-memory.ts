/**
 * Places temporaries in one arena so that values alive at the same time never overlap.
 *
 * in:  for each temporary its size and the first and last step that touch it
 * out: byte offsets (64-byte aligned) and the arena's size
 * Method: largest first, each at the lowest offset free during its life. Cost: O(n^2).
 */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const alignment = 64;

export function planMemory(lifetimes: readonly Lifetime[]): {
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
} {
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
