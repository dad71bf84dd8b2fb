import { constants } from 'node:http2';
import { difference, outputsOf } from '../answer.js';
import { assert, assertEqual, type Check, Failure, Skip } from '../check.js';
import { type Datatype, elementBytes } from '../datatype.js';
import { answered, anySubjects, type Ground, infer, outputsFor, subjectsWhere } from '../ground.js';
import type { InferRequest, InferResponse } from '../messages.js';
import { findMethod, SERVICE } from '../protocol.js';
import { codeOf, describeReply, granted, refused, refusedWith } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs, sizedShape } from '../subject.js';
import { elementCount, type Tensor } from '../tensor.js';
import { callOnWire, describeEnd, frame, type WireEnd } from '../wire.js';

const REQUESTS = section('gRPC over HTTP/2', 'Requests');
const MODEL_INFER = `${SERVICE}/ModelInfer`;
const PARALLEL = 64;

/** Of these the suite has only a few values to send. */
const FEW_VALUES: readonly Datatype[] = ['BOOL', 'FP16', 'BF16'];

/** What no protobuf parser can read. */
const MALFORMED = [
  ['a text of 5 bytes that ends after 3', '0a05616263'],
  ['half a tag', 'f8'],
  ['a field of a wire type that is none', '4f01'],
] as const;

function validRequest(ground: Ground, subject: Subject): InferRequest {
  return rawRequest(subject.name, sampleInputs(subject, { seed: ground.seed }));
}

function encode(request: InferRequest): Buffer {
  return findMethod('ModelInfer').requestSerialize(request);
}

/** A call that is no call: an error or a reset, but soon. */
function assertRefusedOnWire(end: WireEnd, what: string): void {
  const refusedByStatus = end.kind === 'status' && end.code !== codeOf('OK');
  assert(refusedByStatus || end.kind === 'reset', `an error for ${what}`, describeEnd(end));
}

/** Requests of which each has an answer of its own. */
async function distinctRequests(ground: Ground): Promise<{ request: InferRequest; answer: readonly Tensor[] }[]> {
  const fit = ({ repeatable, inputs }: Subject) => repeatable && inputs.every(({ datatype }) => !FEW_VALUES.includes(datatype));
  const subjects = subjectsWhere(ground, fit, `has repeatable answers to inputs other than ${FEW_VALUES.join(', ')}`);
  const [subject] = [...subjects].sort((one, other) => Number(other.echo) - Number(one.echo));
  if (subject === undefined) throw new Skip('no usable model');
  const distinct: { request: InferRequest; answer: readonly Tensor[] }[] = [];
  for (let n = 0; n < PARALLEL; n++) {
    const inputs = sampleInputs(subject, { seed: ground.seed + n, spread: subject.echo ? 'wide' : 'mild' });
    const request = rawRequest(subject.name, inputs, { id: `parallel-${n}` });
    distinct.push({ request, answer: await outputsFor(ground, request) });
  }
  const different = new Set(distinct.map(({ answer }) => answer.map(({ raw }) => raw.toString('hex')).join()));
  if (different.size < PARALLEL / 2) throw new Skip(`the answers of ${subject.name} do not tell requests apart`);
  return distinct;
}

/** Sends a big tensor to a model that gives it back. */
async function exchange(ground: Ground, bytes: number): Promise<void> {
  const fit = ({ echo, inputs, leading }: Subject) =>
    echo &&
    inputs.length === 1 &&
    inputs.every(({ datatype, shape }) => datatype !== 'BYTES' && shape.lastIndexOf(-1) > (leading ? 0 : -1));
  const [subject] = subjectsWhere(ground, fit, 'gives back one input of variable size');
  const [small] = sampleInputs(subject, { seed: ground.seed, variable: 1, spread: 'wide' });
  if (small === undefined) throw new Skip('no input');
  const variable = Math.ceil(bytes / small.raw.length);
  const shape = sizedShape(subject, subject.inputs[0]?.shape ?? [], { variable });
  const inputs = [{ ...small, shape, raw: Buffer.alloc(elementCount(shape) * (elementBytes(small.datatype) ?? 1), small.raw) }];
  const reply = await infer(ground, rawRequest(subject.name, inputs));
  const outputs = outputsOf(granted(reply, `${bytes} bytes to ${subject.name} and back`));
  const [sent, back] = [inputs[0]?.raw, outputs[0]?.raw];
  assert(sent !== undefined && back?.equals(sent) === true, `${sent?.length ?? 0} bytes back unchanged`, `${back?.length ?? 0} others`);
}

