import { describe, expect, it } from '@jest/globals';
import { InferResponse } from '../../../src/gen/millrace/v1/inference.js';
import { createMillraceAnswerEncoder } from '../../../src/wire/millrace-answer.js';
import type { ParsedInfer } from '../../../src/wire/millrace-v1.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const request = { model: 'm', version: { kind: 'newest' }, requestId: 'r7', inputs: [], outputNames: [], priority: 0 } as const;
const raw: ParsedInfer = { request, outputEncoding: 'raw' };
const typed: ParsedInfer = { request, outputEncoding: 'typed' };
const output = { name: 'y', datatype: 'INT8', shape: [2], data: Uint8Array.of(1, 2) } as const;
const response = { version: '2', outputs: [output], timings: { queueUs: 1.6, assembleUs: -1, executeUs: 300, batchSize: 4 } };
const head = { model: 'm', version: '2', requestId: 'r7', timings: { queueUs: 2n, assembleUs: 0n, executeUs: 300n, batchSize: 4 } };

describe('createMillraceAnswerEncoder', () => {
  it('writes raw outputs, into the memory that it is given', () => {
    const memory = Buffer.alloc(100, 0xee);
    const bytes = createMillraceAnswerEncoder(0)({ parsed: raw, response }, { take: () => memory });
    expect(bytes.buffer).toBe(memory.buffer);
    expect(InferResponse.decode(bytes)).toMatchObject({
      ...head,
      outputs: [{ name: 'y', datatype: 6, shape: [2n], raw: Buffer.of(1, 2) }],
    });
  });

  it('writes a scalar, and timings of which none is known', () => {
    const scalar = { ...output, shape: [], data: Uint8Array.of(1) };
    const timings = { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 0 };
    const bytes = createMillraceAnswerEncoder(0)({ parsed: raw, response: { version: '', outputs: [scalar], timings } });
    expect([...bytes]).toEqual([0x0a, 1, 0x6d, 0x1a, 2, 0x72, 0x37, 0x22, 8, 0x0a, 1, 0x79, 0x10, 6, 0x22, 1, 1, 0x2a, 0]);
  });

  it('writes typed outputs, as many as are allowed', () => {
    const bytes = createMillraceAnswerEncoder(2)({ parsed: typed, response });
    expect(InferResponse.decode(bytes)).toMatchObject({ ...head, outputs: [{ name: 'y', raw: undefined, ints: [1n, 2n] }] });
    expect(servingErrorOf(() => createMillraceAnswerEncoder(1)({ parsed: typed, response })).message).toContain(
      'ask for OUTPUT_ENCODING_RAW',
    );
  });
});
