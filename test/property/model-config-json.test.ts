import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { parseModelConfigJson } from '../../src/wire/model-config-json.js';
import { parseModelConfigText } from '../../src/wire/model-config-text.js';
import { loadSchema } from '../support/wire-schema.js';

/** One value as an author may write it: in config.pbtxt and in JSON. */
interface Written {
  readonly text: string;
  readonly json: unknown;
}

const plain = (value: number | boolean): Written => ({ text: String(value), json: value });
const long = (value: bigint): fc.Arbitrary<Written> => {
  const written = { text: String(value), json: String(value) };
  const isSafe = BigInt(Number(value)) === value && Number.isSafeInteger(Number(value));
  return isSafe ? fc.constantFrom(written, { text: String(value), json: Number(value) }) : fc.constant(written);
};

function quoted(value: Uint8Array): string {
  return `"${Array.from(value, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;
}

const word = fc.string({ unit: 'binary', maxLength: 5 }).map((value): Written => ({ text: quoted(Buffer.from(value)), json: value }));

/** Exact in every width. */
const eighths = fc.integer({ min: -1000, max: 1000 }).map((count) => plain(count / 8));

const SCALARS: Readonly<Record<string, fc.Arbitrary<Written>>> = {
  bool: fc.boolean().map(plain),
  int32: fc.integer().map(plain),
  uint32: fc.nat().map(plain),
  float: eighths,
  double: eighths,
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).chain(long),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).chain(long),
  string: word,
  bytes: fc.uint8Array({ maxLength: 4 }).map((value) => ({ text: quoted(value), json: Buffer.from(value).toString('base64') })),
};

function writtenOf(field: protobuf.Field): fc.Arbitrary<Written> {
  const { resolvedType } = field.resolve();
  if (resolvedType instanceof protobuf.Type) return messageOf(resolvedType).map(({ text, json }) => ({ text: `{ ${text} }`, json }));
  if (resolvedType instanceof protobuf.Enum) {
    const names = Object.entries(resolvedType.values);
    return fc.constantFrom(...names).chain(([name, number]) => fc.constantFrom({ text: name, json: name }, { text: name, json: number }));
  }
  const scalar = SCALARS[field.type];
  if (scalar === undefined) throw new RangeError(`no values of type ${field.type}`);
  return scalar;
}

/** What the field says, without its name in JSON. */
function fieldOf(field: protobuf.Field): fc.Arbitrary<Written> {
  const value = writtenOf(field);
  if (field instanceof protobuf.MapField) return mapOf(field, value);
  const named = ({ text }: Written) => `${field.name}: ${text} `;
  if (!field.repeated) return value.map((written) => ({ text: named(written), json: written.json }));
  return fc.array(value, { maxLength: 2 }).map((all) => ({ text: all.map(named).join(''), json: all.map(({ json }) => json) }));
}

function mapOf({ name, keyType }: protobuf.MapField, value: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  const key = keyType === 'string' ? fc.stringMatching(/^[a-z]{1,3}$/) : fc.nat(99).map(String);
  const keyText = (text: string) => (keyType === 'string' ? `"${text}"` : text);
  return fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true }).map((entries) => ({
    text: Object.entries(entries)
      .map(([each, { text }]) => `${name} { key: ${keyText(each)} value: ${text} } `)
      .join(''),
    json: Object.fromEntries(Object.entries(entries).map(([each, { json }]) => [each, json])),
  }));
}

function messageOf(type: protobuf.Type): fc.Arbitrary<Written> {
  const single = type.fieldsArray.filter(({ partOf }) => partOf === null).map((field) => [field]);
  const choices = [...single, ...type.oneofsArray.map(({ fieldsArray }) => fieldsArray)];
  const parts = choices.map((fields) => fc.option(fc.oneof(...fields.map(partOf)), { freq: 1, nil: undefined }));
  return fc.tuple(fc.tuple(...parts), fc.boolean()).map(([given, camel]) => {
    const present = given.filter((part) => part !== undefined);
    return {
      text: present.map(({ text }) => text).join(''),
      json: Object.fromEntries(present.map(({ name, json }) => [camel ? protobuf.util.jsonName(name) : name, json])),
    };
  });
}

function partOf(field: protobuf.Field): fc.Arbitrary<Written & { readonly name: string }> {
  return fieldOf(field).map((written) => ({ ...written, name: field.name }));
}

describe('parseModelConfigJson', () => {
  it('reads any configuration as config.pbtxt would have it', () => {
    const config = messageOf(loadSchema().lookupType('inference.ModelConfig'));
    fc.assert(
      fc.property(config, ({ text, json }) => {
        expect(parseModelConfigJson(JSON.stringify(json))).toEqual(parseModelConfigText(text));
      }),
      { numRuns: 300 },
    );
  });

  it('gives up any other text with an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseModelConfigJson(text);
        } catch (error) {
          expect(error).toHaveProperty('message', expect.stringMatching(/./u));
          return;
        }
        expect(JSON.parse(text)).toEqual({});
      }),
      { numRuns: 500 },
    );
  });
});
