import type { Server } from './server.js';

/** What every measurement is given. */
export interface Bench {
  server: Server;
  /** How often each contender is measured, in turns; medians are told. */
  rounds: number;
  /** Places of our daemon's `fast` lane. */
  width: number;
  /** Says what is going on. */
  say: (text: string) => void;
}

/** What came out of one measurement. */
export interface Part {
  title: string;
  /** One line of the table each; all have the same keys. */
  rows: Record<string, string | number>[];
  aims: Aim[];
  /** What the reader must know to judge the figures. */
  notes: string[];
}

/** An aim of the issue, and what became of it. */
export interface Aim {
  aim: string;
  measured: string;
  met: boolean;
}

export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits));
