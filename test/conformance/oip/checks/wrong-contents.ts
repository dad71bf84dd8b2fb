import { elementBytes, hasTypedContents } from '../datatype.js';
import type { Contents, InferRequest } from '../messages.js';
import { section } from '../section.js';
import { rawRequest, type Subject, typedRequest } from '../subject.js';
import { contentsOf, decodeBytes, encodeBytes, type Tensor } from '../tensor.js';
import { type WrongRequest, withInput } from './wrong-request.js';

const RAW = section('OIP gRPC', 'Inference: raw_input_contents');
const TYPED = section('OIP gRPC', 'Tensor Data');
const TYPES = section('OIP gRPC', 'Tensor Data Types');
const CODE = 'INVALID_ARGUMENT';
const ANY = 'that answers ModelInfer';
const FIXED = 'with an input of a fixed element size';
const WITH_BYTES = 'with a BYTES input';
const WITH_TYPED = 'with typed contents for all inputs';

function isFixed({ datatype }: Tensor): boolean {
  return elementBytes(datatype) !== undefined;
}

/** The first input of a fixed element size with other raw bytes. */
function otherRaw(subject: Subject, inputs: readonly Tensor[], change: (raw: Buffer) => Buffer): InferRequest | undefined {
  return withInput(subject, inputs, (input) => (isFixed(input) && input.raw.length > 0 ? { raw: change(input.raw) } : undefined));
}

/** The first BYTES input with other raw bytes. */
function otherBytes(subject: Subject, inputs: readonly Tensor[], change: (elements: Buffer[]) => Buffer): InferRequest | undefined {
  return withInput(subject, inputs, ({ datatype, raw }) => {
    const elements = datatype === 'BYTES' ? (decodeBytes(raw) ?? []) : [];
    return elements.length === 0 ? undefined : { raw: change(elements) };
  });
}

/** The typed request with other contents of the first input. */
function otherContents(
  { name }: Subject,
  inputs: readonly Tensor[],
  change: (contents: Contents, input: Tensor) => Contents | undefined,
): InferRequest | undefined {
  const [first] = inputs;
  if (first === undefined || !inputs.every(({ datatype }) => hasTypedContents(datatype))) return undefined;
  const contents = change(contentsOf(first), first);
  if (contents === undefined) return undefined;
  const request = typedRequest(name, inputs);
  return { ...request, inputs: request.inputs.map((input, at) => (at === 0 ? { ...input, contents } : input)) };
}

/** The one field that is filled, with other values. */
function otherValues(contents: Contents, change: (values: readonly unknown[]) => readonly unknown[]): Contents {
  return Object.fromEntries(Object.entries(contents).map(([field, values]) => [field, change(values as readonly unknown[])]));
}

const REST = { level: 'must', code: CODE } as const;

const RAW_CONTENTS: readonly WrongRequest[] = [
  {
    ...REST,
    id: 'refuse.no-contents',
    title: 'A request without any contents',
    section: TYPED,
    needs: ANY,
    make: ({ name }, inputs) => ({ ...rawRequest(name, inputs), raw_input_contents: [] }),
  },
  {
    ...REST,
    id: 'refuse.raw-short',
    title: 'A request with a byte too few',
    section: RAW,
    needs: FIXED,
    make: (subject, inputs) => otherRaw(subject, inputs, (raw) => raw.subarray(1)),
  },
  {
    ...REST,
    id: 'refuse.raw-long',
    title: 'A request with a byte too many',
    section: RAW,
    needs: FIXED,
    make: (subject, inputs) => otherRaw(subject, inputs, (raw) => Buffer.concat([raw, Buffer.alloc(1)])),
  },
  {
    ...REST,
    id: 'refuse.raw-twice',
    title: 'A request with twice the bytes',
    section: RAW,
    needs: FIXED,
    make: (subject, inputs) => otherRaw(subject, inputs, (raw) => Buffer.concat([raw, raw])),
  },
  {
    ...REST,
    id: 'refuse.raw-empty',
    title: 'A request with an empty raw entry',
    section: RAW,
    needs: FIXED,
    make: (subject, inputs) => otherRaw(subject, inputs, () => Buffer.alloc(0)),
  },
  {
    ...REST,
    id: 'refuse.raw-fewer',
    title: 'A request with fewer raw entries than inputs',
    section: RAW,
    needs: 'with several inputs',
    make: ({ name }, inputs) =>
      inputs.length < 2 ? undefined : { ...rawRequest(name, inputs), raw_input_contents: inputs.slice(1).map(({ raw }) => raw) },
  },
  {
    ...REST,
    id: 'refuse.raw-more',
    title: 'A request with more raw entries than inputs',
    level: 'should',
    section: RAW,
    needs: ANY,
    make: ({ name }, inputs) => ({ ...rawRequest(name, inputs), raw_input_contents: [...inputs, ...inputs].map(({ raw }) => raw) }),
  },
  {
    ...REST,
    id: 'refuse.raw-and-typed',
    title: 'A request with raw and typed contents',
    section: RAW,
    needs: WITH_TYPED,
    make: ({ name }, inputs) =>
      inputs.every(({ datatype }) => hasTypedContents(datatype))
        ? { ...typedRequest(name, inputs), raw_input_contents: inputs.map(({ raw }) => raw) }
        : undefined,
  },
];

