import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import protobuf, { type Field, type Type } from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { EMBEDDED_FILES } from '../../src/gen/descriptors.js';

/** Everything under proto/ as protobufjs understands it: another implementation to hold the generated code against. */
export function loadSchema(): protobuf.Root {
  const set = new BinaryWriter();
  for (const { base64 } of EMBEDDED_FILES) set.uint32((1 << 3) | 2).bytes(Buffer.from(base64, 'base64'));
  const root = protobuf.Root.fromDescriptor(set.finish(), { keepCase: true });
  root.resolveAll();
  return root;
}

/** Messages of a type with any of their fields set, as the plain objects that `Type.fromObject` takes. */
export function messagesOf(type: Type, depth = 3): fc.Arbitrary<object> {
  if (type.fullName === '.google.protobuf.Value') return dynamicValues(depth);
  const oneofs = type.oneofsArray.filter(({ oneof }) => oneof.length > 1);
  const plain = type.fieldsArray.filter((field) => !oneofs.some(({ oneof }) => oneof.includes(field.name)));
  const fields = Object.fromEntries(plain.map((field) => [field.name, valuesOf(field, depth)]));
  const choices = oneofs.map(({ fieldsArray }) => fc.oneof(fc.constant({}), ...fieldsArray.map((field) => choiceOf(field, depth))));
  return fc.tuple(fc.record(fields, { requiredKeys: [] }), ...choices).map((parts) => Object.fromEntries(parts.flatMap(Object.entries)));
}

function choiceOf(field: Field, depth: number): fc.Arbitrary<object> {
  return valuesOf(field, depth).map((value) => ({ [field.name]: value }));
}

function valuesOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const single = singleValuesOf(field, depth);
  if (field instanceof protobuf.MapField) return fc.dictionary(keysOf(field.keyType), single, { maxKeys: 2 });
  return field.repeated ? fc.array(single, { maxLength: 3 }) : single;
}

function keysOf(type: string): fc.Arbitrary<string> {
  return fc.stringMatching(type === 'string' ? /^[a-z]{1,5}$/ : /^[1-9]\d{0,17}$/);
}

function singleValuesOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return depth > 0 ? messagesOf(resolvedType, depth - 1) : emptyOf(resolvedType);
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.values(resolvedType.values));
  return scalarsOf(field.type);
}

function emptyOf(type: Type): fc.Arbitrary<object> {
  return fc.constant(type.fullName === '.google.protobuf.Value' ? { null_value: 0 } : {});
}

function scalarsOf(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'binary' });
    case 'bytes':
      return fc.uint8Array({ maxLength: 5 });
    case 'bool':
      return fc.boolean();
    case 'float':
      return fc.float({ noNaN: true }).map(withoutMinusZero);
    case 'double':
      return fc.double({ noNaN: true }).map(withoutMinusZero);
    case 'int32':
    case 'sint32':
      return fc.integer();
    case 'uint32':
      return fc.nat().map((value) => value * 2);
    case 'int64':
    case 'sint64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
    default:
      throw new Error(`no values for protobuf type ${type}`);
  }
}

/** A singular -0 is the default to the generated code, which leaves it out, and a value of its own to protobufjs; JSON has no word for it. */
function withoutMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}

/** google.protobuf.Value means a JSON value; one without any kind means nothing and does not come back. */
function dynamicValues(depth: number): fc.Arbitrary<object> {
  const leaves: fc.Arbitrary<object>[] = [
    fc.constant({ null_value: 0 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ number_value: withoutMinusZero(value) })),
    fc.string().map((value) => ({ string_value: value })),
    fc.boolean().map((value) => ({ bool_value: value })),
  ];
  if (depth <= 0) return fc.oneof(...leaves);
  const below = dynamicValues(depth - 1);
  const list = fc.array(below, { maxLength: 2 }).map((values) => ({ list_value: { values } }));
  const struct = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), below, { maxKeys: 2 }).map((fields) => ({ struct_value: { fields } }));
  return fc.oneof(...leaves, list, struct);
}
