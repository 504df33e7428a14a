/** The grid of a page: columns across, lines of the body's leading down. Everything on a page takes a whole number of both. */
import type { Rectangle } from './canvas.js';
import type { PaperStyle } from './style.js';

/** A part of the page: columns and lines from 0. */
export interface Area {
  column: number;
  columns: number;
  line: number;
  lines: number;
}

export class Grid {
  readonly columns: number;
  readonly lines: number;
  readonly leading: number;
  readonly columnWidth: number;
  readonly gutter: number;
  readonly left: number;
  readonly top: number;

  constructor(style: PaperStyle) {
    this.columns = style.columns;
    this.leading = style.leading;
    this.gutter = style.gutter;
    this.left = style.margin.side;
    this.top = style.margin.top;
    this.lines = Math.floor((style.page.height - style.margin.top - style.margin.bottom) / style.leading);
    this.columnWidth = (style.page.width - 2 * style.margin.side - (style.columns - 1) * style.gutter) / style.columns;
  }

  get right(): number {
    return this.left + this.width(this.columns);
  }

  get bottom(): number {
    return this.y(this.lines);
  }

  x(column: number): number {
    return this.left + column * (this.columnWidth + this.gutter);
  }

  y(line: number): number {
    return this.top + line * this.leading;
  }

  width(columns: number): number {
    return columns * this.columnWidth + (columns - 1) * this.gutter;
  }

  rectangle({ column, columns, line, lines }: Area): Rectangle {
    return { x: this.x(column), y: this.y(line), width: this.width(columns), height: lines * this.leading };
  }

  whole(): Area {
    return { column: 0, columns: this.columns, line: 0, lines: this.lines };
  }
}
