import type { Recorded } from '../pipeline/recorded.js';
import type { Outcome } from '../target.js';

/** A row for each figure that has a goal, in Markdown. */
export function goalsTable({ results }: Recorded): string[] {
  const judged = results.flatMap((result) => result.outcomes).filter(({ verdict }) => verdict !== 'told');
  const cells = judged.map(row);
  const notes = results.flatMap(({ scenario, notes = [] }) => notes.map((note) => `- ${scenario}: ${note}`));
  return [
    ...table(['goal', 'load', 'figure', 'measured', 'median (90 % interval)', 'rounds', 'wanted', 'verdict'], cells),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ];
}

function row({
  goal = '',
  scenario,
  figure,
  unit,
  subject,
  against,
  ours,
  theirs,
  ratio,
  interval,
  rounds,
  target,
  verdict,
}: Outcome): string[] {
  const [low, high] = interval;
  const isRatio = against !== undefined && theirs !== undefined;
  const pair = isRatio ? `${subject} ${amount(ours)}, ${against} ${amount(theirs)} ${unit}` : '';
  const value = (number: number): string => (isRatio ? number.toFixed(2) : amount(number));
  const middle = `${value(ratio)}${isRatio ? 'x' : ` ${unit}`} (${value(low)}–${value(high)})`;
  return [goal, scenario, figure, pair, middle, String(rounds), target.replace('target ', ''), verdict];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, at) => Math.max(name.length, 3, ...rows.map((cells) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

export function amount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
