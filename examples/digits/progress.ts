/** A line that shows how far training is: redrawn in place on a terminal, one line an epoch elsewhere. */
import type { WriteStream } from "node:tty";

const barWidth = 24;

export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  /** Of the held-out images after the last whole epoch. */
  readonly accuracy: number | null;
}

export class ProgressLine {
  private readonly stream: Pick<WriteStream, "write" | "isTTY">;
  private drawnAt = -Infinity;

  constructor(stream: Pick<WriteStream, "write" | "isTTY"> = process.stdout) {
    this.stream = stream;
  }

  /** After a step. */
  update(progress: Progress): void {
    if (!this.stream.isTTY) return;
    const now = performance.now();
    if (now - this.drawnAt < 50 && progress.step < progress.steps) return;
    this.drawnAt = now;
    const filled = Math.round((barWidth * progress.step) / progress.steps);
    this.stream.write(`\r\u001b[K${"━".repeat(filled)}${"·".repeat(barWidth - filled)} ${describe(progress)}`);
  }

  /** After an epoch. */
  epochDone(progress: Progress): void {
    if (this.stream.isTTY) this.update(progress);
    else this.stream.write(`${describe(progress)}\n`);
  }

  finish(): void {
    if (this.stream.isTTY) this.stream.write("\n");
  }
}

export function describe({ epoch, epochs, loss, accuracy }: Progress): string {
  const shown = accuracy === null ? "" : `  accuracy ${percent(accuracy)}`;
  return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}  loss ${loss.toFixed(4)}${shown}`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
