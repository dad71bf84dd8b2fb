import type { Span } from '@opentelemetry/api';
import { cut } from '../error/quote.js';
import { ATTRIBUTES } from './attributes.js';

/** Parameters of one span; far fewer than the attributes that an SDK keeps, so that they crowd out none of the others. */
const MAX_PARAMETERS = 32;
const MAX_NAME_CHARS = 64;
const MAX_VALUE_CHARS = 256;

export type ParameterValue = string | number | bigint | boolean;

/** Puts what a client sent beside its tensors on the span of a sampled call: a bounded number, and the beginning of what is long. */
export class ParameterAttributes {
  readonly #span: Span;
  readonly #names = new Set<string>();

  constructor(span: Span) {
    this.#span = span;
  }

  /** The last value of a name stays; a name beyond the bound is left out. */
  set(name: string, value: ParameterValue): void {
    if (this.#names.size >= MAX_PARAMETERS && !this.#names.has(name)) return;
    this.#names.add(name);
    this.#span.setAttribute(`${ATTRIBUTES.parameter}.${cut(name, MAX_NAME_CHARS)}`, attributeOf(value));
  }
}

/** Attributes have no integers of 64 bits: what a number cannot say exactly is said as text. */
function attributeOf(value: ParameterValue): string | number | boolean {
  if (typeof value === 'string') return cut(value, MAX_VALUE_CHARS);
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
