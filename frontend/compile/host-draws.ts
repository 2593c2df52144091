/** Numbers that the host draws for a function: a replay would not draw them again. */

/** Tells of each call of `Math.random` that a piece of work makes. */
export function withHostDraws<T>(drew: () => void, work: () => T): T {
  const { random } = Math;
  const watched = (): number => {
    drew();
    return random();
  };
  // A page may have frozen it.
  Reflect.set(Math, "random", watched);
  try {
    return work();
  } finally {
    // The work may have put a generator of its own there.
    if (Math.random === watched) Reflect.set(Math, "random", random);
  }
}
