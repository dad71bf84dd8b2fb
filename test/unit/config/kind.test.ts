import { describe, expect, it } from '@jest/globals';
import {
  filePath,
  flag,
  headerPattern,
  hosts,
  integer,
  type Kind,
  names,
  oneOf,
  oneYet,
  onOff,
  paths,
  port,
} from '../../../src/config/kind.js';

const read = <T>(kind: Kind<T>, value: unknown): T | 'refused' => {
  const parsed = kind.schema.safeParse(value);
  return parsed.success ? parsed.data : 'refused';
};

describe('integer', () => {
  it('takes a number or its digits, within the bounds', () => {
    const kind = integer(1, 10, ' rows');
    expect(['1', 10, '007'].map((value) => read(kind, value))).toEqual([1, 10, 7]);
    for (const value of [0, '11', 1.5, '1.5', '', ' 1', '1e1', '0x1', '-1', true, null, [1], Number.NaN])
      expect(read(kind, value)).toBe('refused');
    expect(kind.allowed).toBe('an integer from 1 to 10 rows');
  });
});

describe('port', () => {
  it('is any of TCP, or 0', () => {
    expect(read(port(), '0')).toBe(0);
    expect(read(port(), 65_535)).toBe(65_535);
    expect(read(port(), 65_536)).toBe('refused');
  });
});

describe('oneOf', () => {
  it('takes its words alone', () => {
    const kind = oneOf(['none', 'explicit'], ['poll']);
    expect(read(kind, 'none')).toBe('none');
    for (const value of ['poll', 'None', '', 1]) expect(read(kind, value)).toBe('refused');
    expect([kind.allowed, kind.later]).toEqual(['none or explicit', ['poll']]);
  });
});

describe('oneYet', () => {
  it('is 1, and knows what will be allowed', () => {
    const kind = oneYet(4);
    expect([1, '1'].map((value) => read(kind, value))).toEqual([1, 1]);
    for (const value of [0, 2, '4', 5, '']) expect(read(kind, value)).toBe('refused');
    expect([kind.allowed, kind.later]).toEqual(['1', ['2', '3', '4']]);
  });
});

describe('onOff', () => {
  it('takes on and off, and the booleans of YAML', () => {
    expect(['on', 'off', true, false].map((value) => read(onOff(), value))).toEqual([true, false, true, false]);
    expect(read(onOff(), 'true')).toBe('refused');
    expect([onOff().show(true), onOff().show(false)]).toEqual(['on', 'off']);
  });
});

describe('flag', () => {
  it('is true where it stands alone', () => {
    expect([true, 'true', 'false', false].map((value) => read(flag(), value))).toEqual([true, true, false, false]);
    for (const value of ['on', '1', 1, '']) expect(read(flag(), value)).toBe('refused');
  });
});

describe('filePath', () => {
  it('is any text but the empty one', () => {
    expect(read(filePath(), '/a b')).toBe('/a b');
    expect(read(filePath(), '')).toBe('refused');
  });
});

describe('headerPattern', () => {
  it('compiles what it shows as it was written', () => {
    const pattern = headerPattern().schema.parse('^X-');
    expect([pattern?.matches('x-tag'), pattern?.matches('tag'), headerPattern().show(pattern)]).toEqual([true, false, '^X-']);
    expect(headerPattern().show(undefined)).toBeUndefined();
  });

  it('refuses what is no pattern', () => {
    for (const value of ['', '(', 1, true]) expect(read(headerPattern(), value)).toBe('refused');
  });
});

describe('lists', () => {
  it('may be a single element', () => {
    expect(read(paths(), 'a')).toEqual(['a']);
    expect(read(names(), ['a', '*'])).toEqual(['a', '*']);
    for (const value of [[''], [1], 1, {}]) expect(read(paths(), value)).toBe('refused');
  });
});

describe('hosts', () => {
  it('takes addresses, names and sockets', () => {
    const given = ['127.0.0.1', '::1', '[::1]', 'localhost', 'a-b.example.com', 'unix:/run/x.sock'];
    expect(read(hosts(), given)).toEqual(['127.0.0.1', '::1', '::1', 'localhost', 'a-b.example.com', 'unix:/run/x.sock']);
  });

  it.each(['127.0.0.1:80', 'unix:', '', 'a b', '[x]', 'http://x', '-a', 'a..b', `${'a'.repeat(64)}.com`.repeat(5)])(
    'refuses %s',
    (host) => {
      expect(read(hosts(), [host])).toBe('refused');
    },
  );
});
