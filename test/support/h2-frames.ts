/** HTTP/2 frames by hand, for clients that do what no well-behaved library lets them do. */

export function prefaceAndSettings(): Buffer {
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameOf(0x4, 0, 0, Buffer.alloc(0))]);
}

/** A gRPC request's headers; the stream stays open. */
export function grpcHeadersFrame(streamId: number, path: string): Buffer {
  const headers = { ':method': 'POST', ':scheme': 'http', ':authority': 'localhost', ':path': path, 'content-type': 'application/grpc' };
  const block = Object.entries(headers).flatMap(([name, value]) => [literalName(name), literalText(value)]);
  const END_HEADERS = 0x4;
  return frameOf(0x1, END_HEADERS, streamId, Buffer.concat(block));
}

export function resetFrame(streamId: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frameOf(0x3, 0, streamId, payload);
}

function frameOf(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK: a literal field without indexing, its name spelled out. */
function literalName(text: string): Buffer {
  return Buffer.concat([Buffer.from([0]), literalText(text)]);
}

/** A string shorter than 127 bytes, not Huffman coded. */
function literalText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

export function dataFrame(streamId: number, data: Buffer, endStream: boolean): Buffer {
  return frameOf(0x0, endStream ? 0x1 : 0, streamId, data);
}

export function pingAckFrame(payload: Buffer): Buffer {
  return frameOf(0x6, 0x1, 0, payload);
}

export const FRAME_TYPE = { data: 0x0, headers: 0x1, reset: 0x3, settings: 0x4, ping: 0x6, goaway: 0x7 } as const;

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