export const TRANSPORT_CHECKS: readonly Check[] = [
  {
    id: 'grpc.unknown-method',
    title: 'A method that the service does not have is UNIMPLEMENTED',
    level: 'must',
    section: section('gRPC status codes', 'UNIMPLEMENTED'),
    run: async ({ target }) => {
      refusedWith(['UNIMPLEMENTED'], await target.askRaw(`${SERVICE}/OipConformanceNoSuchMethod`, Buffer.alloc(0)), 'an unknown method');
    },
  },
  {
    id: 'grpc.unknown-service',
    title: 'A service that the server does not have is UNIMPLEMENTED',
    level: 'must',
    section: section('gRPC status codes', 'UNIMPLEMENTED'),
    run: async ({ target }) => {
      refusedWith(['UNIMPLEMENTED'], await target.askRaw('oip.conformance.NoSuchService/Method', Buffer.alloc(0)), 'an unknown service');
    },
  },
  {
    id: 'grpc.malformed-message',
    title: 'A body that is no protobuf message is refused',
    level: 'must',
    section: section('Protobuf', 'Encoding'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const valid = encode(validRequest(ground, subject));
      for (const [what, hex] of MALFORMED) {
        const body = Buffer.concat([valid, Buffer.from(hex, 'hex')]);
        refused(await ground.target.askRaw(MODEL_INFER, body), `a valid request with ${what} behind it`);
      }
    },
  },
  {
    id: 'grpc.unknown-fields',
    title: 'Fields that a later version of the protocol may add are ignored',
    level: 'must',
    section: section('Protobuf', 'Unknown Fields'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      // Field 1999: a varint; field 2000: five bytes.
      const later = Buffer.from('f87c2a827d0568656c6c6f', 'hex');
      const body = Buffer.concat([encode(validRequest(ground, subject)), later]);
      const bytes = granted(await ground.target.askRaw(MODEL_INFER, body), 'a request with unknown fields');
      const response = findMethod('ModelInfer').responseDeserialize(bytes) as InferResponse;
      assertEqual('model_name', response.model_name, subject.name);
    },
  },
  {
    id: 'grpc.unknown-metadata',
    title: 'Metadata that the server does not know does no harm',
    level: 'must',
    section: section('gRPC over HTTP/2', 'Custom-Metadata'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const metadata = { 'x-oip-conformance': 'text', 'x-oip-conformance-bin': '\u0000bytes', 'user-data': 'a=b;c' };
      granted(await ground.target.ask('ModelInfer', validRequest(ground, subject), metadata), 'a request with unknown metadata');
    },
  },
  {
    id: 'grpc.cut-frame',
    title: 'A request that ends within its message is refused',
    level: 'must',
    section: section('gRPC over HTTP/2', 'Length-Prefixed-Message'),
    run: async ({ target }) => {
      const body = frame(Buffer.alloc(10), false, 100);
      assertRefusedOnWire(await callOnWire(target.options, MODEL_INFER, body, {}), '10 bytes of a message of 100');
    },
  },
  {
    id: 'grpc.unknown-compression',
    title: 'A message in a compression that the server does not know is refused',
    level: 'must',
    section: section('gRPC compression', 'Specification'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const body = frame(encode(validRequest(ground, subject)), true);
      const end = await callOnWire(ground.target.options, MODEL_INFER, body, { 'grpc-encoding': 'oip-conformance' });
      assertRefusedOnWire(end, 'a message in an unknown compression');
    },
  },
  {
    id: 'grpc.deadline',
    title: 'A call whose deadline has passed ends with DEADLINE_EXCEEDED, or is reset',
    level: 'should',
    section: section('gRPC over HTTP/2', 'Timeout'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const end = await callOnWire(ground.target.options, MODEL_INFER, frame(encode(validRequest(ground, subject))), {
        'grpc-timeout': '1n',
      });
      const late = end.kind === 'status' && end.code === codeOf('DEADLINE_EXCEEDED');
      const reset = end.kind === 'reset' && end.code === constants.NGHTTP2_CANCEL;
      assert(late || reset, 'DEADLINE_EXCEEDED within a nanosecond', describeEnd(end));
    },
  },
  {
    id: 'grpc.cancel',
    title: 'After cancelled calls the same connection answers as before',
    level: 'must',
    section: REQUESTS,
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const request = validRequest(ground, subject);
      // At once, with the request on its way, and a round trip later: before, within and after what the server does.
      for (const wait of [() => undefined, () => new Promise(setImmediate), () => ground.target.ask('ServerLive', {})]) {
        const calls = Array.from({ length: 16 }, () => ground.target.start('ModelInfer', request));
        await wait();
        for (const { cancel } of calls) cancel();
        await Promise.all(calls.map(({ reply }) => reply));
      }
      await answered(ground, request, 'a request after cancelled ones');
    },
  },
  {
    id: 'grpc.concurrency',
    title: `${PARALLEL} requests at once get each its own answer`,
    level: 'must',
    section: REQUESTS,
    run: async (ground) => {
      const all = await distinctRequests(ground);
      const replies = await Promise.all(all.map(({ request }) => infer(ground, request)));
      for (const [at, { request, answer }] of all.entries()) {
        const reply = replies[at];
        if (reply === undefined) continue;
        const response = granted(reply, `request ${at} of ${PARALLEL} at once`);
        assertEqual('id', response.id, request.id);
        const differs = difference(outputsOf(response), answer);
        if (differs !== undefined) throw new Failure(`the same answer to request ${at} as alone`, differs);
      }
    },
  },
  {
    id: 'grpc.connections',
    title: '16 connections at once are served',
    level: 'must',
    section: section('gRPC over HTTP/2', 'Connection Management'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const ask = async () => {
        using target = ground.target.another();
        return await target.ask('ModelInfer', validRequest(ground, subject));
      };
      for (const reply of await Promise.all(Array.from({ length: 16 }, ask))) {
        assert(reply.ok, 'OK on each of 16 connections', describeReply(reply));
      }
    },
  },
  {
    id: 'grpc.large-message',
    title: 'Messages of 3 MB go both ways',
    level: 'should',
    section: REQUESTS,
    run: (ground) => exchange(ground, 3_000_000),
  },
  {
    id: 'grpc.larger-message',
    title: 'Messages of 6 MB, above the default limit of gRPC libraries, go both ways',
    level: 'triton',
    section: section('Triton protocol', 'README.md'),
    run: (ground) => exchange(ground, 6_000_000),
  },
];
