/** RFC 9113 section 4.1 and section 6. */
export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const FLAG = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const FRAME_HEAD_BYTES = 9;
/** What both sides may send until a setting says otherwise, and what we ask for: no frame but DATA has to be whole before it is read. */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;
/** Section 3.4. */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Section 6.9.1. */
export const MAX_WINDOW = 2 ** 31 - 1;
/** Section 6.9.2. */
export const DEFAULT_WINDOW = 65_535;
/** The highest stream there can be; as a GOAWAY's last stream it says that new ones are still taken (section 6.8). */
export const MAX_STREAM_ID = 2 ** 31 - 1;

export function writeFrameHead(target: Buffer, at: number, length: number, type: number, flags: number, streamId: number): number {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target[at + 5] = streamId >>> 24;
  target[at + 6] = streamId >>> 16;
  target[at + 7] = streamId >>> 8;
  target[at + 8] = streamId;
  return at + FRAME_HEAD_BYTES;
}

/** A 31-bit number; the bit in front is reserved and ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) & 0x7f) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readUint31(bytes, at) + ((bytes[at] ?? 0) >>> 7) * 2 ** 31;
}
