import { describe, expect, it } from '@jest/globals';
import type { InferTensorContents } from '../../../src/gen/inference/infer.js';
import { encodeBytes } from '../../../src/tensor/bytes.js';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.js';
import { encodeContents } from '../../../src/wire/oip-contents.js';
import { contents, servingErrorOf } from '../../support/wire-messages.js';

const own: [Datatype, Partial<InferTensorContents>, number[]][] = [
  ['BOOL', { boolContents: [true, false] }, [1, 0]],
  ['INT8', { intContents: [-1, 2] }, [255, 2]],
  ['INT16', { intContents: [-2] }, [254, 255]],
  ['INT32', { intContents: [258] }, [2, 1, 0, 0]],
  ['INT64', { int64Contents: [-1n] }, [255, 255, 255, 255, 255, 255, 255, 255]],
  ['UINT8', { uintContents: [200] }, [200]],
  ['UINT16', { uintContents: [513] }, [1, 2]],
  ['UINT32', { uintContents: [2 ** 32 - 1] }, [255, 255, 255, 255]],
  ['UINT64', { uint64Contents: [2n ** 63n] }, [0, 0, 0, 0, 0, 0, 0, 128]],
  ['FP32', { fp32Contents: [1] }, [0, 0, 128, 63]],
  ['FP64', { fp64Contents: [1] }, [0, 0, 0, 0, 0, 0, 240, 63]],
  ['BYTES', { bytesContents: [Uint8Array.of(7, 8), new Uint8Array(0)] }, [...encodeBytes([Uint8Array.of(7, 8), new Uint8Array(0)])]],
];

const owner = (datatype: Datatype) => ({ name: 'x', datatype, model: 'm' });

describe('encodeContents', () => {
  it.each(own)('lays %s out as raw contents are', (datatype, fields, bytes) => {
    expect([...(encodeContents(owner(datatype), contents(fields)) ?? [])]).toEqual(bytes);
  });

  it.each(own)('refuses the field of %s for every datatype that has another', (datatype, fields) => {
    const strangers = DATATYPES.filter((other) => {
      const entry = own.find(([candidate]) => candidate === other);
      return entry === undefined || Object.keys(entry[1])[0] !== Object.keys(fields)[0];
    });
    expect(strangers).not.toContain(datatype);
    for (const other of strangers) {
      const error = servingErrorOf(() => encodeContents(owner(other), contents(fields)));
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain("unexpected explicit tensor data for input tensor 'x' for model 'm'");
    }
  });

  it('tells the 16-bit floats to be sent raw', () => {
    for (const datatype of ['FP16', 'BF16'] as const) {
      const error = servingErrorOf(() => encodeContents(owner(datatype), contents({ fp32Contents: [1] })));
      expect(error.message).toContain(`expected raw_input_contents for datatype '${datatype}', got fp32_contents`);
    }
  });

  it('refuses values in several fields, naming them', () => {
    const error = servingErrorOf(() => encodeContents(owner('INT32'), contents({ intContents: [1], fp32Contents: [1] })));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain('int_contents, fp32_contents');
  });

  it('refuses a value out of the range of a narrow datatype', () => {
    expect(servingErrorOf(() => encodeContents(owner('INT8'), contents({ intContents: [128] }))).message).toContain('value 128');
    expect(servingErrorOf(() => encodeContents(owner('UINT16'), contents({ uintContents: [65536] }))).message).toContain('0 to 65535');
  });

  it('is undefined where there are no values', () => {
    for (const datatype of DATATYPES) expect(encodeContents(owner(datatype), contents())).toBeUndefined();
  });
});
