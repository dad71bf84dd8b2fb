/** HTTP/2 frames by hand, for clients that do what no well-behaved library lets them do. */

export function prefaceAndSettings(): Buffer {
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameOf(0x4, 0, 0, Buffer.alloc(0))]);
}

/** A gRPC request's headers; the stream stays open. */
export function grpcHeadersFrame(streamId: number, path: string): Buffer {
  return headersFrame(streamId, [...requestFields(path), ['content-type', 'application/grpc']]);
}

export type Field = readonly [name: string, value: string];

/** What every request has. */
export function requestFields(path = '/'): Field[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
  ];
}

export interface HeadersOptions {
  readonly endStream?: boolean;
  readonly endHeaders?: boolean;
  readonly padding?: number;
  /** The stream that it depends on. */
  readonly dependency?: number;
}

export function headersFrame(streamId: number, fields: readonly Field[], options: HeadersOptions = {}): Buffer {
  return headerBlockFrame(streamId, headerBlock(fields), options);
}

/** The same with whatever is to be the header block. */
export function headerBlockFrame(streamId: number, block: Buffer, options: HeadersOptions = {}): Buffer {
  const { endStream = false, endHeaders = true, padding, dependency } = options;
  const parts = [block];
  if (dependency !== undefined) parts.unshift(uint32(dependency), Buffer.from([15]));
  if (padding !== undefined) parts.unshift(Buffer.from([padding]));
  if (padding !== undefined) parts.push(Buffer.alloc(padding));
  const flags = (endStream ? 0x1 : 0) | (endHeaders ? 0x4 : 0) | (padding === undefined ? 0 : 0x8) | (dependency === undefined ? 0 : 0x20);
  return frameOf(FRAME_TYPE.headers, flags, streamId, Buffer.concat(parts));
}

export function continuationFrame(streamId: number, block: Buffer, endHeaders = true): Buffer {
  return frameOf(FRAME_TYPE.continuation, endHeaders ? 0x4 : 0, streamId, block);
}

/** HPACK: literal fields without indexing, their names spelled out, nothing Huffman coded. */
export function headerBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literalText(name), literalText(value)]));
}

export function resetFrame(streamId: number, code: number): Buffer {
  return frameOf(FRAME_TYPE.reset, 0, streamId, uint32(code));
}

export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  return frameOf(FRAME_TYPE.windowUpdate, 0, streamId, uint32(increment));
}

export function priorityFrame(streamId: number, dependency: number): Buffer {
  return frameOf(FRAME_TYPE.priority, 0, streamId, Buffer.concat([uint32(dependency), Buffer.from([15])]));
}

export function settingsFrame(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = entries.map(([id, value]) => Buffer.concat([uint32(id).subarray(2), uint32(value)]));
  return frameOf(FRAME_TYPE.settings, 0, 0, Buffer.concat(payload));
}

export function settingsAckFrame(): Buffer {
  return frameOf(FRAME_TYPE.settings, 0x1, 0, Buffer.alloc(0));
}

export function pingFrame(text = '12345678'): Buffer {
  return frameOf(FRAME_TYPE.ping, 0, 0, Buffer.from(text, 'latin1'));
}

export function goawayFrame(lastStreamId: number, code: number): Buffer {
  return frameOf(FRAME_TYPE.goaway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]));
}

export function frameOf(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string of any length, not Huffman coded. RFC 7541 sections 5.1 and 5.2. */
function literalText(text: string): Buffer {
  const length: number[] = [];
  let rest = text.length;
  if (rest < 127) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text, 'latin1')]);
}

export function dataFrame(streamId: number, data: Buffer, endStream: boolean): Buffer {
  return frameOf(0x0, endStream ? 0x1 : 0, streamId, data);
}

export function pingAckFrame(payload: Buffer): Buffer {
  return frameOf(0x6, 0x1, 0, payload);
}

/** DATA with `padding` bytes behind it. */
export function paddedDataFrame(streamId: number, data: Buffer, padding: number, endStream: boolean): Buffer {
  const payload = Buffer.concat([Buffer.from([padding]), data, Buffer.alloc(padding)]);
  return frameOf(FRAME_TYPE.data, 0x8 | (endStream ? 0x1 : 0), streamId, payload);
}

export const FRAME_TYPE = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  reset: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The last stream that a GOAWAY lets pass. */
export function lastStreamOf(goaway: Frame): number {
  return goaway.payload.readUInt32BE(0);
}

/** What a GOAWAY says. */
export function readGoaway({ payload }: Frame): { readonly lastStreamId: number; readonly code: number; readonly text: string } {
  return { lastStreamId: payload.readUInt32BE(0), code: payload.readUInt32BE(4), text: payload.toString('latin1', 8) };
}

export function endsStream({ flags, type }: Frame): boolean {
  return (flags & 0x1) !== 0 && (type === FRAME_TYPE.headers || type === FRAME_TYPE.data);
}

/** The whole frames in what a server has sent so far. */
export function framesOf(received: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= received.length; ) {
    const end = at + 9 + received.readUIntBE(at, 3);
    if (end > received.length) break;
    const [type, flags, streamId] = [received.readUInt8(at + 3), received.readUInt8(at + 4), received.readUInt32BE(at + 5)];
    frames.push({ type, flags, streamId, payload: received.subarray(at + 9, end) });
    at = end;
  }
  return frames;
}
