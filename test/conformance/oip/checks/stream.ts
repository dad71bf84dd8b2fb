import { difference, outputsOf } from '../answer.js';
import { assert, assertEqual, type Check, Failure, Skip, show } from '../check.js';
import { answered, anySubjects, type Ground, outputsFor } from '../ground.js';
import type { InferRequest, StreamResponse } from '../messages.js';
import { codeOf, granted } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import { assertFinals, finalOf, openStream } from './stream-messages.js';
import { UNKNOWN_MODEL } from './unknown.js';

const SECTION = section('Triton service', 'ModelStreamInfer');
const REQUESTS = 20;

/** Requests that go round the first two subjects, with ids in order. */
function rounds(ground: Ground): InferRequest[] {
  const subjects = anySubjects(ground).slice(0, 2);
  return Array.from({ length: REQUESTS }, (_, at) => {
    const subject = subjects[at % subjects.length] ?? subjects[0];
    if (subject === undefined) throw new Skip('no usable model');
    return valid(ground, subject, `stream-${at}`);
  });
}

function valid({ seed }: Ground, subject: Subject, id: string): InferRequest {
  return rawRequest(subject.name, sampleInputs(subject, { seed }), { id });
}

/** A request that the model refuses. */
function wrong(ground: Ground, id: string): InferRequest {
  const [subject] = anySubjects(ground);
  return { ...valid(ground, subject, id), raw_input_contents: [Buffer.alloc(0)] };
}

async function converse(ground: Ground, requests: readonly InferRequest[]): Promise<readonly StreamResponse[]> {
  const conversation = openStream(ground);
  for (const request of requests) conversation.send(request);
  return conversation.finish();
}

function idsOf(messages: readonly StreamResponse[]): (string | undefined)[] {
  return messages.map(({ infer_response: response }) => response?.id);
}

export const STREAM_CHECKS: readonly Check[] = [
  {
    id: 'stream.served',
    title: 'ModelStreamInfer is served, and a stream without requests ends OK',
    level: 'triton',
    section: SECTION,
    run: async ({ target }) => {
      assertEqual('messages', await target.converse<StreamResponse>('ModelStreamInfer').finish(), []);
    },
  },
  {
    id: 'stream.answer',
    title: 'A request on a stream gets the answer that ModelInfer gives',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      for (const subject of anySubjects(ground).filter(({ repeatable }) => repeatable)) {
        const request = valid(ground, subject, 'stream-answer');
        const [message, ...more] = await converse(ground, [request]);
        assert(message !== undefined && more.length === 0, 'one message', show(more.length + Number(message !== undefined)));
        assert(
          message.error_message === '' && message.infer_response !== null,
          `an answer of ${subject.name}`,
          show(message.error_message),
        );
        const { model_name: name, model_version: version } = message.infer_response;
        const unary = await answered(ground, request);
        assertEqual('model', [name, version], [unary.model_name, unary.model_version]);
        const differs = difference(outputsOf(message.infer_response), outputsOf(unary));
        if (differs !== undefined) throw new Failure(`the answer that ModelInfer of ${subject.name} gives`, differs);
      }
    },
  },
  {
    id: 'stream.order',
    title: 'Answers of ordinary models come in the order of their requests, each with its id',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const requests = rounds(ground);
      const ids = idsOf(await converse(ground, requests));
      assertEqual(
        'ids',
        ids,
        requests.map(({ id }) => id),
      );
    },
  },
  {
    id: 'stream.final',
    title: 'Every answer of an ordinary model has triton_final_response true',
    level: 'triton',
    section: section('Triton decoupled models', 'Knowing When a Decoupled Inference Request is Complete'),
    run: async (ground) => {
      const requests = rounds(ground).slice(0, 3);
      const messages = await converse(ground, requests);
      assertFinals(messages, [true, true, true]);
    },
  },
  {
    id: 'stream.unary-has-no-final',
    title: 'ModelInfer does not set triton_final_response',
    level: 'triton',
    section: section('Triton decoupled models', 'Knowing When a Decoupled Inference Request is Complete'),
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const { parameters } = await answered(ground, valid(ground, subject, ''));
      assert(!Object.hasOwn(parameters, 'triton_final_response'), 'no triton_final_response', show(parameters['triton_final_response']));
    },
  },
  {
    id: 'stream.interactive',
    title: 'A request is answered while the stream is open, before the next one is sent',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const conversation = openStream(ground);
      for (const [at, request] of rounds(ground).slice(0, 3).entries()) {
        conversation.send(request);
        await conversation.atLeast(at + 1);
      }
      assertEqual('messages', (await conversation.finish()).length, 3);
    },
  },
  {
    id: 'stream.error-in-band',
    title: 'A wrong request on a stream gets an error_message and its id, and no outputs',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      for (const request of [wrong(ground, 'wrong'), { ...wrong(ground, 'wrong'), model_name: UNKNOWN_MODEL }]) {
        const [message] = await converse(ground, [request]);
        assert(message !== undefined && message.error_message !== '', 'an error_message', show(message?.error_message));
        assertEqual('id', message.infer_response?.id, 'wrong');
        assertEqual('outputs', message.infer_response?.outputs.length, 0);
      }
    },
  },
  {
    id: 'stream.goes-on',
    title: 'A stream goes on after a wrong request, and ends OK',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const [first, second] = rounds(ground);
      if (first === undefined || second === undefined) return;
      const messages = await converse(ground, [first, wrong(ground, 'wrong'), second]);
      assertEqual(
        'errors',
        messages.map(({ error_message: error }) => error !== ''),
        [false, true, false],
      );
    },
  },
  {
    id: 'stream.grpc-error',
    title: 'With the metadata triton_grpc_error: true the first error ends the stream with its status',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const conversation = openStream(ground, { triton_grpc_error: 'true' });
      conversation.send(wrong(ground, 'wrong'));
      await conversation.finish().catch(() => undefined);
      const code: number | undefined = conversation.error?.code;
      assert(code === codeOf('INVALID_ARGUMENT'), 'INVALID_ARGUMENT at the end of the stream', conversation.outcome());
    },
  },
  {
    id: 'stream.cancel',
    title: 'After a cancelled stream the same connection answers as before',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const [subject] = anySubjects(ground);
      const conversation = openStream(ground);
      for (const request of rounds(ground)) conversation.send(request);
      await conversation.atLeast(1);
      conversation.cancel();
      await conversation.ended;
      granted(await ground.target.ask('ServerLive', {}), 'ServerLive after a cancelled stream');
      await outputsFor(ground, valid(ground, subject, ''), 'a request after a cancelled stream');
      assertEqual('messages', (await converse(ground, rounds(ground))).map(finalOf).length, REQUESTS);
    },
  },
];
