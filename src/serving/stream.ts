import { levelOf, policyOf } from '../batching/queue-level.js';
import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import { type CancelListener, CancelSource } from '../model/cancel-signal.js';
import type { InferRequest, StreamOptions, StreamPiece } from '../model/infer.js';
import { RowCursor } from '../tensor/rows.js';
import type { Tensor } from '../tensor/tensor.js';
import { selectOutputs } from './outputs.js';
import type { Servable } from './servable.js';

/** Rows a message where the client leaves the choice: small enough for an early first message, large enough to batch well. */
const DEFAULT_ROWS_PER_MESSAGE = 32;
/** Bounds what a stream of tiny pieces holds at once. */
const MAX_PIECES_UNDER_WAY = 64;

/** Where the pieces of a stream lie. */
interface PieceRange {
  readonly offset: number;
  readonly rows: number;
}

/** Rows of each piece; never more than one batch holds. */
export function rowsPerPiece(rowsPerMessage: number, maxBatchSize: number): number {
  return Math.min(rowsPerMessage === 0 ? DEFAULT_ROWS_PER_MESSAGE : rowsPerMessage, Math.max(1, maxBatchSize));
}

/** Pieces that may be under way or waiting to be written at once; no more than a bounded queue (0: unbounded) takes, or the stream would overflow it by itself. */
export function piecesUnderWay(pieceRows: number, maxBatchSize: number, maxQueueSize: number, instances = 1): number {
  // A batch's worth of rows running on each instance, and one gathering.
  const batches = instances + 1;
  const wanted = Math.min(MAX_PIECES_UNDER_WAY, Math.max(batches, Math.ceil((batches * maxBatchSize) / pieceRows)));
  return maxQueueSize === 0 ? wanted : Math.min(wanted, maxQueueSize);
}

/**
 * A tensor model's rows in pieces that ride the batch accumulator like any request. The reader pulls: no more pieces are submitted
 * than fit the window, so a slow reader stops its own dispatch, holds a bounded amount, and costs nobody else anything.
 * Ends early, dropping what is under way, when the reader returns or the call is cancelled.
 */
export async function* streamRows(
  servable: Servable,
  request: InferRequest,
  inputs: readonly Tensor[],
  rows: number,
  options: StreamOptions,
  context: CallContext,
): AsyncGenerator<StreamPiece> {
  const { maxBatchSize, batching, instanceCount } = servable.spec;
  const pieceRows = rowsPerPiece(options.rowsPerMessage, maxBatchSize);
  const queueSize = policyOf(batching, levelOf(batching, request.priority)).maxQueueSize;
  const window = piecesUnderWay(pieceRows, maxBatchSize, queueSize, instanceCount);
  using pieces = new Pieces(servable, request, inputs, options, context);
  let offset = 0;
  for (let sent = 0; sent < rows; ) {
    while (offset < rows && pieces.underWay < window) {
      const range = { offset, rows: Math.min(pieceRows, rows - offset) };
      pieces.submit(range);
      offset += range.rows;
    }
    const piece = await pieces.next();
    sent += piece.rowCount;
    yield { ...piece, final: sent === rows };
  }
}

type OpenPiece = Omit<StreamPiece, 'final'>;

/** The pieces of one stream that are under way, and their common cancellation. */
class Pieces implements CancelListener, Disposable {
  readonly #servable: Servable;
  readonly #request: InferRequest;
  readonly #cursors: readonly RowCursor[];
  readonly #options: StreamOptions;
  readonly #parent: CallContext;
  readonly #cancel = new CancelSource();
  readonly #context: CallContext;
  readonly #underWay = new Set<Promise<Settled>>();

  constructor(servable: Servable, request: InferRequest, inputs: readonly Tensor[], options: StreamOptions, parent: CallContext) {
    this.#servable = servable;
    this.#request = request;
    this.#cursors = inputs.map((input) => new RowCursor(input));
    this.#options = options;
    this.#parent = parent;
    this.#context = { signal: this.#cancel, deadline: parent.deadline, span: parent.span, target: parent.target };
    parent.signal.subscribe(this);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  submit(range: PieceRange): void {
    const inputs = this.#cursors.map((cursor) => cursor.take(range.rows));
    const settled: Promise<Settled> = this.#run(range, inputs).then((piece) => ({ piece, promise: settled }));
    this.#underWay.add(settled);
  }

  /** The next piece to send: the oldest one, or the first to be ready. Throws what ends the stream. */
  async next(): Promise<OpenPiece> {
    const oldest = this.#underWay.values().next().value;
    if (oldest === undefined) throw new RangeError('no piece is under way');
    const { piece, promise } = await (this.#options.ordering === 'as_ready' ? Promise.race(this.#underWay) : oldest);
    this.#underWay.delete(promise);
    if (this.#parent.signal.reason !== undefined) throw this.#parent.signal.reason;
    if (piece.error !== undefined && this.#endsStream(piece.error)) throw piece.error;
    return piece;
  }

  onCancel(reason: ServingError): void {
    this.#cancel.cancel(reason);
  }

  [Symbol.dispose](): void {
    this.#parent.signal.unsubscribe(this);
    this.#cancel.cancel(new ServingError('cancelled', 'the stream has ended'));
  }

  /** Never rejects: a failed piece is a piece with an error. */
  async #run({ offset, rows }: PieceRange, inputs: readonly Tensor[]): Promise<OpenPiece> {
    const piece = { version: this.#servable.spec.version, rowOffset: offset, rowCount: rows };
    try {
      const { outputs, timings } = await this.#servable.execute(inputs, rows, this.#request, this.#context);
      return { ...piece, outputs: selectOutputs(outputs, this.#request, this.#servable.spec), error: undefined, timings };
    } catch (error) {
      return { ...piece, outputs: [], error: ServingError.from(error), timings: undefined };
    }
  }

  /** An expired call is over whatever the client wished for failing rows, even where its timer has not fired yet; one piece's queue timeout ends no call. */
  #endsStream(error: ServingError): boolean {
    return this.#options.onError === 'fail_stream' || (error.code === 'deadline_exceeded' && !error.isQueueTimeout);
  }
}

interface Settled {
  readonly piece: OpenPiece;
  readonly promise: Promise<Settled>;
}
