/** A bar on the terminal that says how far something is; nothing in a pipe. */
import { span } from './table.js';

const WIDTH = 30;
const DRAW_EVERY_MS = 100;

export interface Terminal {
  isTTY?: boolean;
  write: (text: string) => unknown;
}

export class ProgressBar {
  private drawnAt = 0;
  private isDrawn = false;
  private readonly startedAt = Date.now();

  /** @param terminal where people look, while the results go elsewhere: stderr */
  constructor(private readonly terminal: Terminal = process.stderr) {}

  /** Draws the bar, a few times a second at most. @param text e.g. "3 of 20 issues" */
  show(done: number, total: number, text: string): void {
    if (!this.terminal.isTTY || Date.now() - this.drawnAt < DRAW_EVERY_MS) return;
    this.drawnAt = Date.now();
    const part = total > 0 ? Math.min(1, done / total) : 1;
    const filled = Math.round(part * WIDTH);
    const seconds = (this.drawnAt - this.startedAt) / 1000;
    const left = part > 0.01 && part < 1 ? `, ${span((seconds / part) * (1 - part))} left` : '';
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    this.terminal.write(`\r${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${text}${left}\u001b[K`);
    this.isDrawn = true;
  }

  /** Takes the bar away, so that a line can be printed; the next `show` draws it again. */
  clear(): void {
    if (this.isDrawn) this.terminal.write('\r\u001b[K');
    this.isDrawn = false;
    this.drawnAt = 0;
  }
}
