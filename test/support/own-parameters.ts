/** Parameters of config.pbtxt under our own prefix. */
export function parameters(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `parameters { key: "millrace.${name}" value { string_value: "${value}" } }`)
    .join('\n');
}
