import type { Socket } from 'node:net';
import type { Rate } from './allowance.js';
import { ALIVE_PING, ControlFrames, FAREWELL_PING } from './control-frames.js';
import { ConnectionError, ERROR_CODE, type ErrorCode } from './error-code.js';
import { MAX_STREAM_ID } from './frame.js';
import { FrameRouter } from './frame-router.js';
import { FrameWriter } from './frame-writer.js';
import { HpackEncoder } from './hpack/encoder.js';
import { HpackError } from './hpack/hpack-error.js';
import { Incoming } from './incoming.js';
import { type LifeEvents, Lifetime, type LifetimeLimits } from './lifetime.js';
import { Output } from './output.js';
import { type ReceiveLimits, ReceiveWindows } from './receive-windows.js';
import type { RequestHead } from './request-head.js';
import { Sender } from './sender.js';
import { SETTING } from './settings.js';
import type { Stream } from './stream.js';
import { type RequestSink, type StreamLimits, StreamTable } from './stream-table.js';
import { writeProgress } from './write-progress.js';

/** What a peer may do to us, and what it is told of it. */
export interface ConnectionLimits extends LifetimeLimits, StreamLimits, ReceiveLimits {
  /** As section 6.5.2 counts a header list. */
  readonly maxHeaderListBytes: number;
  /** What may wait to be written before nothing more is read or sent; never less than the socket's own mark. */
  readonly highWaterBytes: number;
  /** Frames that carry nothing for a stream: PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE, whatever is unknown. */
  readonly controlFrames: Rate;
}

/** Told of what happens on a connection. What the first two throw ends their stream alone; the others must not throw. */
export interface ConnectionEvents {
  /** A request has come; its listener is set before the return, or it is answered. */
  onRequest(stream: Stream, head: RequestHead, connection: Connection): void;
  /** A request with more headers than the limit allows; it is answered before the return. */
  onOversizedRequest(stream: Stream, connection: Connection): void;
  /** No new request can come any more: both sides know that the connection goes away. */
  onLeaving(connection: Connection): void;
  onClosed(connection: Connection): void;
  /** What a listener threw: a mistake of ours, for the log. */
  onInternalError?(error: unknown): void;
}

export interface MonotonicClock {
  /** Milliseconds. */
  now(): number;
}

/** As many as a connection may have read before others have their turn: some milliseconds' worth, where each is a request or a reset. */
const FRAMES_A_TURN = 256;

type Phase = 'open' | 'closing' | 'closed';

/**
 * A server's side of an HTTP/2 connection: RFC 9113. It reads what the socket brings, sees each frame to its place and lives as long as there is reason
 * to. Whatever comes ends in an answer, a stream error or a connection error, and nothing is thrown out of it.
 */
export class Connection implements LifeEvents, RequestSink {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #events: ConnectionEvents;
  readonly #clock: MonotonicClock;
  readonly #lifetime: Lifetime;
  readonly #output: Output;
  readonly #writer: FrameWriter;
  readonly #sender: Sender;
  readonly #windows: ReceiveWindows;
  readonly #streams: StreamTable;
  readonly #frames: FrameRouter;
  readonly #incoming: Incoming;
  #phase: Phase = 'open';

