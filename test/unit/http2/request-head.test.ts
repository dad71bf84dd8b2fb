import { describe, expect, it } from '@jest/globals';
import { HeaderField } from '../../../src/http2/hpack/header-field.js';
import { areTrailers, type RequestHead, readRequestHead } from '../../../src/http2/request-head.js';
import { type Field, requestFields } from '../../support/h2-frames.js';

function read(fields: readonly Field[]): RequestHead | undefined {
  return readRequestHead(fields.map(([name, value]) => new HeaderField(name, value)));
}

function without(name: string): Field[] {
  return requestFields().filter((field) => field[0] !== name);
}

const [METHOD, ...TARGET] = requestFields();

describe('readRequestHead', () => {
  it('reads what a request is about', () => {
    const head = read([...requestFields('/a/b?c'), ['x', '1'], ['x', '2']]);
    expect(head).toMatchObject({ method: 'POST', scheme: 'http', path: '/a/b?c', authority: 'localhost', contentLength: undefined });
    expect(head?.fields.map(({ name, value }) => [name, value])).toEqual([
      ['x', '1'],
      ['x', '2'],
    ]);
  });

  it.each<readonly [string, Field[]]>([
    [
      'CONNECT with an authority alone',
      [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
      ],
    ],
    [
      'OPTIONS of everything',
      [
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
      ],
    ],
    ['no authority', without(':authority')],
    ['several cookies', [...requestFields(), ['cookie', 'a=b'], ['cookie', 'c=d']]],
    ['te: trailers', [...requestFields(), ['te', 'trailers']]],
  ])('takes %s', (_name, fields) => {
    expect(read(fields)).toBeDefined();
  });

  it('has the list itself where there are no pseudo-header fields to leave out, and refuses it', () => {
    expect(read([['x', 'y']])).toBeUndefined();
    expect(read([])).toBeUndefined();
  });

  it('reads the length of the body', () => {
    expect(read([...requestFields(), ['content-length', '012']])?.contentLength).toBe(12);
    expect(read([...requestFields(), ['content-length', '5'], ['content-length', '5']])?.contentLength).toBe(5);
  });

  it.each<readonly [string, Field[]]>([
    ['no method', without(':method')],
    ['an empty method', [[':method', ''], ...TARGET]],
    ['no scheme', without(':scheme')],
    ['no path', without(':path')],
    ['an empty path', [...without(':path'), [':path', '']]],
    ['a path without a slash', [...without(':path'), [':path', 'a']]],
    ['a star for a POST', [...without(':path'), [':path', '*']]],
    ['two methods', [...requestFields(), [':method', 'GET']]],
    ['two paths', [...requestFields(), [':path', '/']]],
    ['two schemes', [...requestFields(), [':scheme', 'http']]],
    ['two authorities', [...requestFields(), [':authority', 'a']]],
    ['an unknown pseudo-header field', [...requestFields(), [':protocol', 'x']]],
    ['one of a response', [...requestFields(), [':status', '200']]],
    ['a pseudo-header field behind another field', [...TARGET, ['x', 'y'], [':method', 'GET']]],
    ['a pseudo-header field behind all of them', [...requestFields(), ['x', 'y'], [':method', 'GET']]],
    ['upper case', [...requestFields(), ['X', 'y']]],
    ['a field of the connection', [...requestFields(), ['connection', 'close']]],
    ['te with more than trailers', [...requestFields(), ['te', 'trailers, gzip']]],
    ['a method with a line break', [[':method', 'GET\n'], ...TARGET]],
    ['a value with a line break', [...requestFields(), ['x', 'a\r\nb']]],
    ['a length that is none', [...requestFields(), ['content-length', '-1']]],
    ['a list of lengths', [...requestFields(), ['content-length', '5, 5']]],
    ['an empty length', [...requestFields(), ['content-length', '']]],
    ['two lengths', [...requestFields(), ['content-length', '5'], ['content-length', '6']]],
    [
      'CONNECT with a path',
      [
        [':method', 'CONNECT'],
        [':authority', 'a'],
        [':path', '/'],
      ],
    ],
    [
      'CONNECT with a scheme',
      [
        [':method', 'CONNECT'],
        [':authority', 'a'],
        [':scheme', 'http'],
      ],
    ],
    ['CONNECT to nowhere', [[':method', 'CONNECT']]],
  ])('refuses %s', (_name, fields) => {
    expect(METHOD).toEqual([':method', 'POST']);
    expect(read(fields)).toBeUndefined();
  });
});

describe('areTrailers', () => {
  it.each<readonly [boolean, Field[]]>([
    [true, []],
    [true, [['grpc-status', '0']]],
    [false, [[':path', '/']]],
    [false, [['X', 'y']]],
    [false, [['x', 'a\n']]],
  ])('says %s of %j', (expected, fields) => {
    expect(areTrailers(fields.map(([name, value]) => new HeaderField(name, value)))).toBe(expected);
  });
});
