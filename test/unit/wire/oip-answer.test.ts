import { describe, expect, it } from '@jest/globals';
import { ModelInferResponse } from '../../../src/gen/inference/infer.js';
import { answerTo, encodeAnswer } from '../../../src/wire/oip-answer.js';

const request = { model: 'm', version: { kind: 'newest' }, requestId: 'r7', inputs: [], outputNames: [], priority: 0 } as const;
const timings = { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 1 };
const outputs = ['a', 'b'].map((name) => ({ name, datatype: 'INT8', shape: [2], data: Uint8Array.of(1, 2) }) as const);

describe('answerTo', () => {
  it('takes the outputs as they are', () => {
    const answer = answerTo(request, { version: '2', outputs, timings });
    expect(answer).toEqual({ model: 'm', version: '2', requestId: 'r7', outputs });
    expect(answer.outputs).toBe(outputs);
  });

  it('writes an output into its place in shared memory, and leaves its entry empty', () => {
    const written: number[] = [];
    const outputPlaces = new Map([['b', { byteSize: 8, write: (data: Uint8Array) => void written.push(...data) }]]);
    const answer = answerTo({ ...request, outputPlaces }, { version: '2', outputs, timings });
    expect(answer.outputs.map(({ name, data }) => [name, [...data]])).toEqual([
      ['a', [1, 2]],
      ['b', []],
    ]);
    expect(written).toEqual([1, 2]);
  });
});

describe('encodeAnswer', () => {
  it('puts all data into raw_output_contents, in the order of the outputs', () => {
    const message = ModelInferResponse.decode(encodeAnswer({ model: 'm', version: '2', requestId: 'r7', outputs }));
    expect(message).toMatchObject({
      modelName: 'm',
      modelVersion: '2',
      id: 'r7',
      outputs: [
        { name: 'a', datatype: 'INT8', shape: [2n] },
        { name: 'b', datatype: 'INT8', shape: [2n] },
      ],
    });
    expect(message.rawOutputContents.map((data) => [...data])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('writes into the memory that it is given, and no more than it needs', () => {
    const memory = Buffer.alloc(100, 0xee);
    const scalar = { name: 's', datatype: 'BOOL', shape: [], data: Uint8Array.of(1) } as const;
    const bytes = encodeAnswer({ model: '', version: '', requestId: '', outputs: [scalar] }, { take: () => memory });
    expect(bytes.buffer).toBe(memory.buffer);
    expect([...bytes]).toEqual([0x2a, 9, 0x0a, 1, 0x73, 0x12, 4, ...Buffer.from('BOOL'), 0x32, 1, 1]);
    expect(memory[bytes.length]).toBe(0xee);
  });
});
