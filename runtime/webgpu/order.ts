/**
 * Runs operations in the order in which they were given, at once while nothing is in the way, and otherwise when what
 * is before them is done. Operations must not throw, and what they wait for must not reject: they keep errors for readers.
 */
export class OrderedOperations {
  private readonly waiting: { readonly ready: Promise<unknown> | null; readonly execute: () => void }[] = [];
  private draining = false;

  /** Whether an operation given now would run at once. */
  get isIdle(): boolean {
    return !this.draining;
  }

  add(execute: () => void, ready: Promise<unknown> | null = null): void {
    if (!this.draining && ready === null) return execute();
    this.waiting.push({ ready, execute });
    if (this.draining) return;
    this.draining = true;
    void this.drain();
  }

  private async drain(): Promise<void> {
    // Not shift(): thousands of operations may have queued up behind a compilation.
    for (let i = 0; i < this.waiting.length; i++) {
      const { ready, execute } = this.waiting[i]!;
      if (ready !== null) await ready;
      execute();
    }
    this.waiting.length = 0;
    this.draining = false;
  }
}
