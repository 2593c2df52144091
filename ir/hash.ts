/** Hashes that are the same in every process. */

const seedOf = new Map<string, number>();
/** FNV-1a over UTF-16 code units. */
export function hashString(text: string): number {
  const known = seedOf.get(text);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  if (seedOf.size < 10_000) seedOf.set(text, hash);
  return hash;
}
export const mixHash = (a: number, b: number): number => {
  let hash = Math.imul(a ^ (b + 0x9e3779b9 + (a << 6) + (a >>> 2)), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash | 0;
};
