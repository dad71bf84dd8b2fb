import { describe, expect, it } from '@jest/globals';
import type { Tensor as WireTensor } from '../../../src/gen/millrace/v1/tensor.js';
import { encodeBytes } from '../../../src/tensor/bytes.js';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.js';
import { numberOfDatatype } from '../../../src/wire/datatype-number.js';
import { formatTensor, parseTensor } from '../../../src/wire/millrace-tensor.js';
import { servingErrorOf, wireTensor } from '../../support/wire-messages.js';

type Lists = Partial<WireTensor>;

const text = (value: string) => new TextEncoder().encode(value);

/** One value of each datatype in the list that the server itself would answer with. */
const typed: [Datatype, Lists, Uint8Array][] = [
  ['BOOL', { bools: [true] }, Uint8Array.of(1)],
  ['INT8', { ints: [-1n] }, Uint8Array.of(255)],
  ['INT16', { ints: [-2n] }, Uint8Array.of(254, 255)],
  ['INT32', { ints: [258n] }, Uint8Array.of(2, 1, 0, 0)],
  ['INT64', { ints: [-1n] }, new Uint8Array(8).fill(255)],
  ['UINT8', { uints: [255n] }, Uint8Array.of(255)],
  ['UINT16', { uints: [513n] }, Uint8Array.of(1, 2)],
  ['UINT32', { uints: [1n] }, Uint8Array.of(1, 0, 0, 0)],
  ['UINT64', { uints: [2n ** 63n] }, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128)],
  ['FP16', { floats: [1.5] }, Uint8Array.of(0, 0x3e)],
  ['BF16', { floats: [1.5] }, Uint8Array.of(0xc0, 0x3f)],
  ['FP32', { floats: [1] }, Uint8Array.of(0, 0, 128, 63)],
  ['FP64', { doubles: [1] }, Uint8Array.of(0, 0, 0, 0, 0, 0, 240, 63)],
  ['BYTES', { strings: ['\uFEFFä'] }, encodeBytes([text('\uFEFFä')])],
];

const of = (datatype: Datatype, fields: Lists) => wireTensor({ datatype: numberOfDatatype(datatype), ...fields });
const refusal = (message: WireTensor) => servingErrorOf(() => parseTensor(message, 'm'));

describe('parseTensor', () => {
  it.each(typed)('reads typed %s', (datatype, lists, data) => {
    expect(parseTensor(of(datatype, lists), 'm')).toEqual({ name: 'x', datatype, shape: [1], data });
  });

  it.each(typed)('reads raw %s without a copy', (datatype, _, data) => {
    expect(parseTensor(of(datatype, { raw: data }), 'm').data).toBe(data);
  });

  it.each(typed)('refuses lists that are not for %s, naming what is', (datatype, lists) => {
    const all: Lists[] = [{ bools: [true] }, { ints: [1n] }, { uints: [1n] }, { floats: [1] }, { doubles: [1] }, { strings: [''] }];
    const strangers = all.filter((other) => Object.keys(other)[0] !== Object.keys(lists)[0]);
    expect(strangers).toHaveLength(5);
    for (const stranger of strangers) {
      const error = refusal(of(datatype, stranger));
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain(`of datatype ${datatype} has values in ${Object.keys(stranger)[0]}, expected them in`);
    }
  });

  it('reads BYTES of any content from bytes_list', () => {
    const elements = [Uint8Array.of(0xff), new Uint8Array(0)];
    expect(parseTensor(of('BYTES', { shape: [2n], bytesList: elements }), 'm').data).toEqual(encodeBytes(elements));
  });

  it('rounds floats for the 16-bit datatypes to the nearest, ties to even', () => {
    expect(parseTensor(of('FP16', { floats: [1 + 2 ** -11] }), 'm').data).toEqual(Uint8Array.of(0, 0x3c));
    expect(parseTensor(of('BF16', { floats: [1 + 3 * 2 ** -8] }), 'm').data).toEqual(Uint8Array.of(0x82, 0x3f));
  });

  it('refuses values out of range', () => {
    expect(refusal(of('INT8', { ints: [128n] })).message).toContain('value 128 at element 0');
    expect(refusal(of('UINT32', { uints: [2n ** 32n] })).message).toContain('0 to 4294967295');
    expect(refusal(of('FP16', { floats: [65520] })).message).toContain('out of range for FP16');
  });

  it('refuses values in more than one field, naming them', () => {
    expect(refusal(of('FP32', { floats: [1], raw: new Uint8Array(4) })).message).toContain('has values in raw, floats');
    expect(refusal(of('FP32', { floats: [1], raw: new Uint8Array(0) })).message).toContain('has values in raw, floats');
    expect(refusal(of('BYTES', { strings: ['a'], bytesList: [text('a')] })).message).toContain('has values in strings, bytes_list');
  });

  it('lets only a tensor without elements have no values', () => {
    expect(parseTensor(of('INT32', { shape: [3n, 0n] }), 'm').data).toHaveLength(0);
    expect(refusal(of('INT32', { shape: [3n] })).message).toBe("unable to find data for input tensor 'x' for model 'm' in request.");
    expect(refusal(of('INT32', { shape: [] })).code).toBe('invalid_request');
  });

  it('refuses another number of values than the shape has elements, naming both', () => {
    const error = refusal(of('FP32', { shape: [2n, 3n], floats: [1, 2, 3, 4, 5] }));
    expect(error.message).toContain('has 5 values in floats, expected 6 for shape [2,3]');
    expect(refusal(of('FP32', { shape: [0n], floats: [1] })).message).toContain('expected 0 for shape [0]');
    expect(refusal(of('FP32', { shape: [2n ** 40n, 2n ** 40n], floats: [1] })).message).toContain('more than can be counted');
  });

  it('refuses a datatype that is missing or unheard of', () => {
    expect(refusal(wireTensor({ datatype: 0 })).message).toContain("the datatype of input 'x' for model 'm' is not given");
    const unheardOf = { ...wireTensor(), datatype: 99 } as unknown as WireTensor;
    expect(refusal(unheardOf).message).toContain('is number 99, expected one of BOOL');
  });

  it('refuses negative dimensions', () => {
    expect(refusal(of('FP32', { shape: [-1n] })).message).toContain('All input dimensions should be specified');
  });
});

describe('formatTensor', () => {
  it.each(typed)('gives %s in the list of its datatype', (datatype, lists, data) => {
    expect(formatTensor({ name: 'x', datatype, shape: [1], data }, 'typed')).toEqual(of(datatype, lists));
  });

  it('gives raw data as it is, without a copy', () => {
    for (const datatype of DATATYPES) {
      const data = new Uint8Array(8);
      const message = formatTensor({ name: 'x', datatype, shape: [1], data }, 'raw');
      expect(message.raw).toBe(data);
      expect(message).toEqual(of(datatype, { raw: data }));
    }
  });

  it('gives BYTES in bytes_list as soon as one element is not UTF-8', () => {
    const elements = [text('fine'), Uint8Array.of(0xc3, 0x28)];
    const message = formatTensor({ name: 'x', datatype: 'BYTES', shape: [2], data: encodeBytes(elements) }, 'typed');
    expect(message.strings).toEqual([]);
    expect(message.bytesList).toEqual(elements);
  });
});
