/** Rows of equal length as lines with aligned columns, two spaces before each. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const widths = first.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const formatRow = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => `  ${formatRow(row).trimEnd()}\n`).join('');
}
