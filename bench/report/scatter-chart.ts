import { colourOf, drawing, element, legend, text } from './svg.js';

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly label: string;
  readonly points: readonly Point[];
}

interface Axes {
  readonly x: string;
  readonly y: string;
  /** Where the goal is met: to the right of x, below y. */
  readonly goal: Point;
}

const WIDTH = 860;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 24;
const TOP = 72;
const BOTTOM = 52;
const X_TICKS = [40, 50, 60, 70, 80, 90, 100, 110] as const;
const Y_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;
const X_RANGE = { from: 35, to: 115 } as const;
const Y_RANGE = { from: 1, to: 1000 } as const;

/** Points, on a logarithmic axis upwards. */
export function scatterChart(title: string, { x, y, goal }: Axes, series: readonly Series[]): string {
  return drawing(WIDTH, HEIGHT, title, [
    ...legend(
      series.map(({ label }) => label),
      LEFT + 20,
      52,
    ),
    element('rect', {
      x: xOf(goal.x),
      y: yOf(goal.y),
      width: WIDTH - RIGHT - xOf(goal.x),
      height: HEIGHT - BOTTOM - yOf(goal.y),
      fill: '#e8f3ec',
    }),
    ...X_TICKS.map((tick) => text(String(tick), xOf(tick), HEIGHT - BOTTOM + 18, { 'text-anchor': 'middle' })),
    ...Y_TICKS.flatMap((tick) => [rule(tick), text(String(tick), LEFT - 8, yOf(tick) + 4, { 'text-anchor': 'end' })]),
    ...series.flatMap(({ points }, at) => points.map((point) => dot(point, colourOf(at)))),
    text(x, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, { 'text-anchor': 'middle' }),
    text(y, 12, 54),
    text('goal', WIDTH - RIGHT - 6, yOf(goal.y) + 16, { 'text-anchor': 'end', fill: '#2c6e49' }),
  ]);
}

function dot({ x, y }: Point, fill: string): string {
  return element('circle', { cx: xOf(x), cy: yOf(y), r: 3.5, fill, 'fill-opacity': 0.75 });
}

function rule(tick: number): string {
  return element('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: yOf(tick), y2: yOf(tick), stroke: '#dddddd' });
}

function xOf(value: number): number {
  return LEFT + ((value - X_RANGE.from) / (X_RANGE.to - X_RANGE.from)) * (WIDTH - LEFT - RIGHT);
}

/** What is off the scale is drawn at its end. */
function yOf(value: number): number {
  const held = Math.min(Y_RANGE.to, Math.max(Y_RANGE.from, value));
  const share = Math.log(held / Y_RANGE.from) / Math.log(Y_RANGE.to / Y_RANGE.from);
  return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
}
