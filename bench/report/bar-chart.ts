import { colourOf, drawing, element, legend, text } from './svg.js';
import { amount } from './tables.js';

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

const WIDTH = 860;
const LEFT = 140;
const RIGHT = 90;
const TOP = 72;
const BAR = 16;
const GAP = 4;
const BETWEEN_GROUPS = 22;

/** Bars from left to right, each group on a scale of its own: what counts is how its bars compare. A label has one colour in all groups. */
export function barChart(title: string, groups: readonly BarGroup[]): string {
  const labels = [...new Set(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))];
  const parts: string[] = legend(labels, 16, 52);
  let y = TOP;
  for (const group of groups) {
    parts.push(...drawGroup(group, labels, y));
    y += group.bars.length * (BAR + GAP) + BETWEEN_GROUPS;
  }
  return drawing(WIDTH, y, title, parts);
}

function drawGroup({ label, bars }: BarGroup, labels: readonly string[], top: number): string[] {
  const highest = Math.max(...bars.map(({ value }) => value));
  const middle = top + (bars.length * (BAR + GAP) - GAP) / 2;
  const drawn = bars.flatMap((bar, at) => {
    const y = top + at * (BAR + GAP);
    const width = (bar.value / highest) * (WIDTH - LEFT - RIGHT);
    const fill = colourOf(labels.indexOf(bar.label));
    return [element('rect', { x: LEFT, y, width, height: BAR, fill }), text(amount(bar.value), LEFT + width + 6, y + BAR - 3.5)];
  });
  return [text(label, LEFT - 12, middle + 4, { 'text-anchor': 'end', 'font-weight': 'bold' }), ...drawn];
}
