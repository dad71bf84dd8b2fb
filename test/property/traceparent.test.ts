import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTraceparent } from '../../src/telemetry/traceparent.js';

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'),
    minLength: length,
    maxLength: length,
  });
const id = (length: number) => hex(length).filter((text) => !/^0+$/.test(text));

/** The grammar of W3C Trace Context, said in another way than the parser says it. */
const GRAMMAR =
  /^(?!ff)(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$/s;

describe('parseTraceparent', () => {
  it('gives back what a valid one was made of', () => {
    fc.assert(
      fc.property(id(32), id(16), fc.nat(255), (traceId, spanId, flags) => {
        const text = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
        expect(parseTraceparent(text)).toEqual({ traceId, spanId, sampled: flags % 2 === 1 });
      }),
    );
  });

  it('takes a mutated one exactly where the grammar does', () => {
    const mutation = fc.record({ at: fc.nat(60), text: fc.oneof(fc.string({ maxLength: 3 }), hex(1)), cut: fc.nat(2) });
    fc.assert(
      fc.property(hex(2), id(32), id(16), hex(2), fc.array(mutation, { maxLength: 2 }), (version, traceId, spanId, flags, mutations) => {
        let text = `${version}-${traceId}-${spanId}-${flags}`;
        for (const { at, text: inserted, cut } of mutations) text = text.slice(0, at) + inserted + text.slice(at + cut);
        expect(parseTraceparent(text) !== undefined).toBe(GRAMMAR.test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
