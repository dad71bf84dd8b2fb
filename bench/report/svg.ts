/** Colours that people who see few of them can tell apart (Okabe and Ito), ours first. */
export const COLOURS = ['#0072b2', '#e69f00', '#56b4e9', '#009e73', '#cc79a7', '#999999'] as const;

export function colourOf(at: number): string {
  return COLOURS[at % COLOURS.length] ?? '#000000';
}

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value)}"`,
  );
  return content.length === 0 ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content.join('')}</${name}>`;
}

export function text(content: string, x: number, y: number, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escaped(content));
}

/** On white, so that it can be read on any page. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-size': 13,
    role: 'img',
  };
  return `${element(
    'svg',
    { ...attributes, 'font-family': 'Helvetica, Arial, sans-serif', fill: '#222222' },
    element('title', {}, escaped(title)),
    element('rect', { width, height, fill: '#ffffff' }),
    text(title, 16, 26, { 'font-size': 16, 'font-weight': 'bold' }),
    ...parts.map((part) => `\n${part}`),
  )}\n`;
}

/** A square of its colour before each name, from left to right. */
export function legend(labels: readonly string[], x: number, y: number): string[] {
  let left = x;
  return labels.flatMap((label, at) => {
    const parts = [element('rect', { x: left, y: y - 10, width: 11, height: 11, fill: colourOf(at) }), text(label, left + 16, y)];
    left += 40 + label.length * 7.2;
    return parts;
  });
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(value: string): string {
  return value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
