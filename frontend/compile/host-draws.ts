/** Numbers that the host draws for a function: a replay would not draw them again. */

/** Tells of each call of `Math.random`, until what it returns is called. */
export function watchHostDraws(drew: () => void): () => void {
  const { random } = Math;
  const watched = (): number => {
    drew();
    return random();
  };
  // A page may have frozen it.
  Reflect.set(Math, "random", watched);
  return () => {
    // The function may have put a generator of its own there.
    if (Math.random === watched) Reflect.set(Math, "random", random);
  };
}
