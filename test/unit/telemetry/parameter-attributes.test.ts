import { describe, expect, it } from '@jest/globals';
import { ParameterAttributes, type ParameterValue } from '../../../src/telemetry/parameter-attributes.js';
import { RecordedSpans } from '../../support/recorded-spans.js';

async function attributesOf(...pairs: readonly (readonly [string, ParameterValue])[]): Promise<object> {
  await using spans = new RecordedSpans();
  const span = spans.tracer.startSpan('call');
  const attributes = new ParameterAttributes(span);
  for (const [name, value] of pairs) attributes.set(name, value);
  span.end();
  return spans.one('call').attributes;
}

describe('ParameterAttributes', () => {
  it('says every kind of value, and a 64-bit integer that is no number as text', async () => {
    const pairs = [
      ['text', 'one'],
      ['float', 1.5],
      ['flag', false],
      ['small', -7n],
      ['large', 2n ** 64n - 1n],
    ] as const;
    expect(await attributesOf(...pairs)).toEqual({
      'millrace.parameter.text': 'one',
      'millrace.parameter.float': 1.5,
      'millrace.parameter.flag': false,
      'millrace.parameter.small': -7,
      'millrace.parameter.large': '18446744073709551615',
    });
  });

  it('keeps the beginning of long names and texts', async () => {
    expect(await attributesOf(['n'.repeat(65), 'v'.repeat(257)])).toEqual({
      [`millrace.parameter.${'n'.repeat(63)}…`]: `${'v'.repeat(255)}…`,
    });
  });

  it('takes no more than 32 names, and the last value of each', async () => {
    const many = Array.from({ length: 40 }, (_, at) => [`p${at}`, at] as const);
    const attributes = await attributesOf(...many, ['p31', 'last'], ['p32', 'last']);
    expect(Object.keys(attributes)).toHaveLength(32);
    expect(attributes).toMatchObject({ 'millrace.parameter.p0': 0, 'millrace.parameter.p31': 'last' });
  });
});
