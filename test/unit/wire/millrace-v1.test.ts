import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import type { InferStreamRequest } from '../../../src/gen/millrace/v1/inference.js';
import type { StreamPiece } from '../../../src/model/infer.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { formatInferResponse, formatStreamPiece, parseInferRequest, parseInferStreamRequest } from '../../../src/wire/millrace-v1.js';
import { rpcStatusOf } from '../../../src/wire/status.js';
import { servingErrorOf, wireRequest, wireStreamRequest, wireTensor } from '../../support/wire-messages.js';

const timings = { queueUs: 12.4, assembleUs: 0.5, executeUs: -1, batchSize: 7 };
const wireTimings = { queueUs: 12n, assembleUs: 1n, executeUs: 0n, batchSize: 7 };
const output = { name: 'y', datatype: 'UINT8', shape: [2], data: Uint8Array.of(1, 2) } as const;
const LIMIT = 8;
const overLimit = [output, { ...output, name: 'z', shape: [7], data: new Uint8Array(7) }];
const refusal = {
  code: 'invalid_request',
  message: 'outputs of 9 bytes are over the limit of 8 bytes for typed contents: ask for OUTPUT_ENCODING_RAW',
};

describe('parseInferRequest', () => {
  it('carries everything over', () => {
    const { request } = parseInferRequest(
      wireRequest({
        model: 'digits',
        version: '4',
        requestId: 'r',
        inputs: [wireTensor({ floats: [1] })],
        outputNames: ['y'],
        priority: 2,
      }),
    );
    expect(request).toEqual({
      model: 'digits',
      version: { kind: 'version', version: '4' },
      requestId: 'r',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: Uint8Array.of(0, 0, 128, 63) }],
      outputNames: ['y'],
      priority: 2,
    });
  });

  it('reads versions, aliases and the newest, and refuses the rest', () => {
    const versionOf = (version: string) => parseInferRequest(wireRequest({ version })).request.version;
    expect(versionOf('')).toEqual({ kind: 'newest' });
    expect(versionOf('canary')).toEqual({ kind: 'alias', alias: 'canary' });
    for (const version of ['0', '-1', '1abc']) expect(servingErrorOf(() => versionOf(version)).code).toBe('invalid_request');
  });

  it('answers in the encoding that was asked for, else as the inputs came: raw if any was', () => {
    const typed = wireTensor({ floats: [1] });
    const raw = wireTensor({ raw: new Uint8Array(4) });
    const encodingOf = (outputEncoding: 0 | 1 | 2, inputs = [typed]) =>
      parseInferRequest(wireRequest({ outputEncoding, inputs })).outputEncoding;
    expect(encodingOf(0)).toBe('typed');
    expect(encodingOf(0, [typed, raw])).toBe('raw');
    expect(encodingOf(0, [])).toBe('typed');
    expect(encodingOf(1)).toBe('raw');
    expect(encodingOf(2, [raw])).toBe('typed');
  });

  it('refuses an encoding that it does not know', () => {
    const message = { ...wireRequest(), outputEncoding: 3 } as unknown as InferStreamRequest;
    const error = servingErrorOf(() => parseInferRequest(message));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toBe('output_encoding is 3, expected a number from 0 to 2');
  });
});

describe('parseInferStreamRequest', () => {
  it('has defaults for the options', () => {
    expect(parseInferStreamRequest(wireStreamRequest()).options).toEqual({
      rowsPerMessage: 0,
      ordering: 'in_order',
      onError: 'fail_stream',
    });
  });

  it('reads each option', () => {
    expect(parseInferStreamRequest(wireStreamRequest({ rowsPerMessage: 4, ordering: 2, onError: 2 })).options).toEqual({
      rowsPerMessage: 4,
      ordering: 'as_ready',
      onError: 'continue',
    });
    expect(parseInferStreamRequest(wireStreamRequest({ ordering: 1, onError: 1 })).options).toMatchObject({
      ordering: 'in_order',
      onError: 'fail_stream',
    });
  });

  it('refuses options that it does not know', () => {
    for (const field of ['ordering', 'onError'] as const) {
      for (const number of [3, -1]) {
        const message = { ...wireStreamRequest(), [field]: number };
        expect(servingErrorOf(() => parseInferStreamRequest(message)).message).toContain(`is ${number}, expected`);
      }
    }
  });
});

describe('formatInferResponse', () => {
  it('answers with what ran, in whole microseconds', () => {
    const parsed = parseInferRequest(wireRequest({ requestId: 'r', version: 'stable' }));
    expect(formatInferResponse(parsed, { version: '2', outputs: [output], timings }, LIMIT)).toEqual({
      model: 'm',
      version: '2',
      requestId: 'r',
      outputs: [wireTensor({ name: 'y', datatype: 2, shape: [2n], uints: [1n, 2n] })],
      timings: wireTimings,
    });
  });

  it('answers raw where that was asked for', () => {
    const parsed = parseInferRequest(wireRequest({ outputEncoding: 1 }));
    const [tensor] = formatInferResponse(parsed, { version: '2', outputs: [output], timings }, LIMIT).outputs;
    expect(tensor?.raw).toBe(output.data);
  });

  it('refuses typed outputs that are over the limit in sum, and takes them raw', () => {
    const answer = (outputEncoding: 1 | 2, outputs: readonly Tensor[]) =>
      formatInferResponse(parseInferRequest(wireRequest({ outputEncoding })), { version: '2', outputs, timings }, LIMIT);
    expect(servingErrorOf(() => answer(2, overLimit))).toMatchObject(refusal);
    expect(answer(2, [{ ...output, shape: [8], data: new Uint8Array(8) }]).outputs[0]?.uints).toHaveLength(8);
    expect(answer(1, overLimit).outputs.map(({ raw }) => raw?.length)).toEqual([2, 7]);
  });
});

describe('formatStreamPiece', () => {
  const parsed = parseInferStreamRequest(wireStreamRequest({ requestId: 'r' }));
  const piece: StreamPiece = { version: '2', rowOffset: 4, rowCount: 2, outputs: [output], error: undefined, timings, final: false };

  it('says which rows a message answers, and of which model, version and request', () => {
    expect(formatStreamPiece(parsed, piece, 2, LIMIT)).toEqual({
      sequence: 2,
      rowOffset: 4,
      rowCount: 2,
      outputs: [wireTensor({ name: 'y', datatype: 2, shape: [2n], uints: [1n, 2n] })],
      error: undefined,
      timings: wireTimings,
      final: false,
      model: 'm',
      version: '2',
      requestId: 'r',
    });
  });

  it('carries the error of a failed piece', () => {
    const error = new ServingError('backend_failed', 'it broke');
    const message = formatStreamPiece(parsed, { ...piece, outputs: [], error, timings: undefined, final: true }, 0, LIMIT);
    expect(message.error).toEqual(rpcStatusOf(error));
    expect(message).toMatchObject({ outputs: [], timings: undefined, final: true });
  });

  it('refuses typed outputs that are over the limit in sum', () => {
    expect(servingErrorOf(() => formatStreamPiece(parsed, { ...piece, outputs: overLimit }, 0, LIMIT))).toMatchObject(refusal);
  });
});
