import type { EntryResult } from '../batching/entry.js';
import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { InferRequest, StreamOptions, StreamPiece, Timings } from '../model/infer.js';
import { bytesOfRows, RowJoin } from '../tensor/row-join.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { selectOutputs } from './outputs.js';
import type { Servable } from './servable.js';
import { streamRows } from './stream.js';

/** What the outputs of one answer may hold: a row of one byte may be answered with thousands, and only a stream can hold them back. */
const MAX_ANSWER_BYTES = 1024 ** 3;

const NO_TIME: Timings = { queueUs: 0, assembleUs: 0, executeUs: 0, batchSize: 0 };

/**
 * Runs a request of more rows than one execution takes in pieces of as many as it does take, and joins their outputs in the order of the rows. A
 * piece that fails fails the request, and the others are given up, as all are when the call is cancelled or expires.
 */
export async function executeSplit(
  servable: Servable,
  request: InferRequest,
  inputs: readonly Tensor[],
  rows: number,
  context: CallContext,
  maxAnswerBytes = MAX_ANSWER_BYTES,
): Promise<EntryResult> {
  const { spec } = servable;
  const options: StreamOptions = { rowsPerMessage: spec.maxBatchSize, ordering: 'in_order', onError: 'fail_stream' };
  // Classes are made of whole outputs, to which their bounds apply.
  const unclassified = { ...request, classCounts: undefined };
  const answer = new JoinedAnswer(rows, maxAnswerBytes);
  for await (const piece of streamRows(servable, unclassified, inputs, rows, options, context)) answer.add(piece);
  return { outputs: selectOutputs(answer.outputs, request, spec), timings: answer.timings };
}

/** The pieces of an answer, in order. */
class JoinedAnswer {
  readonly #rows: number;
  readonly #maxBytes: number;
  readonly #joins: RowJoin[] = [];
  #timings = NO_TIME;
  #started = false;

  constructor(rows: number, maxBytes: number) {
    this.#rows = rows;
    this.#maxBytes = maxBytes;
  }

  get outputs(): readonly Tensor[] {
    return this.#joins.map(({ joined }) => joined);
  }

  get timings(): Timings {
    return this.#timings;
  }

  /** Throws `backend_failed` for outputs that are not of as many rows as the piece or not like the others', `too_large` where there are too many bytes. */
  add({ outputs, rowCount, timings = NO_TIME }: StreamPiece): void {
    for (const output of outputs) assertRowCount(output, rowCount);
    if (this.#started) this.#append(outputs);
    else this.#start(outputs);
    this.#timings = joinTimings(this.#timings, timings);
  }

  /** The room is made at once: of all datatypes but BYTES it is known by now. */
  #start(outputs: readonly Tensor[]): void {
    this.#started = true;
    this.#assertBytes(outputs.reduce((bytes, output) => bytes + bytesOfRows(output, output.datatype === 'BYTES' ? 1 : this.#rows), 0));
    for (const output of outputs) {
      const expected = bytesOfRows(output, this.#rows);
      this.#joins.push(new RowJoin(output, Math.min(expected, this.#maxBytes)));
    }
  }

  #append(outputs: readonly Tensor[]): void {
    for (const [at, join] of this.#joins.entries()) {
      const output = outputs[at];
      if (output === undefined || !join.accepts(output)) throw unlike(join.joined, output);
      join.add(output);
    }
    this.#assertBytes(this.#joins.reduce((bytes, join) => bytes + join.byteLength, 0));
  }

  #assertBytes(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    const text = `the answer to ${this.#rows} rows has more than ${this.#maxBytes} bytes: ask for fewer rows, or stream them`;
    throw new ServingError('too_large', text);
  }
}

/** No piece waited longer, and all of them were assembled and run. */
function joinTimings(a: Timings, b: Timings): Timings {
  return {
    queueUs: Math.max(a.queueUs, b.queueUs),
    assembleUs: a.assembleUs + b.assembleUs,
    executeUs: a.executeUs + b.executeUs,
    batchSize: Math.max(a.batchSize, b.batchSize),
  };
}

/** A model that runs each request by itself may give outputs of any rows; of those nobody knows how they would join. */
function assertRowCount({ name, shape }: Tensor, rows: number): void {
  if (shape[0] === rows) return;
  throw new ServingError('backend_failed', `output ${quote(name)} has ${shape[0] ?? 0} rows where ${rows} went in`);
}

function unlike({ name, shape }: Tensor, other: Tensor | undefined): ServingError {
  const given = other === undefined ? 'none' : `rows of shape ${formatShape(other.shape.slice(1))}`;
  const expected = `rows of shape ${formatShape(shape.slice(1))}`;
  return new ServingError('backend_failed', `output ${quote(name)} of a request that was split has ${given} behind ${expected}`);
}