const BYTES_CONTENTS: readonly WrongRequest[] = [
  {
    id: 'refuse.bytes-fewer',
    title: 'A BYTES tensor with an element too few',
    make: (elements: Buffer[]) => encodeBytes(elements.slice(1)),
  },
  {
    id: 'refuse.bytes-more',
    title: 'A BYTES tensor with an element too many',
    make: (elements: Buffer[]) => encodeBytes([...elements, Buffer.from('more')]),
  },
  {
    id: 'refuse.bytes-cut-length',
    title: 'A BYTES tensor that ends within a length',
    make: (elements: Buffer[]) => Buffer.concat([encodeBytes(elements.slice(1)), Buffer.from([1, 0])]),
  },
  {
    id: 'refuse.bytes-cut-element',
    title: 'A BYTES tensor that ends within an element',
    make: (elements: Buffer[]) => encodeBytes(elements).subarray(0, -1),
  },
  {
    id: 'refuse.bytes-trailing',
    title: 'A BYTES tensor with bytes behind its last element',
    make: (elements: Buffer[]) => Buffer.concat([encodeBytes(elements), Buffer.from([0, 0])]),
  },
  {
    id: 'refuse.bytes-giant-length',
    title: 'A BYTES tensor with a length of 2^32 - 1 and no bytes behind it',
    make: (elements: Buffer[]) => Buffer.concat([encodeBytes(elements.slice(1)), Buffer.from('ffffffff', 'hex')]),
  },
].map(({ id, title, make }) => ({
  ...REST,
  id,
  title,
  section: TYPES,
  needs: WITH_BYTES,
  make: (subject, inputs) => otherBytes(subject, inputs, make),
}));

/** Values that their datatype cannot hold though the field can. */
const TOO_BIG: Readonly<Record<string, number>> = { INT8: 128, INT16: 40_000, UINT8: 256, UINT16: 65_536 };

const TYPED_CONTENTS: readonly WrongRequest[] = [
  {
    ...REST,
    id: 'refuse.typed-short',
    title: 'A request with a typed value too few',
    section: TYPED,
    needs: WITH_TYPED,
    make: (subject, inputs) => otherContents(subject, inputs, (contents) => otherValues(contents, (values) => values.slice(1))),
  },
  {
    ...REST,
    id: 'refuse.typed-long',
    title: 'A request with a typed value too many',
    section: TYPED,
    needs: WITH_TYPED,
    make: (subject, inputs) =>
      otherContents(subject, inputs, (contents) => otherValues(contents, (values) => [...values, ...values.slice(0, 1)])),
  },
  {
    ...REST,
    id: 'refuse.typed-other-field',
    title: "A request with values in another datatype's field",
    section: TYPED,
    needs: WITH_TYPED,
    make: (subject, inputs) =>
      otherContents(subject, inputs, ({ fp64_contents: doubles, ...rest }) => {
        const count = (doubles ?? Object.values(rest).flat()).length;
        const values = Array<number>(count).fill(1);
        return doubles === undefined ? { fp64_contents: values } : { fp32_contents: values };
      }),
  },
  {
    ...REST,
    id: 'refuse.typed-two-fields',
    title: 'A request with values in two fields of one tensor',
    level: 'should',
    section: TYPED,
    needs: WITH_TYPED,
    make: (subject, inputs) =>
      otherContents(subject, inputs, (contents) => ({
        ...contents,
        ...(contents.bool_contents ? { int_contents: [1] } : { bool_contents: [true] }),
      })),
  },
  {
    ...REST,
    id: 'refuse.typed-out-of-range',
    title: 'A request with a typed value that its datatype cannot hold',
    level: 'should',
    section: TYPES,
    needs: 'with an INT8, INT16, UINT8 or UINT16 input',
    make: (subject, inputs) =>
      otherContents(subject, inputs, (contents, { datatype }) => {
        const big = TOO_BIG[datatype];
        return big === undefined ? undefined : otherValues(contents, (values) => values.map(() => big));
      }),
  },
  {
    ...REST,
    id: 'refuse.typed-half',
    title: 'A request with typed contents for FP16, which has none',
    section: RAW,
    needs: 'with a single input, of FP16',
    make: ({ name }, [only, ...others]) => {
      if (only?.datatype !== 'FP16' || others.length > 0) return undefined;
      const contents = { fp32_contents: Array<number>(only.raw.length / 2).fill(1) };
      return { model_name: name, inputs: [{ name: only.name, datatype: 'FP16', shape: only.shape.map(String), contents }] };
    },
  },
];

export const WRONG_CONTENTS: readonly WrongRequest[] = [...RAW_CONTENTS, ...BYTES_CONTENTS, ...TYPED_CONTENTS];
