import { describe, expect, it } from '@jest/globals';
import { ModelInferResponse } from '../../../src/gen/inference/infer.js';
import { encodeModelInferResponse, formatModelInferResponse } from '../../../src/wire/oip-response.js';

const request = { model: 'm', version: { kind: 'newest' }, requestId: 'r7', inputs: [], outputNames: [], priority: 0 } as const;
const timings = { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 1 };

describe('formatModelInferResponse', () => {
  it('puts all data into rawOutputContents, in the order of the outputs, without a copy', () => {
    const a = { name: 'a', datatype: 'FP32', shape: [1, 1], data: Uint8Array.of(1, 2, 3, 4) } as const;
    const b = { name: 'b', datatype: 'BYTES', shape: [0], data: new Uint8Array(0) } as const;
    const message = formatModelInferResponse(request, { version: '2', outputs: [a, b], timings });
    expect(message).toEqual({
      modelName: 'm',
      modelVersion: '2',
      id: 'r7',
      parameters: {},
      outputs: [
        { name: 'a', datatype: 'FP32', shape: [1n, 1n], parameters: {}, contents: undefined },
        { name: 'b', datatype: 'BYTES', shape: [0n], parameters: {}, contents: undefined },
      ],
      rawOutputContents: [a.data, b.data],
    });
    expect(message.rawOutputContents[0]).toBe(a.data);
  });
});

describe('an output in shared memory', () => {
  it('is written there, and its entry is empty', () => {
    const written: number[] = [];
    const outputPlaces = new Map([['b', { byteSize: 8, write: (data: Uint8Array) => void written.push(...data) }]]);
    const outputs = ['a', 'b'].map((name) => ({ name, datatype: 'INT8', shape: [2], data: Uint8Array.of(1, 2) }) as const);
    const message = formatModelInferResponse({ ...request, outputPlaces }, { version: '2', outputs, timings });
    expect(message.outputs.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['a', {}],
      ['b', {}],
    ]);
    expect(message.rawOutputContents.map((data) => [...data])).toEqual([[1, 2], []]);
    expect(written).toEqual([1, 2]);
  });
});

describe('encodeModelInferResponse', () => {
  it.each([[[]], [[0]], [[1, 0, 127]], [[128]], [[16_383, 16_384]], [[2_097_152]]])(
    'writes what the generated code writes, behind the margin: %j',
    (sizes) => {
      const outputs = sizes.map(
        (size, at) => ({ name: `y${at}`, datatype: 'UINT8', shape: [size], data: new Uint8Array(size).fill(at + 1) }) as const,
      );
      const message = formatModelInferResponse(request, { version: '2', outputs, timings });
      const bytes = encodeModelInferResponse(message, 3);
      expect(Buffer.compare(bytes.subarray(3), ModelInferResponse.encode(message).finish())).toBe(0);
    },
  );
});
