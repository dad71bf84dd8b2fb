import type { InferRequest } from '../../conformance/oip/messages.js';
import { findMethod } from '../../conformance/oip/protocol.js';
import { unframe } from '../grpc-client.js';
import type { Meddling, ProxiedCall, ProxiedReply } from '../grpc-proxy.js';

/** One way in which a server can be wrong, and the checks that must notice. */
export interface Fault {
  readonly what: string;
  /** Ids of checks; "area.*" is every check whose id begins so, "!id" takes one away again. Exactly these fail. */
  readonly fails: readonly string[];
  /** Calls run into the suite's patience, so that must be short. */
  readonly hangs?: true;
  /** Only checks whose ids begin so run: with a short patience a busy machine might fail the others. */
  readonly among?: readonly string[];
  /** Needs a model of every datatype. */
  readonly everyDatatype?: true;
  /** Fresh for each run: some faults keep count. */
  readonly meddle: () => Meddling;
}

/** A reply whose message is read. */
export interface Answer<T> {
  readonly code: number;
  readonly text: string;
  readonly message?: T;
}

export interface Asked<I, O> {
  readonly request: I;
  readonly call: ProxiedCall;
  /** What the right server answers, to the request or to another one. */
  readonly answer: (request?: I) => Promise<Answer<O>>;
}

export function refusal<T>(code: number, text = 'no'): Answer<T> {
  return { code, text };
}

/** Meddles with one RPC of the inference service, or one "package.Service/Method". A body that is no message passes. */
export function meddleWith<I extends object, O extends object>(
  name: string,
  change: (asked: Asked<I, O>) => Promise<Answer<O> | 'hang'>,
): Meddling {
  const { path, requestDeserialize, requestSerialize, responseDeserialize, responseSerialize } = findMethod(name);
  const unary = async (call: ProxiedCall): Promise<ProxiedReply | 'hang'> => {
    const request = call.rpc === path.slice(1) ? (read(requestDeserialize, unframe(call.body)[0]) as I | undefined) : undefined;
    if (request === undefined) return call.forward();
    const answer = async (other?: I): Promise<Answer<O>> => {
      const reply = await (other === undefined ? call.forward() : call.forward(frameOf(requestSerialize(other))));
      return reply.code === 0 && reply.message !== undefined
        ? { ...reply, message: responseDeserialize(reply.message) as O }
        : { code: reply.code, text: reply.text };
    };
    const changed = await change({ request, call, answer });
    if (changed === 'hang') return changed;
    const { code, text, message } = changed;
    return { code, text, message: message === undefined ? undefined : responseSerialize(message) };
  };
  return { unary };
}

/** Changes the good responses of an RPC: all, or those to the requests that `when` picks. */
export function changing<I extends object, O extends object>(
  name: string,
  change: (response: O, request: I) => O,
  when: (request: I) => boolean = () => true,
): Meddling {
  return meddleWith<I, O>(name, async ({ request, answer }) => {
    const answered = await answer();
    return answered.message === undefined || !when(request) ? answered : { ...answered, message: change(answered.message, request) };
  });
}

/** Refuses the inference requests that `when` picks. */
export function refusing(when: (request: InferRequest) => boolean, code = 3): Meddling {
  return meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => (when(request) ? refusal(code) : answer()));
}

/** Puts another request in the place of each: what a lenient server makes of it. */
export function reading<I extends object>(name: string, change: (request: I) => I): Meddling {
  return meddleWith<I, object>(name, async ({ request, answer }) => answer(change(request)));
}

/** What `parse` makes of the bytes; undefined where they are no message. */
function read(parse: (bytes: Buffer) => object, bytes: Buffer | undefined): object | undefined {
  try {
    return bytes === undefined ? undefined : parse(bytes);
  } catch {
    return undefined;
  }
}

function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