  constructor(socket: Socket, limits: ConnectionLimits, events: ConnectionEvents, clock: MonotonicClock) {
    const encoder = new HpackEncoder();
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
    const lifetime = new Lifetime(limits, clock.now(), this);
    const output = new Output(socket, limits.highWaterBytes, () => this.#onRoom());
    const writer = new FrameWriter(output);
    const sender = new Sender(output, encoder, (stream) => this.#streams.responded(stream));
    const windows = new ReceiveWindows(limits, writer);
    // Written out: objects that are spread from others get a shape of their own each, which is half a kilobyte a connection.
    const streams = new StreamTable(limits, { writer, sender, windows, clock, sink: this });
    const onFarewell = () => this.onFinalGoawayDue();
    const control = new ControlFrames(limits.controlFrames, { writer, sender, encoder, streams, lifetime, clock, onFarewell });
    this.#frames = new FrameRouter(limits.maxHeaderListBytes, { streams, windows, control, sender, lifetime });
    this.#lifetime = lifetime;
    this.#output = output;
    this.#writer = writer;
    this.#sender = sender;
    this.#windows = windows;
    this.#streams = streams;
    this.#incoming = this.#listen();
    this.#greet();
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether no new request can come any more. */
  get isLeaving(): boolean {
    return this.#phase !== 'open' || !this.#streams.takesNew;
  }

  /** May be raised and lowered; a peer that has more streams open than the new limit keeps them. Section 5.1.2. */
  set maxConcurrentStreams(limit: number) {
    if (limit === this.#streams.limit.announced || this.#phase !== 'open') return;
    this.#streams.limit.announce(limit);
    this.#writer.settings([[SETTING.MAX_CONCURRENT_STREAMS, limit]]);
    this.#lifetime.settingsSent(this.#clock.now());
  }

  /**
   * Ends the connection without losing a request: a GOAWAY that still takes all, and once a PING's answer says that everything sent before it has
   * come, one that names the last stream (section 6.8). Closes when the last stream is over. Idempotent.
   */
  retire(): void {
    if (this.#phase !== 'open' || !this.#lifetime.retire(this.#clock.now())) return;
    this.#writer.goaway(MAX_STREAM_ID, ERROR_CODE.NO_ERROR, '');
    this.#writer.ping(FAREWELL_PING);
  }

  /** Closes at once. Every listener is told. */
  destroy(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#frames.stop();
    this.#output.close();
    this.#socket.destroy();
    this.#streams.abandon();
    this.#events.onClosed(this);
  }

  /** Now and then, to do what time asks for. */
  tick(): void {
    if (this.#phase === 'closed') return;
    const { unfinished } = this.#frames;
    this.#lifetime.tick(this.#clock.now(), {
      streams: this.#streams.size,
      unfinished,
      isReading: !this.#incoming.isPaused,
      written: writeProgress(this.#socket),
    });
  }

  onSilentPeer(): void {
    this.destroy();
  }

  onOverdue(code: ErrorCode, text: string): void {
    this.#fail(new ConnectionError(code, text));
  }

  onPingDue(): void {
    this.#writer.ping(ALIVE_PING);
  }

  onRetireDue(): void {
    this.retire();
  }

  onFinalGoawayDue(): void {
    if (this.#phase !== 'open' || !this.#streams.takesNew) return;
    this.#writer.goaway(this.#streams.takeNoMore(), ERROR_CODE.NO_ERROR, '');
    this.#events.onLeaving(this);
    this.onStreamClosed();
  }

  onRequest(stream: Stream, head: RequestHead): void {
    this.#events.onRequest(stream, head, this);
  }

  onOversizedRequest(stream: Stream): void {
    this.#events.onOversizedRequest(stream, this);
  }

  onInternalError(error: unknown): void {
    this.#events.onInternalError?.(error);
  }

  onStreamClosed(): void {
    if (this.#streams.size === 0 && !this.#streams.takesNew) this.#close();
  }

  #listen(): Incoming {
    const socket = this.#socket;
    socket.setNoDelay(true);
    // What is still to be written when a connection closes is written: 'close' comes after it.
    socket.on('end', () => this.#phase === 'open' && this.destroy());
    // 'close' follows.
    socket.on('error', ignore);
    socket.on('close', () => this.destroy());
    return new Incoming(socket, (bytes) => this.#read(bytes));
  }

  #greet(): void {
    const { maxConcurrentStreams, maxHeaderListBytes, streamWindowBytes } = this.#limits;
    this.#writer.settings([
      [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
      [SETTING.INITIAL_WINDOW_SIZE, streamWindowBytes],
      [SETTING.MAX_HEADER_LIST_SIZE, maxHeaderListBytes],
    ]);
    this.#lifetime.settingsSent(this.#clock.now());
    this.#windows.open();
  }

  /** Returns how much it has taken. */
  #read(bytes: Buffer): number {
    if (this.#phase !== 'open') return bytes.length;
    this.#lifetime.heard();
    let taken = bytes.length;
    try {
      taken = this.#frames.read(bytes, FRAMES_A_TURN);
    } catch (error) {
      this.#fail(this.#connectionError(error));
    }
    if (this.#output.isFull) this.#pause();
    return taken;
  }

  #pause(): void {
    if (this.#phase === 'open' && !this.#incoming.isPaused) this.#incoming.pause();
  }

  #onRoom(): void {
    this.#sender.pump();
    if (!this.#incoming.isPaused || this.#output.isFull) return;
    // Whoever reads what we write is there, though it is not heard.
    this.#lifetime.heard();
    this.#incoming.resume();
  }

  #connectionError(error: unknown): ConnectionError {
    if (error instanceof ConnectionError) return error;
    if (error instanceof HpackError) return new ConnectionError(ERROR_CODE.COMPRESSION_ERROR, error.message);
    this.onInternalError(error);
    return new ConnectionError(ERROR_CODE.INTERNAL_ERROR, 'internal error');
  }

  /** Section 5.4.1. */
  #fail({ code, message }: ConnectionError): void {
    if (this.#phase !== 'open') return;
    this.#writer.goaway(this.#streams.lastTakenId, code, message);
    this.#close();
    this.#streams.abandon();
  }

  /** Says what there is to say, and nothing more. What still comes is thrown away, as unread bytes would make the system reset the connection. */
  #close(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#frames.stop();
    this.#output.flush();
    this.#output.close();
    this.#socket.end();
    if (this.#incoming.isPaused) this.#incoming.resume();
    this.#lifetime.closing(this.#clock.now());
  }
}

function ignore(): void {}
